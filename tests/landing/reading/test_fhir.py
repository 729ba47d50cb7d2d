"""Resources become rows: what hangs together is joined, what belongs to another day is left out, nothing gets lost."""

import io
import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import fhir_partner
from simulators.deliveries import Alteration, columns_of
from simulators.world import Interval as SimulatedInterval
from simulators.world import make_world
from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing import spool
from worker_services.landing.reading import Delivered, UnreadableDelivery, read
from worker_services.landing.reading import fhir as reading
from worker_services.partners import fhir_path
from worker_services.partners.fhir_path import check_path, parse
from worker_services.partners.registry import Feed, load_partners

NIGHT = Interval.parse("2025-10-26/2025-10-27")
ON_DAY, BEFORE, AFTER = (f"2025-10-{day}T12:00:00+08:00" for day in (26, 25, 27))
CONTRACT = load_contract("health_services")
LINKS = {"Patient": {"from": "subject"}, "Procedure": {"to": "encounter"}, "Observation": {"to": "encounter"}}
COLUMNS = {
    "service_id": "Encounter.id",
    "worker_id": "Patient.identifier[system=urn:id].value",
    "service_date": "Encounter.period.start",
    "service_category": "Procedure.code.coding[0].code",
    "organisation_code": ["Encounter.union", "Patient.managingOrganization.identifier.value"],
    "satisfaction_score": "Observation[code=satisfaction].valueInteger",
    "record_status": "Encounter.status",
    "updated_at": "meta.lastUpdated",
}


def feed(columns: dict = COLUMNS, links: dict = LINKS, anchor: str = "Encounter") -> Feed:
    return Feed(source={"kind": "fhir_bulk", "group": "g", "anchor": anchor, "links": links}, columns=columns)


def visit(name: str, changed: str | None = ON_DAY, **more) -> dict:
    meta = {"meta": {"lastUpdated": changed}} if changed else {}
    return {
        "resourceType": "Encounter",
        "id": name,
        **meta,
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2025-10-26"},
        "status": "finished",
        **more,
    }


def patient(name: str = "p1", changed: str | None = BEFORE, number: str = "220100198410021000") -> dict:
    return {
        "resourceType": "Patient",
        "id": name,
        "meta": {"lastUpdated": changed},
        "identifier": [{"system": "urn:other", "value": "1"}, {"system": "urn:id", "value": number}],
        "managingOrganization": {"identifier": {"value": "220102"}},
    }


def score(name: str, of: str, value: object, changed: str | None = ON_DAY, code: str = "satisfaction") -> dict:
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {"lastUpdated": changed},
        "encounter": {"reference": of},
        "code": {"coding": [{"system": "urn:x", "code": "other"}, {"system": "urn:y", "code": code}]},
        "valueInteger": value,
    }


def lines(*resources: dict | bytes) -> bytes:
    whole = (item if isinstance(item, bytes) else json.dumps(item, ensure_ascii=False).encode() for item in resources)
    return b"".join(item + b"\n" for item in whole)


def rows_of(delivered: Delivered) -> list[dict]:
    """As the door takes a delivery in: into an engine of its own, cells and the whole row by their expressions."""
    cells = "".join(f', {sql} as "{column}"' for column, sql in delivered.cells.items())
    with duckdb.connect() as engine:
        engine.register("stream", delivered.batches)
        engine.execute(f"create table rows as select *{cells}, {delivered.whole} as whole from stream")
        return engine.execute("from rows order by _row_number").to_arrow_table().to_pylist()


def rows(*resources: dict | bytes, by: Feed | None = None, interval: Interval = NIGHT) -> list[dict]:
    return rows_of(read(io.BytesIO(lines(*resources)), by or feed(), CONTRACT, interval))


def names(*resources: dict | bytes, **options) -> list[str]:
    return [row["service_id"] for row in rows(*resources, **options)]


# ---- joining ----


def test_a_row_is_a_visit_with_all_that_hangs_on_it():
    procedure = {"resourceType": "Procedure", "id": "x", "encounter": {"reference": "Encounter/e1"}}
    procedure |= {"code": {"coding": [{"code": "NJ-01"}, {"code": "zz"}]}}
    other = score("o2", "Encounter/e1", 9, code="temperature")
    (row,) = rows(score("o1", "Encounter/e1", 4), other, procedure, visit("e1"), patient())
    assert {column: row[column] for column in COLUMNS} == {
        "service_id": "e1",
        "worker_id": "220100198410021000",
        "service_date": "2025-10-26",
        "service_category": "NJ-01",
        "organisation_code": "220102",
        "satisfaction_score": "4",
        "record_status": "finished",
        "updated_at": ON_DAY,
    }
    assert (row["_row_number"], row["_place"], row["_line"], row["_cells"], row["_text"]) == (1, "", 4, None, None)
    whole = json.loads(row["whole"])
    assert whole["Patient.identifier[system=urn:id].value"] == "220100198410021000"
    assert whole["Encounter.union"] is None


@pytest.mark.parametrize(
    "reference",
    ["Encounter/e1", "Encounter/e1/_history/7", "https://h.example/fhir/Encounter/e1", "/fhir/Encounter/e1/_history/2"],
)
def test_references_are_followed_in_every_form(reference):
    (row,) = rows(visit("e1"), score("o", reference, 3))
    assert row["satisfaction_score"] == "3"


@pytest.mark.parametrize("reference", ["Encounter/e10", "Procedure/e1", "#e1", "urn:uuid:e1", "Encounter/e1/x"])
def test_other_references_lead_nowhere(reference):
    found = {row["service_id"]: row["satisfaction_score"] for row in rows(visit("e1"), score("o", reference, 3))}
    assert found["e1"] is None


def test_lists_of_references_are_followed():
    booking = {"resourceType": "Appointment", "id": "a1", "meta": {"lastUpdated": ON_DAY}}
    actors = [{"actor": {"reference": "Practitioner/p1"}}, {"actor": {"reference": "Patient/p1"}}, {"status": "x"}]
    by = feed({**COLUMNS, "service_id": "Appointment.id"}, {"Patient": {"from": "participant.actor"}}, "Appointment")
    by = by.model_copy(update={"columns": {name: by.columns[name] for name in ("service_id", "worker_id")}})
    (row,) = rows(booking | {"participant": actors}, patient(), by=by)
    assert (row["service_id"], row["worker_id"]) == ("a1", "220100198410021000")


def test_of_several_linked_resources_the_last_change_counts_and_of_two_versions_the_later():
    late = "2025-10-26T13:00:00+08:00"
    assert (
        rows(visit("e1"), score("o1", "Encounter/e1", 1), score("o2", "Encounter/e1", 5, late))[0]["satisfaction_score"]
        == "5"
    )
    assert (
        rows(visit("e1"), score("o", "Encounter/e1", 5, late), score("o", "Encounter/e1", 1))[0]["satisfaction_score"]
        == "5"
    )
    (row,) = rows(visit("e1"), patient(number="old"), patient(number="new", changed=ON_DAY))
    assert row["worker_id"] == "new"


def test_a_visit_that_is_delivered_twice_is_two_rows():
    assert names(visit("e1"), visit("e1")) == ["e1", "e1"]


# ---- days ----


def test_a_row_belongs_to_the_day_of_its_last_change():
    assert names(visit("before", BEFORE), visit("on", ON_DAY), visit("after", AFTER)) == ["on"]
    edge = [
        visit("a", "2025-10-25T16:00:00Z"),
        visit("b", "2025-10-26T15:59:59.999Z"),
        visit("c", "2025-10-26T16:00:00Z"),
    ]
    assert names(*edge) == ["a", "b"]
    assert names(visit("undated", None)) == ["undated"]


def test_a_score_given_later_brings_the_visit_again():
    (row,) = rows(visit("e1", BEFORE), score("o", "Encounter/e1", 2))
    assert (row["satisfaction_score"], row["updated_at"]) == ("2", ON_DAY)
    assert rows(visit("e1", BEFORE), score("o", "Encounter/e1", 2, BEFORE)) == []


def test_what_changed_after_the_interval_is_not_of_it():
    (row,) = rows(visit("e1"), score("o", "Encounter/e1", 2, AFTER))
    assert (row["satisfaction_score"], row["updated_at"]) == (None, ON_DAY)
    (row,) = rows(visit("e1"), patient(changed=AFTER))
    assert (row["worker_id"], row["updated_at"]) == ("220100198410021000", ON_DAY)
    assert rows(visit("e1", BEFORE), patient(changed=AFTER)) == []
    assert names(visit("e1", BEFORE), patient(changed=ON_DAY)) == ["e1"]


def test_rows_come_in_the_order_of_their_changes():
    clock = {name: f"2025-10-26T{hour}:00:00+08:00" for name, hour in (("c", "08"), ("b", "09"), ("a", "09"))}
    found = rows(*(visit(name, changed) for name, changed in clock.items()), visit("undated", None))
    assert [(row["service_id"], row["_row_number"]) for row in found] == [("c", 1), ("a", 2), ("b", 3), ("undated", 4)]


# ---- nothing gets lost ----


def test_a_score_whose_visit_was_not_delivered_is_a_row_to_be_held():
    (row,) = rows(score("o", "Encounter/e9", 4), score("o2", "Encounter/e9", 3))
    assert (row["service_id"], row["satisfaction_score"], row["service_date"]) == ("e9", "3", None)
    assert rows(score("o", "Encounter/e9", 4, BEFORE)) == []
    assert rows(score("o", "Encounter/e1", 4), visit("e1", AFTER)) == []


def test_what_is_no_resource_is_a_row_to_be_held():
    broken = [b'{"resourceType":"Encounter"', b"\xff\xfe", b"[1]", b'{"id":"x"}']
    found = rows(visit("e1"), *broken, b"", b"  ")
    assert [(row["service_id"], row["_line"], row["_cells"]) for row in found] == [
        ("e1", 1, None),
        *((None, line, 0) for line in (2, 3, 4, 5)),
    ]
    assert found[1]["_text"] == '{"resourceType":"Encounter"'
    summary = read(io.BytesIO(lines(visit("e1"), broken[0])), feed(), CONTRACT, NIGHT)
    assert len(rows_of(summary)) == summary.summary.received == 2


def test_deletions_become_withdrawals():
    def deletion(name: str, changed: str | None, **more) -> dict:
        entry = {"request": {"method": "DELETE", "url": name}, **more}
        return {"resourceType": "Bundle", "meta": {"lastUpdated": changed}, "entry": [entry]}

    found = rows(
        deletion("Encounter/e1", ON_DAY),
        deletion("Encounter/e2", BEFORE),
        deletion("Encounter/e3", AFTER),
        deletion("Observation/e4", ON_DAY),
        deletion("Encounter/e5", None),
        deletion("Encounter/e6", BEFORE, response={"lastModified": ON_DAY}),
        deletion("Encounter/e7", BEFORE),
        visit("e7"),
        {"resourceType": "Bundle", "entry": [{"request": {"method": "PUT", "url": "Encounter/e8"}}]},
        {"resourceType": "Bundle"},
        score("o", "Encounter/e3", 3),  # of a visit that is gone by now
    )
    assert [(row["service_id"], row["record_status"]) for row in found] == [
        ("e1", "withdrawn"),
        ("e6", "withdrawn"),
        ("e7", "finished"),
        ("e5", "withdrawn"),
    ]
    assert json.loads(found[0]["whole"])["Encounter.status"] == "withdrawn"
    without = {name: path for name, path in COLUMNS.items() if name != "record_status"}
    (row,) = rows(deletion("Encounter/e1", ON_DAY), by=feed(without))
    assert (row["service_id"], row["record_status"], row["updated_at"]) == ("e1", "withdrawn", ON_DAY)


def test_the_summary_names_other_resources_and_elements_nobody_has():
    twenty = [visit(f"e{number}") for number in range(reading.ENOUGH_ROWS)]
    delivered = read(io.BytesIO(lines(*twenty, {"resourceType": "Practitioner"})), feed(), CONTRACT, NIGHT)
    rows_of(delivered)
    assert delivered.summary.unmapped == ["Practitioner"]
    assert delivered.summary.absent == ["satisfaction_score"]
    few = read(io.BytesIO(lines(*twenty[:-1], {"resourceType": "Parameters"})), feed(), CONTRACT, NIGHT)
    rows_of(few)
    assert (few.summary.unmapped, few.summary.absent, few.summary.received) == ([], [], reading.ENOUGH_ROWS - 1)


def test_an_empty_export_has_no_rows():
    delivered = read(io.BytesIO(b""), feed(), CONTRACT, NIGHT)
    assert rows_of(delivered) == []
    assert delivered.summary.received == 0


def test_a_line_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_LINE", 1 << 20)
    delivered = read(io.BytesIO(b" " * (3 << 20)), feed(), CONTRACT, NIGHT)
    with pytest.raises((UnreadableDelivery, duckdb.Error)):
        rows_of(delivered)
    assert isinstance(delivered.summary.fault, UnreadableDelivery)


def test_the_simulated_hospital_is_read_row_for_row():
    world = make_world()
    partner = load_partners()["jiahe_hospital"]
    app_rows = 0
    for name, mapped in partner.feeds.items():
        start, end = "2025-10-20", "2025-10-27"
        exported = fhir_partner._export(
            world,
            fhir_partner._moment("2025-09-20T00:00:00+08:00"),
            fhir_partner._moment(f"{end}T00:00:00+08:00"),
            dict.fromkeys(fhir_partner._FEEDS, Alteration()),
            (),
        )
        people = [line for _, line in fhir_partner._patients(world)]
        raw = "".join(f"{line}\n" for kind in mapped.source.types for line in exported[kind] or people).encode()
        interval = Interval.parse(f"{start}/{end}")
        found = rows_of(read(io.BytesIO(raw), mapped, load_contract(name), interval))
        meant = world.delivered(partner.partner, name, SimulatedInterval.parse(f"{start}/{end}"))
        cells = columns_of(partner.partner, name, meant)
        assert len(found) == len(meant) > 20
        app_rows += len(found)
        for column, expected in cells.items():
            got = [row[column] for row in found]
            if column == "updated_at":
                got = [text.removesuffix(".000+08:00").replace("T", " ") for text in got]
                expected = [str(text)[:19].replace("T", " ") for text in expected]
            if column == "scheduled_on":
                got = [text and text.removesuffix("T09:00:00+08:00") for text in got]
            if column == "service_id":
                expected = meant["_key"].tolist()
            assert got == [None if cell is None else str(cell) for cell in expected], (name, column)
    assert app_rows > 100


# ---- paths ----

GOOD = [
    "Encounter.id",
    "Patient.identifier[system=urn:oid:1.2.3].value",
    "Encounter.type[0].coding[0].code",
    "Observation[code=satisfaction].valueInteger",
    "Observation[code.coding.system=http://x.example/a/b].valueQuantity.value",
    "Patient._birthDate.extension[url=http://x.example/e].valueDate",
    "meta.lastUpdated",
]
BAD = [
    "",
    "Encounter",
    "encounter.id",
    "Encounter.",
    "Encounter..id",
    "Encounter.id[",
    "Encounter.id[x]",
    "Encounter.id[-1]",
    "Encounter.id[a=]",
    "Encounter[0].id",
    "Encounter.id = 1",
    "Encounter.id'",
    "Encounter.a[b=c]d",
    " Encounter.id",
    "Encounter.id\n",
    "Encounter.Id",
    "Encounter.a[b=[c]]",
]


@pytest.mark.parametrize("text", GOOD)
def test_paths_are_taken(text):
    check_path(text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="is no FHIR path"):
        check_path(text)


def test_a_path_into_a_resource_that_is_not_asked_for_is_refused():
    check_path("Patient.id", ("Encounter", "Patient"))
    with pytest.raises(ValueError, match="not for Observation"):
        check_path("Observation.id", ("Encounter", "Patient"))
    with pytest.raises(ValueError, match="is no element"):
        fhir_path.check_element("subject[0]")


_ELEMENT = st.from_regex(r"[a-c]{1,2}", fullmatch=True)
_TEXT = st.text(alphabet="xy'\"=.$:甲 ", min_size=1, max_size=4)
_TREE = st.recursive(
    _TEXT | st.integers(-5, 5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ELEMENT, inner, max_size=3),
    max_leaves=12,
)
_STEPS = st.lists(
    st.tuples(_ELEMENT, st.none() | st.integers(0, 2) | st.tuples(_ELEMENT, _TEXT)), min_size=1, max_size=4
)


def walked(resource: dict, steps: list) -> list:
    """What FHIRPath finds, element by element, in Python."""
    found = [resource]
    for name, bracket in steps:
        inner = [node[name] for node in found if isinstance(node, dict) and name in node]
        found = [each for node in inner for each in (node if isinstance(node, list) else [node])]
        if isinstance(bracket, int):
            found = found[bracket : bracket + 1]
        elif bracket:
            found = [node for node in found if has(node, *bracket)]
    return found


def has(node: object, name: str, value: str) -> bool:
    for part in walked(node, [(name, None)]) if isinstance(node, dict) else []:
        if isinstance(part, dict):
            codings = part.get("coding")
            coded = (
                [item.get("code") for item in codings if isinstance(item, dict)] if isinstance(codings, list) else []
            )
            if value in (part.get("code"), *coded) or json.dumps(part) == value:
                return True
        elif part == value or (not isinstance(part, str) and json.dumps(part) == value):
            return True
    return False


@pytest.fixture(scope="module")
def engine():
    with spool.engine() as engine:
        reading._load(engine, io.BytesIO(b""))
        yield engine


@given(st.dictionaries(_ELEMENT, _TREE, max_size=3), _STEPS)
def test_a_path_finds_in_sql_what_it_finds_in_python(engine, resource, steps):
    written = {int: lambda index: f"[{index}]", tuple: lambda kept: f"[{kept[0]}={kept[1]}]", type(None): lambda _: ""}
    path = parse("Encounter" + "".join(f".{name}{written[type(bracket)](bracket)}" for name, bracket in steps))
    body = json.dumps(resource, ensure_ascii=False)
    (found,) = engine.execute(f"select {reading._values('[$1::json]', path)}", [body]).fetchone()
    expected = walked(resource, steps)
    assert len(found) == len(expected)
    scalars = [(got, node) for got, node in zip(found, expected, strict=True) if not isinstance(node, dict | list)]
    assert [got for got, _ in scalars] == [node if isinstance(node, str) else json.dumps(node) for _, node in scalars]


@given(st.text(alphabet="ABab.[]=0'\" \n", max_size=16))
def test_any_text_is_a_path_or_refused(text):
    try:
        parse(text)
    except ValueError as refused:
        assert "is no FHIR path" in str(refused)
