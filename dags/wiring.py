"""What all DAGs share: whose they are, when they started, how they retry, where their credentials come from."""

import os
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import Connection, CronDataIntervalTimetable, Variable, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from worker_services import connections, secrets
    from worker_services.settings import Settings

TIMEZONE = "Asia/Shanghai"
FIRST_NIGHT = date.fromisoformat(os.environ.get("WORKER_SERVICES_FIRST_NIGHT", "2025-10-25"))
"""The first day that a night collects; what lies before it is loaded as history."""

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-team",
    "retries": 3,
    "retry_delay": timedelta(seconds=float(os.environ.get("WORKER_SERVICES_RETRY_SECONDS", "300"))),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
}
START = datetime.combine(FIRST_NIGHT, time(), ZoneInfo(TIMEZONE))


def at(cron: str) -> CronDataIntervalTimetable:
    """A schedule in Shanghai time; its runs know the interval that ends with them."""
    return CronDataIntervalTimetable(cron, TIMEZONE)


def connection(conn_id: str) -> "connections.Connection":
    """Read a connection from Airflow, in the package's own words. Raises AirflowNotFoundException."""
    from worker_services import connections

    found = Connection.get(conn_id)
    stated = {
        "conn_type": found.conn_type,
        "host": found.host,
        "port": found.port,
        "login": found.login,
        "password": found.password,
        "schema": found.schema,
        "extra": found.extra_dejson,
    }
    return connections.Connection(
        conn_id=conn_id, **{name: value for name, value in stated.items() if value is not None}
    )


def settings(context: Any = None) -> "Settings":
    """The settings of a task: who started its run acts, or 'airflow' where the schedule did; the ledger is Airflow's
    connection `ledger_db`, or a file, and signed with the variable `ledger_signing_key`.
    """
    from worker_services import secrets
    from worker_services.settings import Settings

    run = (context or get_current_context())["dag_run"]
    keys = secrets.LedgerKeys(
        signing_key=Variable.get("ledger_signing_key"),
        previous_signing_keys=secrets.previous(Variable.get("previous_ledger_signing_keys", None)),
    )
    try:
        database = connection("ledger_db")
    except AirflowNotFoundException:
        database = None
    actor = run.triggering_user_name or "airflow"
    return replace(Settings.load(), actor=actor, ledger_keys=keys, ledger_database=database)


def mail_server() -> "connections.Connection | None":
    """The connection smtp_default, or None where there is none: mails are files in the outbox then."""
    try:
        return connection("smtp_default")
    except AirflowNotFoundException:
        return None


def belongs_to(task_instance: Any) -> None:
    """Have the OpenLineage events that a task makes say which task that is, if Airflow tells of its tasks itself."""
    from airflow.providers.openlineage import conf

    if not conf.is_disabled():
        from airflow.providers.openlineage.plugins.macros import lineage_parent_id

        os.environ["OPENLINEAGE_PARENT_ID"] = lineage_parent_id(task_instance)


def landed(partner: str, feed: str) -> None:
    """Have OpenLineage know, if Airflow tells of its tasks, from whom this one took what, and where that lies now."""
    from airflow.providers.openlineage import conf

    if not conf.is_disabled():
        from airflow.providers.openlineage.api import emit_dataset_lineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset

        from worker_services.warehouse.lineage_events import WAREHOUSE

        emit_dataset_lineage(
            inputs=[InputDataset(f"partner://{partner}", feed)], outputs=[OutputDataset(WAREHOUSE, f"landing.{feed}")]
        )


def privacy_secrets() -> "secrets.Secrets":
    """Read from Airflow's secrets what turns identifiers into worker keys and seals the vault."""
    from worker_services import secrets

    return secrets.Secrets(
        worker_key_secret=Variable.get("worker_key_secret"),
        vault_identity=Variable.get("vault_identity"),
        previous_worker_key_secrets=secrets.previous(Variable.get("previous_worker_key_secrets", None)),
        previous_vault_identities=secrets.previous(Variable.get("previous_vault_identities", None)),
    )
