"""Figures of a real issue followed to the raw bytes, and the issue made again, in a house where all has landed."""

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from simulators.world import Interval as Delivered
from tests.audit.conftest import UNION, WEEK
from tests.conftest import HISTORY, SATURDAY, SUNDAY, House
from tests.end_to_end import leaks
from worker_services.audit import ledger
from worker_services.audit import trace as tracing
from worker_services.audit.issues import NotTraceable
from worker_services.audit.reproduce import Reproduction, reproduce
from worker_services.audit.trace import Trace, trace
from worker_services.briefing.config import load_config
from worker_services.briefing.files import BriefingFiles
from worker_services.cli import main
from worker_services.intervals import Week, utc_now
from worker_services.metrics import catalogue
from worker_services.privacy import vault
from worker_services.settings import PROJECT_ROOT
from worker_services.warehouse import provenance
from worker_services.warehouse.build import BuildResult
from worker_services.warehouse.publish import build_path, record_path

CODE = "220102"


@pytest.fixture(scope="module")
def house(issued_house: House) -> House:
    return issued_house


def city(house: House, metric: str, column: str = "value", **options: object) -> Trace:
    return trace(house.settings, WEEK, "city", metric, column, **options)  # type: ignore[arg-type]


# --- trace ----------------------------------------------------------------------------------------------------------


def test_a_printed_figure_is_followed_to_the_raw_bytes_and_the_ledger(house: House) -> None:
    found = city(house, "mediation_success_rate", limit=5, secrets=house.secrets)
    assert found.faults == []
    assert found.printed is not None
    assert found.printed.printed.endswith("%")
    assert [part.part for part in found.cells[0].parts] == ["numerator", "denominator"]
    assert found.models[0].relation == "marts.rpt_metric_weekly"
    names = {model.name for model in found.models}
    assert {"fct_mediation_cases", "stg_mediation_center__mediation_events", "int_measure_cells"} <= names
    assert not any(name.startswith("fct_") for name in names - {"fct_mediation_cases", "fct_mediation_case_events"})
    entries = {entry.seq: entry for entry in ledger.entries(house.settings)}
    assert found.record_entry
    assert found.build_entry
    assert entries[found.record_entry].action == "briefing.print"
    assert found.record_sha256 in entries[found.record_entry].details["files"].values()
    assert entries[found.build_entry].action == "warehouse.publish"
    assert {each.batch.feed for each in found.deliveries} == {"mediation_cases", "mediation_events"}
    for each in found.deliveries:
        assert each.raw == "opened"
        assert vault.path_of(house.settings.vault, each.batch.raw_sha256 or "").exists()


def test_every_figure_of_the_mart_that_two_editions_print_adds_up_to_its_rows(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    """Some of them, each by itself; all of them at once: test_issue_pages.py."""
    traced = 0
    columns = {"city": ("value",), UNION: ("cumulative_value",)}
    for edition, scope in (("city", None), (UNION, CODE)):
        record = json.loads(BriefingFiles.at(house.settings, WEEK, edition).figures_json.read_text("utf-8"))
        asked = {
            (figure["metric"], figure["column"])
            for figure in record["figures"]
            if figure["metric"] in catalogue()
            and figure["column"] in columns[edition]
            and figure["week"] == str(WEEK)
            and figure["scope"].endswith(f"/{scope or '220100'}")
        }
        for metric, column in sorted(asked)[::4]:
            found = trace(house.settings, WEEK, edition, metric, column, scope)
            assert found.printed is not None
            assert found.faults == [], (edition, metric, column)
            assert found.cells or found.is_suppressed
            traced += not found.is_suppressed
    record_property("figures", traced)
    assert traced > 12


def test_a_trace_names_nobody(house: House) -> None:
    intervals = [Delivered.parse(str(interval)) for interval in (HISTORY, SATURDAY, SUNDAY)]
    people = leaks.names_delivered(house.partners.world, intervals)
    for metric in ("workers_served", "health_person_times", "relief_persons", "mediation_success_rate"):
        found = city(house, metric, "cumulative_value", limit=1_000_000)
        rows = [row for cell in found.cells for part in cell.parts for row in part.rows]
        assert len(rows) > 20
        assert leaks.people_in(json.dumps(dataclasses.asdict(found), default=str, ensure_ascii=False), people) == set()


def test_of_a_suppressed_figure_nothing_is_shown(house: House) -> None:
    build_id = json.loads(BriefingFiles.at(house.settings, WEEK, "city").figures_json.read_text("utf-8"))["build_id"]
    with duckdb.connect(str(build_path(house.settings, build_id)), read_only=True) as database:
        metric, code = database.execute(
            "select metric_id, scope_code from marts.rpt_metric_weekly where is_suppressed and week_id = $1 "
            "and scope_type = 'county' order by all limit 1",
            [str(WEEK)],
        ).fetchall()[0]
    for column in ("value", "cumulative_value"):
        found = trace(house.settings, WEEK, "city", metric, column, code)
        assert found.is_suppressed
        assert (found.value, found.cells, found.deliveries) == (None, [], [])


def alter_record(house: House) -> None:
    [path] = (house.settings.data_root / "printed" / str(WEEK)).glob("city-*.json")
    path.write_text(
        path.read_text("utf-8").replace('"mediation_success_rate"', '"mediation_success_rate" ', 1), "utf-8"
    )


def alter_figure(house: House) -> None:
    [path] = (house.settings.data_root / "printed" / str(WEEK)).glob("city-*.json")
    fields = json.loads(path.read_text("utf-8"))
    for figure in fields["figures"]:
        if figure["metric_id"] == "mediation_success_rate":
            figure["value"] = "0.99"
    path.write_text(json.dumps(fields), "utf-8")


def alter_landing(house: House) -> None:
    for path in (house.settings.landing / "feed=mediation_cases").rglob("*.parquet"):
        path.write_bytes(path.read_bytes() + b" ")


def alter_manifest(house: House) -> None:
    for path in (house.settings.landing / "feed=mediation_cases").rglob("*.json"):
        path.write_text(path.read_text("utf-8").replace('"raw_sha256": "', '"raw_sha256": "0'), "utf-8")


def empty_vault(house: House) -> None:
    shutil.rmtree(house.settings.vault)


def swap_raw(house: House) -> None:
    for path in house.settings.vault.rglob("*.age"):
        path.write_bytes(vault.seal(b"other bytes", house.secrets))


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (alter_record, "its bytes are not those that entry"),
        (alter_figure, "0.99 on record"),
        (alter_landing, "was changed: it has not the SHA-256"),
        (alter_manifest, "the manifest names 0"),
        (empty_vault, "are not in the vault"),
        (swap_raw, "open to others"),
    ],
)
def test_what_was_altered_on_disk_is_said(copied: House, alter: Callable[[House], None], said: str) -> None:
    assert city(copied, "mediation_success_rate", secrets=copied.secrets).faults == []
    alter(copied)
    assert any(said in fault for fault in city(copied, "mediation_success_rate", secrets=copied.secrets).faults)


def test_a_landed_file_that_is_gone_is_named(copied: House) -> None:
    for path in (copied.settings.landing / "feed=mediation_cases").rglob("*.parquet"):
        path.unlink()
    assert [fault for fault in city(copied, "mediation_success_rate").faults if "is not in landing" in fault]


def test_the_command_shows_the_way_and_ends_with_1_where_it_does_not_add_up(
    copied: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(copied.settings.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(copied.settings.reports_root))
    arguments = ["audit", "trace", str(WEEK), "city", "mediation_success_rate"]
    shown = CliRunner().invoke(main, [*arguments, "--rows", str(tmp_path / "rows.csv")])
    assert shown.exit_code == 0, shown.output
    for words in (
        "调解成功率",
        "printed as",
        "stg_mediation_center__mediation_cases",
        "Each step adds up to the figure.",
    ):
        assert words in shown.output
    assert (tmp_path / "rows.csv").read_text("utf-8").count("\n") > 2
    told = json.loads(CliRunner().invoke(main, [*arguments, "--column", "change", "--json"]).stdout)
    assert [cell["week"] for cell in told["cells"]] == ["2025-W43", "2025-W42"]
    alter_landing(copied)
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 1
    assert "DIFFERENCE" in told.output
    refused = CliRunner().invoke(main, [*arguments[:-1], "no_such_metric"])
    assert refused.exit_code == 1
    assert "there is no metric 'no_such_metric'" in refused.output
    lineage = CliRunner().invoke(main, ["audit", "lineage", "fct_mediation_cases.is_concluded", "--json"])
    assert json.loads(lineage.stdout)[-1] == {"column": "landing.mediation_events.event_type", "made of": "what landed"}


def test_a_figure_whose_build_is_not_kept_is_traced_in_one_made_again(
    copied: House, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That builds are made again truly is tested below; here one that is there stands for it, to save the time."""
    [build_id] = {each["build_id"] for each in _records(copied)}
    made = BuildResult(build_id, build_path(house.settings, build_id), utc_now(), True, None, 1, {})
    monkeypatch.setattr(tracing, "rebuilt", lambda *_: contextlib.nullcontext((house.settings, made)))
    assert not city(copied, "vouchers_issued").build_is_made_again
    build_path(copied.settings, build_id).unlink()
    found = city(copied, "vouchers_issued")
    assert found.build_is_made_again
    assert (found.build_id, found.faults) == (build_id, [])


# --- reproduce ------------------------------------------------------------------------------------------------------


def test_issues_are_made_again_figure_by_figure_and_byte_by_byte_from_a_build_that_is_gone(copied: House) -> None:
    [build_id] = {each["build_id"] for each in _records(copied)}
    build_path(copied.settings, build_id).unlink()
    record_path(copied.settings, build_id).unlink()
    found = list(reproduce(copied.settings, [WEEK], ["city", UNION]))
    assert [(each.is_same, each.differences, each.changes) for each in found] == [(True, [], [])] * 2
    assert all(each.figures > 100 for each in found)
    assert found[0].build_id == found[0].build_id_again == build_id
    assert not list(copied.settings.data_root.glob(".rebuild-*"))


def test_where_it_comes_out_otherwise_the_causes_are_named(copied: House, tmp_path: Path) -> None:
    """A landed file, the code of the build and the configuration are not what they were."""
    settings = copied.settings
    landed = max((settings.landing / "feed=job_fairs").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    duckdb.sql(f"copy (select * from '{landed}' limit 5) to '{landed}.other' (format parquet)")
    Path(f"{landed}.other").replace(landed)
    # One delivery landed anew, keyed by a secret that came into use after the issue.
    (manifest,) = (settings.landing / "feed=relief_payments").rglob(
        f"*-{SUNDAY.start:%Y%m%d}-{SUNDAY.end:%Y%m%d}-*.json"
    )
    fields = json.loads(manifest.read_text("utf-8"))
    fields |= {"worker_key_id": "of a later secret", "landed_at": utc_now().isoformat()}
    manifest.write_text(json.dumps(fields), "utf-8")
    for record in (settings.data_root / "printed" / str(WEEK)).glob("city-*.json"):
        fields = json.loads(record.read_text("utf-8"))
        kept = provenance.path(settings, fields["build"]["code_fingerprint"])
        code = json.loads(kept.read_text("utf-8"))
        code["files"]["dbt_project/models/marts/rights/fct_mediation_cases.sql"] = "0" * 64
        fields["build"]["code_fingerprint"] = "of another day"
        provenance.path(settings, "of another day").write_text(json.dumps(code), "utf-8")
        record.write_text(json.dumps(fields), "utf-8")
    root = tmp_path / "root"
    shutil.copytree(PROJECT_ROOT / "config", root / "config")
    (root / "templates").symlink_to(PROJECT_ROOT / "templates")
    path = root / "config" / "briefing.yaml"
    office = load_config(settings).office
    path.write_text(path.read_text("utf-8").replace(office, f"{office}办公室"), "utf-8")
    changed = dataclasses.replace(settings, project_root=root)

    [found] = reproduce(changed, [WEEK], ["city"])
    assert isinstance(found, Reproduction)
    assert not found.is_same
    said = "\n".join(f"{change.kind}: {change.detail}" for change in found.changes)
    assert f"landed files: {landed.stem}" in said
    assert f"worker keys: {manifest.stem} landed again after the key of the pseudonyms was rotated" in said
    assert "code: dbt_project/models/marts/rights/fct_mediation_cases.sql was changed" in said
    assert "configuration: config/briefing.yaml was changed" in said
    assert "records: city-1" in said
    assert found.pdf_sha256 != found.pdf_sha256_again
    assert any("job_fairs" in difference.figure for difference in found.differences)


def test_an_issue_that_never_was_cannot_be_made_again(house: House) -> None:
    with pytest.raises(NotTraceable, match="there is no issue of 2025-W40"):
        list(reproduce(house.settings, [Week.parse("2025-W40")], ["city"]))


def _records(house: House) -> list[dict[str, str]]:
    found = (house.settings.data_root / "printed" / str(WEEK)).glob("*.json")
    return [json.loads(path.read_text("utf-8")) for path in found]
