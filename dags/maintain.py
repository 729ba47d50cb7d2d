"""Every night: what was kept long enough is deleted, closed months are copied together, the ledger is checked."""

import logging

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

import wiring

log = logging.getLogger(__name__)

DOC = """
### What it does
At 05:30 (Asia/Shanghai), `expire_vault` deletes raw deliveries and held rows whose time of retention
(`config/privacy.yaml`) is over, and enters the names of the files in the ledger. Landed rows, reasons and figures stay.
`compact_landing` copies the batches of months that are closed into few large files, from which builds read faster;
landing itself is not touched, and what is copied can be deleted at any time. `verify_ledger` checks that nothing was
changed behind the ledger, and then keeps its signed head: in `data/ledger/heads/`, and by mail with those whom
`config/sending.yaml` names. The auditors' site says when that was, and what was found.

### When a square is red
- `expire_vault`: the log names the file that could not be deleted: mostly rights on the data folder. Clear the square
  when mended; until then personal data are kept longer than promised.
- `compact_landing`: the log names the batch whose file is damaged or gone; a build would fail on it too. Restore the
  file from a backup, or have the interval delivered again, and clear the square. Builds stay right meanwhile.
- `verify_ledger`: the log names each file, entry or figure that is not what it was, and the data team has a mail with
  them. Touch nothing before it is clear what happened: a finding is either a fault of the disk, a run that was killed
  and not repeated, or somebody's hand. `worker-services audit verify` checks again.
"""


@dag(
    schedule=wiring.at("30 5 * * *"),
    start_date=wiring.START,
    max_active_runs=1,
    default_args=wiring.DEFAULT_ARGS,
    catchup=False,
    tags=["maintenance"],
    doc_md=DOC,
)
def maintain() -> None:
    @task
    def expire_vault() -> None:
        from worker_services.privacy import retention

        settings = wiring.settings()
        expired = retention.expire(settings, settings.actor)
        log.info("%d files deleted", len(expired))

    @task
    def compact_landing() -> None:
        from worker_services.intervals import SHANGHAI
        from worker_services.warehouse.landing_schema import compact

        today = get_current_context()["dag_run"].run_after.astimezone(SHANGHAI).date()
        log.info("%s", compact(wiring.settings(), today))

    @task
    def verify_ledger() -> None:
        from worker_services.audit import heads, ledger
        from worker_services.audit.verify import verify
        from worker_services.mailing.ledger_mail import send_findings, send_head
        from worker_services.quality.site.make import make, make_after_findings

        settings = wiring.settings()
        found = verify(settings, ledger.public_keys(settings))
        log.info("%d entries, %d files, %d figures", found.entries, found.files, found.figures)
        if found.findings:
            heads.enter_findings(settings, [each.kind for each in found.findings])
            send_findings(settings, found, wiring.mail_server())
            make_after_findings(settings, [each.what for each in found.findings])
            raise AirflowFailException("\n".join(f"{each.kind} {each.what}: {each.message}" for each in found.findings))
        if head := heads.keep(settings):
            send_head(settings, head, wiring.mail_server())
            make(settings)

    expire_vault()
    compact_landing()
    verify_ledger()


maintain()
