"""Every night: what has been kept for long enough is deleted, small files of closed months are copied together."""

import logging

from airflow.sdk import dag, get_current_context, task

import wiring

log = logging.getLogger(__name__)

DOC = """
### What it does
At 05:30 (Asia/Shanghai), `expire_vault` deletes raw deliveries and held rows whose time of retention
(`config/privacy.yaml`) is over, and enters the names of the files in the ledger. Landed rows, reasons and figures stay.
`compact_landing` copies the batches of months that are closed into few large files, from which builds read faster;
landing itself is not touched, and what is copied can be deleted at any time.

### When a square is red
- `expire_vault`: the log names the file that could not be deleted: mostly rights on the data folder. Clear the square
  when mended; until then personal data are kept longer than promised.
- `compact_landing`: the log names the batch whose file is damaged or gone; a build would fail on it too. Restore the
  file from a backup, or have the interval delivered again, and clear the square. Builds stay right meanwhile.
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
        from worker_services.settings import Settings

        expired = retention.expire(Settings.load(), "airflow")
        log.info("%d files deleted", len(expired))

    @task
    def compact_landing() -> None:
        from worker_services.intervals import SHANGHAI
        from worker_services.settings import Settings
        from worker_services.warehouse.landing_schema import compact

        today = get_current_context()["dag_run"].run_after.astimezone(SHANGHAI).date()
        log.info("%s", compact(Settings.load(), today))

    expire_vault()
    compact_landing()


maintain()
