"""What the hospitals and the hotline hand over, and what a briefing can tell by it."""

import io
import zipfile
from datetime import date, datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from simulators.deliveries import Alteration, file_bytes
from simulators.vocabulary import DATE_COLUMNS, FIELDS, SHEETS
from simulators.world import Interval, World

HISTORY = Interval.parse("2025-01-01/2025-10-25")
NOTHING = Interval.parse("2025-02-02/2025-02-03")
AS_OF = date(2025, 10, 27)
WORKBOOKS = [supply for supply in SHEETS if supply[0] == "orthopaedic_hospital"]


def load(world: World, partner: str, feed: str, interval: Interval = HISTORY) -> "openpyxl.Workbook":
    return openpyxl.load_workbook(io.BytesIO(file_bytes(world, partner, feed, interval, Alteration())))


@pytest.mark.parametrize(("partner", "feed"), WORKBOOKS)
def test_a_workbook_is_as_people_make_them(world: World, partner: str, feed: str) -> None:
    book = load(world, partner, feed)
    *sheets, notes = book.worksheets
    assert [sheet.title for sheet in sheets] == list(SHEETS[partner, feed][1].values())
    assert (notes.title, notes.sheet_state) == ("说明", "hidden")
    headers = list(FIELDS[partner, feed].values())
    columns = list(FIELDS[partner, feed])
    day = next(place for place, column in enumerate(columns) if column in DATE_COLUMNS)
    keys, kinds, subtotals = [], set(), []
    for sheet in sheets:
        upper, lower, *rows = sheet.iter_rows(min_row=3, values_only=True)
        assert [below or above for above, below in zip(upper, lower, strict=True)] == headers
        assert {"A1", "A3"} <= {merged.start_cell.coordinate for merged in sheet.merged_cells.ranges}
        while rows[-1][0] != "小计":
            assert rows.pop()[:2] == ("合计", len(world.delivered(partner, feed, HISTORY)))
        subtotals.append(rows.pop()[1])
        assert subtotals[-1] == len(rows)
        keys += [row[0] for row in rows]
        kinds |= {type(row[day]) for row in rows if row[day]}
        assert all(isinstance(row[columns.index("worker_id")], str | None) for row in rows)
    assert keys == list(world.delivered(partner, feed, HISTORY)["_key"])  # the order in which dirt is listed
    assert sum(subtotals) == len(keys) > 900
    assert kinds == {datetime, int, str}


@pytest.mark.parametrize(("partner", "feed"), WORKBOOKS)
def test_a_day_without_rows_has_its_sheets_and_totals(world: World, partner: str, feed: str) -> None:
    *sheets, _ = load(world, partner, feed, NOTHING).worksheets
    assert [sheet.cell(5, 1).value for sheet in sheets] == ["小计"] * len(sheets)
    assert [sheets[-1].cell(6, place).value for place in (1, 2)] == ["合计", 0]


def test_the_hotline_packs_a_file_a_channel(world: World) -> None:
    supply = ("counselling_hotline", "counselling_sessions")
    raw = file_bytes(world, *supply, HISTORY, Alteration())
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        members = [name for name in packed.namelist() if name.endswith(".txt")]
        assert members == sorted(members) == list(SHEETS[supply][1].values())
        texts = [packed.read(name) for name in members]
    assert all(text.startswith(b"\xff\xfe") for text in texts)
    lines = [text.decode("utf-16").removesuffix("\n").split("\n") for text in texts]
    assert {member[0] for member in lines} == {"\t".join(FIELDS[supply].values())}
    keys = [line.split("\t")[0] for member in lines for line in member[1:]]
    assert keys == list(world.delivered(*supply, HISTORY)["_key"])


@pytest.mark.parametrize(("partner", "feed"), SHEETS)
def test_a_delivery_in_parts_has_the_same_bytes_again(world: World, partner: str, feed: str) -> None:
    raw = file_bytes(world, partner, feed, HISTORY, Alteration())
    assert raw == file_bytes(world, partner, feed, HISTORY, Alteration())
    assert len(raw) > len(file_bytes(world, partner, feed, HISTORY, Alteration(truncated=True))) > 0
    assert raw != file_bytes(world, partner, feed, HISTORY, Alteration(replaced=True))


def test_the_wait_grows_at_one_hospital_and_some_stay_away(world: World) -> None:
    rows = world.truth("health_appointments", AS_OF)
    wait = (rows["scheduled_on"] - rows["booked_on"]).dt.days
    assert wait.min() == 0
    monthly = wait.groupby([rows["_partner"], rows["booked_on"].dt.month]).mean()
    assert monthly["jiahe_hospital", 10] > 1.8 * monthly["jiahe_hospital", 6]
    assert monthly["eye_hospital", 10] < 1.2 * monthly["eye_hospital", 6]
    settled = rows[rows["appointment_status"].isin(["fulfilled", "no_show"])]
    assert (settled["scheduled_on"] < pd.Timestamp(AS_OF)).all()
    shares = (settled["appointment_status"] == "no_show").groupby(settled["_partner"]).mean()
    assert shares.between(0.04, 0.1).all()


def test_one_hospital_is_rated_lower_than_the_others(world: World) -> None:
    rows = world.truth("service_ratings", AS_OF)
    scores = rows["score"].astype(float).groupby(rows["partner_id"]).mean()
    complaints = (rows["is_complaint"] == "yes").groupby(rows["partner_id"]).mean()
    assert len(scores) == 4
    assert scores.idxmin() == complaints.idxmax() == "orthopaedic_hospital"
    assert scores.min() < scores.drop("orthopaedic_hospital").min() - 0.5
    assert rows["comment"].str.contains("19900").any()  # personal data for the door to keep out


def test_who_is_screened_fits_the_screening(world: World) -> None:
    rows = world.truth("health_screenings", AS_OF)
    is_woman = rows["worker_id"].str[16].astype(int) % 2 == 0
    is_of_women = rows["screening_type"] != "occupational_disease"
    assert is_woman[is_of_women].all()
    assert not is_woman[~is_of_women].all()
    at_work = set(rows.loc[~is_of_women, "special_group"])
    assert at_work == {"migrant", "front_line", "new_employment"}
    assert set(rows["special_group"]) - at_work == {"women", "hardship"}
    assert np.unique(rows.loc[is_of_women, "screening_type"]).size == 3
