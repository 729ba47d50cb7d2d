"""Every night: what has been kept for long enough is deleted."""

import logging

from airflow.sdk import dag, task

import wiring

log = logging.getLogger(__name__)

DOC = """
### What it does
At 05:30 (Asia/Shanghai), `expire_vault` deletes raw deliveries and held rows whose time of retention
(`config/privacy.yaml`) is over, and enters the names of the files in the ledger. Landed rows, reasons and figures stay.

### When a square is red
- `expire_vault`: the log names the file that could not be deleted: mostly rights on the data folder. Clear the square
  when mended; until then personal data are kept longer than promised.
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

    expire_vault()


maintain()
