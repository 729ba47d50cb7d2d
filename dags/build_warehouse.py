"""Every night: a new warehouse from whatever has landed, audited before anybody sees it."""

import logging
from datetime import date, datetime
from typing import Any

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

import wiring

log = logging.getLogger(__name__)

DOC = """
### What it does
At 04:00 (Asia/Shanghai): `build` makes a new warehouse file from all batches landed by the run's time, `audit` checks
it, `publish` makes it the one that readers see, `quality_report` shows what arrived, what was refused and how the
week's data score, and makes the auditors' site again. When nothing new has landed, the published build stands, the
other squares are skipped and nothing is written. That holds after a rollback too: the build that was taken back is not
published again, the next one made of something new is.

### When a square is red
Readers still see the build published before; nothing is lost.
- `build`: a model or a data test failed; the log names it. Run `worker-services warehouse build` to see it by hand.
- `audit`: a figure does not reconcile with what was landed; the log says which. Do not publish by hand: find the cause.
- `publish`: mostly a full disk, or a `.wal` file beside a build. Clear the square when mended.
- none, but the figures are wrong: `worker-services warehouse rollback --reason '…'` gives readers the build before.
- `quality_report`: readers' figures are not touched by it. Clear the square when mended.

### An earlier state
Trigger with `as_of`, an ISO time with its offset: the build sees only what had landed by then. It is kept beside the
others in `data/warehouse/builds/`; readers go on seeing the later one.
"""


@dag(
    schedule=wiring.at("0 4 * * *"),
    start_date=wiring.START,
    max_active_runs=1,
    default_args=wiring.DEFAULT_ARGS,
    catchup=False,
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="see only what had landed by then; empty: the run's time",
        ),
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            description="day of the quality report; empty: the day before the run",
        ),
    },
    tags=["warehouse"],
    doc_md=DOC,
)
def build_warehouse() -> None:
    @task
    def build() -> dict[str, Any]:
        from worker_services.warehouse.build import build as build_file
        from worker_services.warehouse.publish import current

        context = get_current_context()
        asked = context["params"]["as_of"]
        as_of = datetime.fromisoformat(asked) if asked else context["dag_run"].run_after
        settings = wiring.settings()
        wiring.belongs_to(context["ti"])
        result = build_file(settings, as_of)
        log.info("%s; new: %s; batches: %d; dbt: %s", result.build_id, result.is_new, result.batches, result.dbt)
        published = current(settings)
        settled = (published.build_id, *published.withdrawn) if published else ()
        return {"build_id": result.build_id, "stands": result.build_id in settled}

    @task
    def audit(built: dict[str, Any]) -> str:
        from worker_services.warehouse.audit import audit as audit_build

        if built["stands"]:
            raise AirflowSkipException(f"nothing new has landed since {built['build_id']} was published or taken back")
        found = audit_build(wiring.settings(), built["build_id"])
        log.info("%d checks; warnings: %s", found.checks, found.warnings or "none")
        return found.build_id

    @task
    def publish(build_id: str) -> None:
        from worker_services.warehouse.publish import current, read_record
        from worker_services.warehouse.publish import publish as publish_build

        settings = wiring.settings()
        standing = current(settings)
        if standing and standing.as_of > datetime.fromisoformat(read_record(settings, build_id)["as_of"]):
            raise AirflowSkipException(f"readers see a later state already ({standing.build_id})")
        publish_build(settings, build_id)

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def quality_report(built: dict[str, Any]) -> None:
        from worker_services.intervals import Week
        from worker_services.quality.report import render
        from worker_services.quality.scorecard import NoScorecard
        from worker_services.quality.scorecard import render as render_scorecard
        from worker_services.quality.site.make import make

        day = report_day(get_current_context())
        settings = wiring.settings()
        page = settings.reports_root / "quality" / str(day) / "index.html"
        if built["stands"] and page.exists():
            raise AirflowSkipException(f"nothing new has landed; the report of {day} stands")
        log.info("%s", render(settings, day))
        try:
            log.info("%s", render_scorecard(settings, Week.of(day)))
        except NoScorecard as error:
            log.warning("%s", error)
        log.info("%s", make(settings))

    built = build()
    publish(audit(built)) >> quality_report(built)


def report_day(context: Any) -> date:
    """The day that a run reports on: its parameter `day`, or the day before its data interval ends."""
    from worker_services.intervals import Interval

    if context["params"]["day"]:
        return date.fromisoformat(context["params"]["day"])
    if context.get("data_interval_end") is None:
        raise AirflowFailException("a run without a logical date needs the parameter 'day'")
    return Interval.night(context["data_interval_end"]).last_day


build_warehouse()
