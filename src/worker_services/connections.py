"""How to reach a partner: host, login, password.

The orchestrator resolves its own connections; run by hand, they come from the environment.
"""

import json
import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Connection(BaseModel):
    """One connection, in the terms of an Airflow connection. The password is never shown by repr, str or a dump."""

    model_config = ConfigDict(populate_by_name=True)

    conn_id: str
    conn_type: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: SecretStr = SecretStr("")
    schema_: str = Field(default="", alias="schema")
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)  # may hold a private key


def from_environment(conn_id: str) -> Connection:
    """Read AIRFLOW_CONN_<ID>, JSON or URI as Airflow documents both. Raises LookupError when it is not set."""
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = os.environ.get(variable)
    if not text:
        raise LookupError(f"connection '{conn_id}' is not set: export {variable} as JSON or as a URI")
    if text.lstrip().startswith("{"):
        fields = json.loads(text)
        if isinstance(fields.get("extra"), str):
            fields["extra"] = json.loads(fields["extra"] or "{}")
        return Connection(conn_id=conn_id, **{name: value for name, value in fields.items() if value is not None})
    parts = urlsplit(text)
    return Connection(
        conn_id=conn_id,
        conn_type=parts.scheme,
        host=unquote(parts.hostname or ""),
        port=parts.port,
        login=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
        schema=unquote(parts.path.lstrip("/")),
        extra=dict(parse_qsl(parts.query)),
    )
