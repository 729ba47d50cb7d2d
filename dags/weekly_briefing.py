"""Every Monday: the briefing of the week before, past the gate, approved where need be, sent."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

import wiring
from approval import IssueApproval
from worker_services.mailing.config import load_config
from worker_services.settings import Settings

log = logging.getLogger(__name__)
EDITION = "{{ task.op_kwargs['edition'] }}"

DOC = """
### What it does
Mondays at 07:00 (Asia/Shanghai), for the ISO week before: `resolve_build` names the published warehouse build; then,
for each edition, `render` makes the PDF with its figures beside it, `gate` reads every figure back, compares it with
the build and says whether the issue may leave (rules: `config/sending.yaml`), `approve` asks a person where the gate is
amber, `send` mails it. Nothing is sent twice: run again, it finds the mail already sent.

Once every edition is sent or held, `trace_figures` counts each printed figure again, down to the landed rows, and
writes `reports/quality/issues/<week>/` for auditors.

| gate | `approve` | then |
|---|---|---|
| green | pink: nobody is asked | sent |
| amber | asks a person | sent when approved; no answer in time is no |
| red | not asked | held; the data team has a mail with the reasons |

Answer on this page under *Required Actions*, by API, or by `worker-services briefing approve` or `decline`. What was
answered, by whom and why, is in the ledger; `send` asks the ledger, not this page.

### When a square is red
- `resolve_build`: no build covers the week yet. Look at `build_warehouse` first.
- `render`: the log names the template, glyph, image or font that failed.
- `gate`: the issue is held; `worker-services briefing gate WEEK` says why. Mend the cause, clear from `render`. When a
  printed figure differs from its mart never send by hand; find the cause.
- `approve`: nobody answered in time. Decide by `worker-services briefing approve`, then clear the square; or the issue
  has changed since it was asked about: clear `gate`.
- `send`: the mail server refused; the PDF is good, and what it prints is on record (`data/printed/`) since before the
  first mail. Clear the square when the server is back. When the log says that the server may have taken the mail, ask a
  recipient first. `worker-services briefing status WEEK` shows who has what.

- `all_sent`: an edition was not sent; its own square says why.
- `trace_figures`: a printed figure does not add up to its rows; the page that the log names says where and by how much.
  Touch nothing; `worker-services audit verify` says whether something was changed since.

### Another week, or some editions only
Trigger with `week`, such as `2025-W43`, and `editions`, as `config/briefing.yaml` names them.
"""


def alert_when_red(kind: str) -> Callable[[Any], None]:
    """Tell the data team when a square of an edition has failed for good."""

    def callback(context: Any) -> None:
        from worker_services.intervals import Week
        from worker_services.mailing.alerts import alert

        issue = context["task"].op_kwargs
        said = str(context.get("exception") or "the task was killed")
        settings, mail_server = wiring.settings(context), wiring.mail_server()
        alert(settings, Week.parse(issue["week"]), issue["edition"], kind, [said], mail_server)

    return callback


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
        ),
        "editions": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Editions, as config/briefing.yaml names them; empty: all",
        ),
    },
    tags=["briefing"],
    doc_md=DOC,
)
def weekly_briefing() -> None:
    @task
    def resolve_build() -> list[dict[str, str]]:
        from worker_services.briefing.config import load_config as load_briefing_config
        from worker_services.briefing.errors import UnknownEdition
        from worker_services.intervals import Interval, Week
        from worker_services.warehouse.publish import current

        context = get_current_context()
        if context["params"]["week"]:
            week = Week.parse(context["params"]["week"])
        elif context.get("data_interval_end"):
            week = Week.of(Interval.night(context["data_interval_end"]).last_day)
        else:
            raise AirflowFailException("a run without a logical date needs the parameter 'week'")
        settings = wiring.settings()
        published = current(settings)
        if published is None:
            raise AirflowFailException("no warehouse build is published yet: run build_warehouse first")
        config = load_briefing_config(settings)
        editions = context["params"]["editions"] or list(config.editions)
        try:
            for edition in editions:
                config.edition(edition)
        except UnknownEdition as error:
            raise AirflowFailException(str(error)) from error
        return [{"week": str(week), "edition": edition, "build_id": published.build_id} for edition in editions]

    @task(map_index_template=EDITION, on_failure_callback=alert_when_red("red"))
    def render(week: str, edition: str, build_id: str) -> None:
        from worker_services.briefing.render import render as render_briefing
        from worker_services.intervals import Week

        render_briefing(wiring.settings(), Week.parse(week), edition, build_id)

    @task(map_index_template=EDITION, multiple_outputs=True)
    def gate(week: str, edition: str) -> dict[str, str]:
        from worker_services.intervals import Week
        from worker_services.mailing.alerts import alert
        from worker_services.mailing.gate import COLOUR_ZH, judge

        settings = wiring.settings()
        verdict = judge(settings, Week.parse(week), edition)
        log.info("%s is %s: %s", verdict.subject, verdict.colour, "".join(verdict.sentences) or "nothing to look at")
        if verdict.colour == "red":
            alert(settings, Week.parse(week), edition, "red", verdict.sentences, wiring.mail_server())
            raise AirflowFailException(f"{verdict.subject} is held: {''.join(verdict.sentences)}")
        return {
            "colour": verdict.colour,
            "fingerprint": verdict.fingerprint,
            "subject": f"工作简报 {week} {edition}：{COLOUR_ZH[verdict.colour]}",
            "body": verdict.question,
        }

    @task(
        map_index_template=EDITION, trigger_rule=TriggerRule.NONE_FAILED, on_failure_callback=alert_when_red("failed")
    )
    def send(week: str, edition: str) -> None:
        from worker_services.intervals import Week
        from worker_services.mailing.sending import NotReleased
        from worker_services.mailing.sending import send as send_mail
        from worker_services.mailing.smtp import MailUncertain

        try:
            sent = send_mail(wiring.settings(), Week.parse(week), edition, connection=wiring.mail_server())
        except (MailUncertain, NotReleased) as error:
            raise AirflowFailException(str(error)) from error
        for one in sent:
            log.info("%s by %s: %s", one.outcome, one.transport, one.path.name)
        if refused := [one.message for one in sent if one.outcome == "refused"]:
            raise AirflowFailException("; ".join(refused))

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def trace_figures(issues: list[dict[str, str]]) -> None:
        from worker_services.audit.issues import NothingToTrace
        from worker_services.intervals import Week
        from worker_services.quality.site.issues import write_issue

        try:
            written = write_issue(wiring.settings(), Week.parse(issues[0]["week"]))
        except NothingToTrace as error:
            raise AirflowSkipException(str(error)) from error
        log.info("%d figures of %d editions: %s", written.figures, written.editions, written.index)
        if written.differing:
            raise AirflowFailException(f"{written.differing} figures do not add up to their rows: {written.index}")

    @task_group
    def edition(week: str, edition: str, build_id: str) -> None:
        issue = {"week": week, "edition": edition}
        judged = gate(**issue)
        approved = IssueApproval(
            task_id="approve",
            map_index_template="{{ task.edition }}",
            **issue,
            colour=judged["colour"],
            fingerprint=judged["fingerprint"],
            subject=judged["subject"],
            body=judged["body"],
            params={"reason": Param("", type="string", title="审核意见", description="记入台账，不得含个人信息")},
            response_timeout=timedelta(hours=load_config(Settings.load()).approval.wait_hours),
        )
        render(**issue, build_id=build_id) >> judged >> approved >> send(**issue)

    issues = resolve_build()
    # What was sent is traced whatever became of other editions; without a second end, that would turn a red run green.
    edition.expand_kwargs(issues) >> [trace_figures(issues), EmptyOperator(task_id="all_sent")]


weekly_briefing()
