"""Every Monday: the briefing of the week before, figure-checked before it is sent."""

import logging
from datetime import timedelta

from airflow.sdk import Param, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException

import wiring

log = logging.getLogger(__name__)

DOC = """
### What it does
Mondays at 07:00 (Asia/Shanghai), for the ISO week before: `resolve_build` names the published warehouse build; then,
for each edition, `render` makes the PDF with its figures beside it, `verify` reads every figure back and compares it
with the build, `send` puts the mail in the outbox. Nothing is sent twice: run again, it finds the mail already sent.

### When a square is red
- `resolve_build`: no build covers the week yet. Look at `build_warehouse` first.
- `render`: the log names the template, glyph, image or font that failed.
- `verify`: a printed figure differs from its mart, and so nothing was sent. Never send by hand; find the cause.
- `send`: the mail server refused; the PDF is good, and what it prints is on record (`data/printed/`) since before the
  first mail. Clear the square when the server is back. When the log says that the server may have taken the mail, ask a
  recipient first.

### Another week
Trigger with `week`, such as `2025-W43`.
"""


@dag(
    schedule=wiring.at("0 7 * * 1"),
    start_date=wiring.START - timedelta(weeks=1),  # the week that holds the first night began before it
    max_active_runs=1,
    default_args=wiring.DEFAULT_ARGS,
    catchup=True,
    params={
        "week": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-W\d{2}$",
            description="ISO week; empty: the week before the run",
        )
    },
    tags=["briefing"],
    doc_md=DOC,
)
def weekly_briefing() -> None:
    @task
    def resolve_build() -> list[dict[str, str]]:
        from worker_services.briefing.config import load_config
        from worker_services.intervals import Interval, Week
        from worker_services.settings import Settings
        from worker_services.warehouse.publish import current

        context = get_current_context()
        if context["params"]["week"]:
            week = Week.parse(context["params"]["week"])
        elif context.get("data_interval_end"):
            week = Week.of(Interval.night(context["data_interval_end"]).last_day)
        else:
            raise AirflowFailException("a run without a logical date needs the parameter 'week'")
        settings = Settings.load()
        published = current(settings)
        if published is None:
            raise AirflowFailException("no warehouse build is published yet: run build_warehouse first")
        return [
            {"week": str(week), "edition": edition, "build_id": published.build_id}
            for edition in load_config(settings).editions
        ]

    @task(map_index_template="{{ task.op_kwargs['edition'] }}")
    def render(week: str, edition: str, build_id: str) -> None:
        from worker_services.briefing.render import render as render_briefing
        from worker_services.intervals import Week
        from worker_services.settings import Settings

        render_briefing(Settings.load(), Week.parse(week), edition, build_id)

    @task(map_index_template="{{ task.op_kwargs['edition'] }}")
    def verify(week: str, edition: str) -> None:
        from worker_services.briefing.verify import verify as verify_briefing
        from worker_services.intervals import Week
        from worker_services.settings import Settings

        verify_briefing(Settings.load(), Week.parse(week), edition)

    @task(map_index_template="{{ task.op_kwargs['edition'] }}")
    def send(week: str, edition: str) -> None:
        from worker_services.intervals import Week
        from worker_services.mailing.outbox import MailUncertain
        from worker_services.mailing.outbox import send as send_mail
        from worker_services.settings import Settings

        try:
            for sent in send_mail(Settings.load(), Week.parse(week), edition, connection=wiring.mail_server()):
                log.info("%s by %s: %s", sent.outcome, sent.transport, sent.path.name)
        except MailUncertain as error:
            raise AirflowFailException(str(error)) from error

    @task_group
    def edition(week: str, edition: str, build_id: str) -> None:
        issue = {"week": week, "edition": edition}
        render(**issue, build_id=build_id) >> verify(**issue) >> send(**issue)

    edition.expand_kwargs(resolve_build())


weekly_briefing()
