import json

import pytest
from click.testing import CliRunner, Result

from tests.conftest import SUNDAY, House
from worker_services.cli import main


@pytest.fixture
def run(house: House, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.settings.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.settings.reports_root))
    monkeypatch.setenv("AIRFLOW_VAR_WORKER_KEY_SECRET", house.secrets.worker_key_secret.get_secret_value())
    monkeypatch.setenv("AIRFLOW_VAR_VAULT_IDENTITY", house.secrets.vault_identity.get_secret_value())

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return invoke


def ingest(run, partner: str = "mini_program", feed: str = "outreach_events") -> Result:
    return run("partner", "ingest", partner, feed, "--interval", str(SUNDAY), "--json")


def test_every_command_has_help_and_json():
    groups = {"partner", "quarantine", "corrections", "warehouse", "briefing", "audit", "quality", "privacy"}
    assert set(main.commands) == groups
    for name in groups:
        for command in main.commands[name].commands.values():
            assert command.help, (name, command.name)
            assert "--json" in [option for parameter in command.params for option in parameter.opts], (
                name,
                command.name,
            )


def test_partner_list_shows_every_feed_and_its_last_outcome(run):
    before = json.loads(run("partner", "list", "--json").output)
    assert len(before) == 31
    assert {row["last_outcome"] for row in before} == {None}
    ingest(run)
    after = {(row["partner"], row["feed"]): row for row in json.loads(run("partner", "list", "--json").output)}
    assert after["mini_program", "outreach_events"]["last_outcome"] == "partly_quarantined"
    assert "长春工会小程序" in run("partner", "list").output


def test_ingest_says_what_it_did(run):
    result = ingest(run)
    assert result.exit_code == 0
    (outcome,) = json.loads(result.output)
    assert outcome["outcome"] == "partly_quarantined"
    assert outcome["interval"] == str(SUNDAY)
    assert json.loads(ingest(run).output)[0]["outcome"] == "unchanged"


def test_ingest_of_what_is_missing_fails_with_the_message(run, house):
    with house.partners.faulty("mini_program", "down"):
        result = ingest(run)
    assert result.exit_code == 1
    assert "无法连接" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody", "vouchers", "--interval", str(SUNDAY)), "no partner 'nobody' with a feed 'vouchers'"),
        (("mini_program", "vouchers", "--interval", "yesterday"), "'yesterday' is not an interval"),
    ],
)
def test_wrong_arguments_are_explained(run, arguments, says):
    result = run("partner", "ingest", *arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_a_secret_that_is_not_set_is_named(run, monkeypatch):
    monkeypatch.delenv("AIRFLOW_VAR_VAULT_IDENTITY")
    result = ingest(run)
    assert result.exit_code == 2
    assert "AIRFLOW_VAR_VAULT_IDENTITY is not set" in result.output


def test_quarantine_list_counts_and_shows_no_cell(run):
    assert "Nothing is in quarantine." in run("quarantine", "list").output
    ingest(run)
    (held,) = json.loads(run("quarantine", "list", "--json").output)
    assert held["rows"] == sum(held["reasons"].values()) > 0
    assert json.loads(run("quarantine", "list", "--feed", "vouchers", "--json").output) == []


def test_warehouse_status_before_the_first_publish_says_what_to_do(run):
    result = run("warehouse", "status")
    assert result.exit_code == 1
    assert "worker-services warehouse build" in result.output
