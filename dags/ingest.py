"""Nightly ingest: one DAG a domain, one task a partner and feed."""

import logging
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TriggerRule, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

import wiring
from worker_services.partners.registry import load_partners

log = logging.getLogger(__name__)

DOC = """
### What it does
Collects from every partner of the domain **{domain}** what the partner recorded on the day before the run (02:30,
Asia/Shanghai), and lands it. One square a partner and feed.

### When a square is red
The last lines of its log say, in Chinese and English, which delivery is meant, what is wrong and who must act.
- *missing* (tried {tries} times where that can help): the partner did not answer, refused us or sent nothing. Ask the
  partner. Nights of the next week collect it by themselves; clear the square to collect it now.
- *rejected*: the delivery cannot be read as agreed. Send the message to the partner; once a new file is there, clear
  the square. The rest of the night went on without it, and the briefing says so.
- anything else is a fault of ours: the log shows where.

`notify_partners` writes to the partner of each delivery that could not be used whole: which rows, which columns, why.
Red: the mail server; the retries send what is left, and nothing twice. `all_landed` does nothing: it turns orange, and
the run red, when a square before it is red. `account_for_batches` is red when a delivery has no outcome at all: a bug,
always. Clear the run once it is mended.

### History, or one night again
Trigger with `interval`, two ISO dates: `2025-01-01/2025-10-25` collects from the first day up to, and without, the
last. Running an interval twice does no harm: the same bytes are the same batch.
"""


def ingest_dag(domain: str, pairs: list[dict[str, str]]) -> DAG:
    """Build the DAG that lands every (partner, feed) of one domain."""

    @dag(
        dag_id=f"ingest_{domain}",
        schedule=wiring.at("30 2 * * *"),
        start_date=wiring.START,
        max_active_runs=1,
        default_args=wiring.DEFAULT_ARGS,
        catchup=True,
        params={
            "interval": Param(
                None,
                type=["null", "string"],
                pattern=r"^\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}$",
                description="first day / day after the last; empty: the day before the run",
            )
        },
        tags=["ingest", domain],
        doc_md=DOC.format(domain=domain, tries=1 + wiring.DEFAULT_ARGS["retries"]),
    )
    def build() -> None:
        @task(map_index_template="{{ task.op_kwargs['partner'] }} {{ task.op_kwargs['feed'] }}")
        def ingest(partner: str, feed: str, connection: str) -> str:
            from worker_services.landing import ingest as landing

            context = get_current_context()
            batch = (
                wiring.settings(),
                partner,
                feed,
                run_interval(context),
                wiring.connection(connection),
                wiring.privacy_secrets(),
            )
            is_history = bool(context["params"]["interval"])
            outcomes = [landing.ingest(*batch)] if is_history else landing.ingest_night(*batch)
            for outcome in outcomes:
                log.info("%s: %s / %s", outcome.outcome, outcome.message_zh, outcome.message_en)
            own = outcomes[-1]
            if own.outcome == "missing" and own.retryable:
                raise AirflowException(f"missing: {own.message_zh} / {own.message_en}")
            if own.outcome in ("missing", "rejected"):
                raise AirflowFailException(f"{own.outcome}: {own.message_zh} / {own.message_en}")
            wiring.landed(partner, feed)
            return str(own.outcome)

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def notify_partners() -> None:
            from worker_services.mailing import notices
            from worker_services.mailing.smtp import MailUncertain

            suppliers = [(pair["partner"], pair["feed"]) for pair in pairs]
            interval = run_interval(get_current_context())
            try:
                for path in notices.notify_all(wiring.settings(), suppliers, interval, wiring.mail_server()):
                    log.info("%s", path.name)
            except MailUncertain as error:
                raise AirflowFailException(str(error)) from error

        @task(trigger_rule=TriggerRule.ALL_DONE, retries=0)
        def account_for_batches() -> None:
            from worker_services.landing.outcomes import unaccounted

            interval = run_interval(get_current_context())
            wrong = unaccounted(wiring.settings(), [(pair["partner"], pair["feed"]) for pair in pairs], interval)
            if wrong:
                raise AirflowFailException(f"{interval}: no outcome for {', '.join(wrong)}")

        # Accounting runs whatever became of the batches; without a second end, it would turn a red night green.
        ends = [notify_partners(), account_for_batches(), EmptyOperator(task_id="all_landed")]
        ingest.expand_kwargs(pairs) >> ends

    return build()


def run_interval(context: Any) -> Any:
    """The days that a run collects: its parameter `interval`, or the day before its data interval ends."""
    from worker_services.intervals import Interval

    if context["params"]["interval"]:
        return Interval.parse(context["params"]["interval"])
    if context.get("data_interval_end") is None:
        raise AirflowFailException("a run without a logical date needs the parameter 'interval'")
    return Interval.night(context["data_interval_end"])


partners = load_partners().values()
for domain in sorted({partner.domain for partner in partners}):
    ingest_dag(
        domain,
        [
            {"partner": partner.partner, "feed": feed, "connection": partner.connection}
            for partner in partners
            if partner.domain == domain
            for feed in partner.feeds
        ],
    )
