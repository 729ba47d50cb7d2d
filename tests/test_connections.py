import json

import pytest

from worker_services import connections, secrets


def test_json_and_uri_say_the_same(monkeypatch):
    fields = {
        "conn_type": "postgres",
        "host": "db",
        "port": 5432,
        "login": "reader",
        "password": "p@ss/word",
        "schema": "s",
    }
    monkeypatch.setenv("AIRFLOW_CONN_A", json.dumps(fields))
    monkeypatch.setenv("AIRFLOW_CONN_B", "postgres://reader:p%40ss%2Fword@db:5432/s")
    first, second = connections.from_environment("a"), connections.from_environment("b")
    assert first.model_dump(exclude={"conn_id"}) == second.model_dump(exclude={"conn_id"})
    assert second.password.get_secret_value() == "p@ss/word"


def test_extra_may_be_an_object_or_text(monkeypatch):
    for extra in ({"host_key": "k"}, '{"host_key": "k"}'):
        monkeypatch.setenv("AIRFLOW_CONN_A", json.dumps({"conn_type": "sftp", "extra": extra}))
        assert connections.from_environment("a").extra == {"host_key": "k"}


def test_a_connection_that_is_not_set_says_what_to_set(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_NOBODY", raising=False)
    with pytest.raises(LookupError, match="export AIRFLOW_CONN_NOBODY"):
        connections.from_environment("nobody")


def test_secrets_do_not_show_themselves(monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_WORKER_KEY_SECRET", "tell-nobody")
    monkeypatch.setenv("AIRFLOW_VAR_VAULT_IDENTITY", "AGE-SECRET-KEY-1")
    monkeypatch.setenv("AIRFLOW_CONN_A", json.dumps({"conn_type": "http", "password": "tell-nobody"}))
    shown = f"{secrets.from_environment()!r} {connections.from_environment('a')!r}"
    assert "tell-nobody" not in shown
    assert "AGE-SECRET" not in shown
    monkeypatch.delenv("AIRFLOW_VAR_VAULT_IDENTITY")
    with pytest.raises(LookupError, match="AIRFLOW_VAR_VAULT_IDENTITY"):
        secrets.from_environment()
