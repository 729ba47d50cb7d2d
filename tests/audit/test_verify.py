"""Whoever changes something behind the ledger is found out; whoever works as ever is not."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from filelock import FileLock

from tests.audit import tampering
from tests.audit.whole_house import BUILD_ID, LATER, WEEK, WholeHouse, copy, make_build
from worker_services.audit import heads, ledger, protected, signing
from worker_services.audit import verify as verifying
from worker_services.audit.verify import Verification, verify
from worker_services.briefing.render import render
from worker_services.cli import main
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import printed, publish


@pytest.fixture
def house(whole_house: WholeHouse, tmp_path: Path) -> WholeHouse:
    return copy(whole_house, tmp_path)


def check(house: WholeHouse) -> Verification:
    """As an auditor does it, with the key and the head that were had from outside."""
    return verify(house.settings, ledger.public_keys(house.settings), [house.head])


def test_nothing_is_found_where_nothing_was_done(whole_house):
    found = check(whole_house)
    assert found.findings == []
    assert found.entries == len(ledger.entries(whole_house.settings)) >= 20
    assert found.files == len(protected.present(whole_house.settings)) > 20
    assert (found.figures > 100, found.figures_without_build, found.heads) == (True, 0, 3)
    assert found.keys == [signing.key_id(ledger.public_keys(whole_house.settings)[0])]


def test_each_kind_of_file_is_answered_for(whole_house):
    kinds = {"/".join(name.split("/")[:2]) for name in protected.present(whole_house.settings)}
    assert kinds == {
        *("data/landing", "data/outcomes", "data/quarantine", "data/quality", "data/vault", "data/printed"),
        *("data/warehouse", "data/provenance", "data/compacted", "data/ledger", "reports/briefings", "reports/outbox"),
    }
    actions = {entry.action for entry in ledger.entries(whole_house.settings)}
    assert actions >= {
        *("secret.use", "vault.seal", "vault.expire", "batch.partly_quarantined", "batch.missing", "quarantine.reject"),
        *("warehouse.build", "warehouse.publish", "warehouse.compact", "briefing.render", "briefing.print"),
        *("briefing.send", "mail.send", "ledger.head"),
    }


@pytest.mark.parametrize("tamper", tampering.KINDS, ids=lambda tamper: tamper.__name__)
def test_each_kind_of_tampering_is_found(house, tamper):
    what = tamper(house, random.Random(20251127))
    assert check(house).findings, what


@pytest.mark.parametrize(
    ("tamper", "kinds"),
    [
        (tampering.flip_a_byte, {"file_changed"}),
        (tampering.delete_a_file, {"file_missing"}),
        (tampering.add_a_file, {"file_added"}),
        (tampering.bring_back_an_expired_file, {"file_back"}),
        (tampering.remove_an_entry, {"entry_missing", "entry_unbound"}),
        (tampering.edit_an_entry, {"entry_changed"}),
        (tampering.insert_an_entry, {"signature_wrong"}),
        (tampering.replace_a_signature, {"signature_wrong"}),
        (tampering.replace_a_key, {"key_wrong", "entry_unbound"}),
        (tampering.write_the_ledger_anew_with_another_key, {"key_wrong", "head_lost"}),
        (tampering.put_back_an_older_ledger, {"head_lost", "file_added"}),
        (tampering.delete_the_ledger, {"ledger_empty", "head_lost", "file_added"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_found_is_called_what_it_is(house, tamper, kinds):
    tamper(house, random.Random(3))
    assert {finding.kind for finding in check(house).findings} >= kinds


def test_a_swapped_file_is_told_from_a_changed_one(house):
    one, other = sorted(house.settings.vault.rglob("*.age"))[:2]
    spare = one.with_suffix(".tmp")
    one.rename(spare)
    other.rename(one)
    spare.rename(other)
    messages = {finding.what: finding.message for finding in check(house).findings}
    names = [protected.name_of(house.settings, path) for path in (one, other)]
    assert set(messages) == set(names)
    assert f"it holds what {names[1]} ought to hold" in messages[names[0]]


def test_only_who_keeps_a_head_outside_knows_of_a_tail_cut_off_with_all_it_named(house):
    ledger.append(house.settings, "ann", "test", "what is to be forgotten")
    outside = heads.read(path := heads.keep(house.settings))
    with tampering._open(house) as database:
        database.execute("delete from ledger_entries where seq >= ?", [outside.seq])
    path.unlink()
    assert check(house).findings == []
    found = verify(house.settings, ledger.public_keys(house.settings), [outside])
    assert [(finding.kind, finding.what) for finding in found.findings] == [("head_lost", path.name)]


def test_a_figure_that_was_never_in_the_build_is_found_although_every_hash_is_right(house):
    """Whoever holds the key can enter anything; the figures still have to be those of the build."""
    build = publish.build_path(house.settings, BUILD_ID)
    with duckdb.connect(str(build)) as database:
        database.execute("update marts.rpt_metric_weekly set value = value + 1 where scope_type = 'city'")
    files = protected.named(house.settings, [build])
    ledger.append(house.settings, "insider", "warehouse.build", BUILD_ID, {"files": files})
    found = check(house)
    assert {finding.kind for finding in found.findings} == {"figure_differs"}
    assert "city/220100, 2025-W43, value: printed" in found.findings[0].message


def test_figures_of_a_build_that_is_not_kept_are_counted_apart(house):
    before = check(house).figures
    paths = [publish.build_path(house.settings, BUILD_ID), publish.record_path(house.settings, BUILD_ID)]
    deleted = [protected.name_of(house.settings, path) for path in paths]
    ledger.append(house.settings, "tester", "warehouse.drop", BUILD_ID, {"deleted": deleted})
    for path in paths:
        path.unlink()
    found = check(house)
    assert (found.findings, found.figures) == ([], 0)
    assert found.figures_without_build >= before > 0


def test_rendering_once_more_enters_nothing_and_other_pages_are_entered(house, monkeypatch):
    before = ledger.head(house.settings)
    render(house.settings, WEEK, "city", BUILD_ID)
    assert ledger.head(house.settings) == before
    render(house.settings, WEEK, "nanguan", BUILD_ID)
    assert ledger.head(house.settings).subject == f"{WEEK}/nanguan"
    assert check(house).findings == []


def test_a_build_that_goes_takes_its_files_along_with_an_entry(house, monkeypatch):
    make_build(house.settings, "build_aside")
    monkeypatch.setattr(publish, "KEPT_ASIDE", 0)
    with publish.changing(house.settings):
        pass
    assert {path.stem for path in house.settings.builds.iterdir()} == {BUILD_ID, LATER}
    (entry,) = ledger.about(house.settings, "warehouse.drop", "build_aside")
    assert len(entry.details["deleted"]) == 2
    assert check(house).findings == []


def test_what_is_being_written_meanwhile_is_no_finding(house, monkeypatch):
    """A run has written a file and not yet its entry; it holds its lock, so it is waited for."""
    written = house.settings.outcomes / "feed=f" / "partner=p" / "date=2025-10-26" / "outcome.json"
    written.parent.mkdir(parents=True)
    written.write_text("{}")
    lock = FileLock(house.settings.data_root / ".locks" / "p-f.lock")
    lock.acquire()

    def finish(settings: Settings) -> None:
        ledger.append(settings, "airflow", "batch.landed", "b", {"files": protected.named(settings, [written])})
        lock.release()
        wait(settings)

    wait = verifying._wait_for_writers
    monkeypatch.setattr(verifying, "_wait_for_writers", finish)
    assert check(house).findings == []


def test_a_copy_of_a_closed_month_that_is_not_what_its_name_says_is_found(house):
    (part,) = house.settings.compacted.glob("landing-*.parquet")
    part.write_bytes(part.read_bytes() + b"x")
    assert [(finding.kind, finding.what) for finding in check(house).findings] == [
        ("file_changed", f"data/compacted/{part.name}")
    ]
    shutil.rmtree(house.settings.compacted)
    assert check(house).findings == [], "copies may be deleted at any time"


def test_an_empty_house_is_a_finding_since_nothing_was_checked(tmp_path):
    settings = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    found = verify(settings, ledger.public_keys(settings))
    assert [finding.kind for finding in found.findings] == ["ledger_empty"]


def test_a_head_is_kept_once_for_the_same_state(house):
    assert heads.keep(house.settings) is None
    entry = ledger.append(house.settings, "ann", "test", "subject")
    kept = heads.keep(house.settings)
    assert json.loads(kept.read_text()) == heads.as_head(entry)
    assert heads.keep(house.settings) is None
    assert check(house).findings == []


@pytest.fixture
def run(house, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.settings.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.settings.reports_root))
    return lambda *arguments: CliRunner().invoke(main, ["audit", *arguments])


def test_the_command_says_what_was_checked_and_ends_with_1_on_a_finding(run, house):
    good = run("verify")
    assert good.exit_code == 0, good.output
    assert "Nothing was changed." in good.output
    tampering.flip_a_byte(house, random.Random(1))
    bad = run("verify", "--json")
    assert bad.exit_code == 1
    assert [finding["kind"] for finding in json.loads(bad.stdout)["findings"]] == ["file_changed"]
    assert "1 findings" in run("verify").output


def test_heads_and_keys_are_taken_as_they_are_printed(run, house, monkeypatch):
    head, key = f"{house.head.seq}:{house.head.hash}", ledger.public_keys(house.settings)[0]
    monkeypatch.delenv("AIRFLOW_VAR_LEDGER_SIGNING_KEY")
    refused = run("verify")
    assert refused.exit_code == 2
    assert "--public-key" in refused.output
    assert run("verify", "--public-key", f"{key[:30]} {key[30:]}", "--head", head).exit_code == 0
    issue = house.settings.reports_root / "briefings" / str(WEEK) / "city.figures.json"
    assert run("verify", "--public-key", key, "--head", str(issue)).exit_code == 0
    assert run("verify", "--public-key", tampering.STRANGER.public_key).exit_code == 1
    assert run("verify", "--public-key", key, "--head", f"{house.head.seq}:{'0' * 64}").exit_code == 1
    assert run("verify", "--public-key", key, "--head", "12").exit_code == 2


def test_the_log_shows_who_did_what_and_can_be_narrowed(run, house):
    everything = json.loads(run("log", "--json").stdout)
    assert len(everything) == len(ledger.entries(house.settings))
    (rejected,) = json.loads(run("log", "--actor", "li", "--json").stdout)
    assert (rejected["action"], rejected["details"]["reason"]) == ("quarantine.reject", "电话核对过")
    assert {row["action"] for row in json.loads(run("log", "--action", "briefing.*", "--json").stdout)} == {
        *("briefing.render", "briefing.print", "briefing.send"),
    }
    assert len(json.loads(run("log", "--subject", "2025-W43/city", "--json").stdout)) == 3
    assert json.loads(run("log", "--since", "2999-01-01", "--json").stdout) == []
    assert "电话核对过" in run("log", "--actor", "li").output


def test_the_public_key_and_the_head_are_shown(run, house):
    key = ledger.public_keys(house.settings)[0]
    assert json.loads(run("public-key", "--json").stdout)["public_key"] == key
    assert run("public-key", "--pem").stdout == signing.as_pem(key)
    assert json.loads(run("head", "--json").stdout)["hash"] == ledger.head(house.settings).hash
    issue = json.loads((house.settings.reports_root / "briefings" / str(WEEK) / "city.figures.json").read_bytes())
    (published,) = ledger.about(house.settings, publish.PUBLISH, BUILD_ID)
    assert issue["ledger"] == heads.as_head(published)


def test_a_key_is_rotated_in_a_house_at_work(house):
    from pydantic import SecretStr

    from tests.conftest import LEDGER_KEY
    from worker_services.secrets import LedgerKeys

    keys = LedgerKeys(signing_key=SecretStr("7a" * 32), previous_signing_keys=(SecretStr(LEDGER_KEY),))
    rotated = replace(house.settings, ledger_keys=keys)
    ledger.append(rotated, "ann", "test", "subject")
    found = verify(rotated, ledger.public_keys(rotated)[:1], [house.head])
    assert (found.findings, len(found.keys)) == ([], 2)


def test_the_record_of_an_issue_is_compared_figure_by_figure(whole_house):
    (record,) = (whole_house.settings.data_root / "printed").glob("*/*.json")
    figures = [figure for figure in json.loads(record.read_bytes())["figures"] if figure["is_metric"]]
    count, differing = printed.compare(record, publish.build_path(whole_house.settings, BUILD_ID))
    assert (len(figures) >= count > 100, differing) == (True, [])
