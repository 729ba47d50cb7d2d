"""How Airflow connects to its metadata database; see [database] in airflow.cfg."""

import sys

from airflow.configuration import conf

# SQLite takes one writer at a time. A scheduler that gives up waiting ends: with the driver's own five seconds a busy
# machine gets there. The API server must give up early: it waits where its other requests, one of which may be the
# writer, cannot go on meanwhile. What it refuses is asked again: tasks do so by themselves.
SECONDS_TO_WAIT = 5 if "api-server" in sys.argv else 60

CONNECT_ARGS: dict[str, object] = (
    {"timeout": SECONDS_TO_WAIT} if str(conf.get("database", "sql_alchemy_conn")).startswith("sqlite") else {}
)
