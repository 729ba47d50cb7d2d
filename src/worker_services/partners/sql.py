"""Rows from a partner's relational database."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners.delivery import Delivery, bad_answer, login_refused, unreachable
from worker_services.partners.registry import DatabaseSource

DRIVERS = {"postgres": "postgresql+psycopg"}
LOGIN_REFUSED_STATES = {"28000", "28P01"}  # SQLSTATE class 28: invalid authorization
TIMEOUT_SECONDS = 20


def fetch(connection: Connection, source: DatabaseSource, interval: Interval) -> Delivery:
    """Run the feed's query for the interval. `raw` is one JSON object a row. Raises DeliveryFault."""
    where = f"{connection.conn_type}://{connection.host}:{connection.port}/{connection.schema_}"
    url = sa.URL.create(
        DRIVERS[connection.conn_type],
        username=connection.login,
        password=connection.password.get_secret_value(),
        host=connection.host,
        port=connection.port,
        database=connection.schema_,
    )
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": TIMEOUT_SECONDS})
    span = {
        "start": datetime.combine(interval.start, datetime.min.time()),
        "end": datetime.combine(interval.end, datetime.min.time()),
    }
    try:
        with engine.connect() as database:
            rows = database.execute(sa.text(source.query), span).mappings().all()
    except sa.exc.OperationalError as error:
        if _refused(error):
            raise login_refused(where, connection.conn_id) from None
        raise unreachable(where, type(error.orig).__name__) from None
    except sa.exc.DBAPIError as error:
        raise bad_answer(where, type(error.orig).__name__) from None
    lines = (json.dumps(dict(row), ensure_ascii=False, separators=(",", ":"), default=_as_text) for row in rows)
    raw = "".join(line + "\n" for line in lines).encode()
    return Delivery(raw=raw, source=f"sql:{connection.schema_}", declared_rows=len(rows))


def _refused(error: sa.exc.OperationalError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in LOGIN_REFUSED_STATES or "password authentication failed" in str(error.orig)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in the answer of a database has no text form here")
