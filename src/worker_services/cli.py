"""worker-services: every step of the house, by hand and without the orchestrator."""

import click

from worker_services import __version__
from worker_services.audit.cli import audit
from worker_services.audit.ledger import LedgerUnusable
from worker_services.audit.ledger_cli import commands as ledger_commands
from worker_services.briefing.cli import briefing
from worker_services.landing.cli import corrections, quarantine
from worker_services.mailing.cli import commands as mailing_commands
from worker_services.partners.cli import partner
from worker_services.privacy.cli import privacy
from worker_services.quality.cli import quality
from worker_services.warehouse.cli import warehouse


class _Main(click.Group):
    """Says in a line why the ledger cannot be used, whatever the command was about to enter."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except LedgerUnusable as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Main)
@click.version_option(__version__)
def main() -> None:
    """Data pipeline and reporting warehouse of a city federation of trade unions."""


for group in (partner, quarantine, corrections, warehouse, briefing, audit, quality, privacy):
    main.add_command(group)
for command in mailing_commands:
    briefing.add_command(command)
for command in ledger_commands:
    audit.add_command(command)
