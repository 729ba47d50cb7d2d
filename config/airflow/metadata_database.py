"""How Airflow connects to its metadata database; see [database] in airflow.cfg."""

from airflow.configuration import conf

# SQLite takes one writer at a time. Whoever waits longer than this gives up, and a scheduler that gives up ends: with
# the driver's own five seconds a busy machine gets there.
SECONDS_TO_WAIT = 60

CONNECT_ARGS: dict[str, object] = (
    {"timeout": SECONDS_TO_WAIT} if str(conf.get("database", "sql_alchemy_conn")).startswith("sqlite") else {}
)
