"""Whole batches that a partner got wrong though every row of them keeps its contract: what is done to the rows.

Each kind takes canonical rows as they would have been delivered and gives those that are delivered instead. What is
drawn depends on the generator alone, so a kind with its seed is known dirt.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulators.vocabulary import KEYS, ORGANISATION_CODES

Spoil = Callable[[np.random.Generator, pd.DataFrame, pd.DataFrame], pd.DataFrame]
"""Rows of the night and of the night before -> rows delivered."""
Supply = tuple[str, str]

EYE, MATERNITY = ("eye_hospital", "health_services"), ("maternity_hospital", "health_services")
VOUCHERS = ("mini_program", "vouchers")
RELIEF = ("hardship_system", "relief_payments")
REGISTER = ("hardship_system", "hardship_register")
COUNSELLING = ("counselling_hotline", "counselling_sessions")
POSTINGS = ("job_fair_system", "job_postings")
INSPECTIONS = ("safety_inspection", "safety_inspections")
APPOINTMENTS = ("eye_hospital", "health_appointments")


@dataclass(frozen=True)
class BatchFault:
    """A kind of batch dirt, the supplies on which it is tried, and what it does."""

    kind: str
    says: str
    supplies: tuple[Supply, ...]
    spoil: Spoil


def some_rows_lost(share: float) -> Spoil:
    """Rows left out at random."""
    return lambda rng, rows, before: rows[rng.random(len(rows)) >= share]


def codes_lost(column: str, *codes: str) -> Spoil:
    """Every row of some codes left out: a department, a district, a hospital."""
    return lambda rng, rows, before: rows[~rows[column].isin(codes)]


def times(column: str, factor: float) -> Spoil:
    """A number in another unit."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{column: np.maximum(1, np.round(rows[column].astype(float) * factor))})

    return spoil


def codes_moved(column: str, *codes: str) -> Spoil:
    """Each code of a list written as the next one."""
    moved = dict(zip(codes, (*codes[1:], codes[0]), strict=True))
    return lambda rng, rows, before: rows.assign(**{column: rows[column].map(lambda code: moved.get(code, code))})


def default_taken(column: str, value: str, share: float) -> Spoil:
    """A default written instead of what was meant, in part of the rows."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{column: np.where(rng.random(len(rows)) < share, value, rows[column])})

    return spoil


def emptied(column: str, share: float) -> Spoil:
    """An optional cell left empty, in part of the rows."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{column: rows[column].where(rng.random(len(rows)) >= share)})

    return spoil


def entered_twice(feed: str, share: float) -> Spoil:
    """Rows that stand a second time under a number of their own."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([rows, renumbered(feed, rows[rng.random(len(rows)) < share])], ignore_index=True)

    return spoil


def night_before_again(feed: str) -> Spoil:
    """The rows of the night before come along once more, numbered anew."""
    return lambda rng, rows, before: pd.concat([rows, renumbered(feed, before)], ignore_index=True)


def renumbered(feed: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under other keys of the same form: their last digits counted from the top."""
    key = KEYS[feed][0]
    keys = [f"{text[:-5]}{99_999 - int(text[-5:]):05d}" for text in rows[key].astype(str)]
    return rows.assign(**{key: keys})


COUNTIES = tuple(code for code in ORGANISATION_CODES if code.isdigit())

BATCH_FAULTS = (
    BatchFault("rows_lost_half", "half of the rows lost", (EYE, MATERNITY, VOUCHERS, COUNSELLING), some_rows_lost(0.5)),
    BatchFault("rows_lost_fifth", "a fifth of the rows lost", (EYE, MATERNITY, VOUCHERS), some_rows_lost(0.2)),
    BatchFault(
        "county_lost",
        "a large county lost whole",
        (EYE, MATERNITY, VOUCHERS, REGISTER, APPOINTMENTS),
        codes_lost("organisation_code", "220102"),
    ),
    BatchFault(
        "small_county_lost",
        "a small county lost whole",
        (EYE, MATERNITY, VOUCHERS),
        codes_lost("organisation_code", "220182"),
    ),
    BatchFault("hospital_lost", "one hospital's vouchers lost", (VOUCHERS,), codes_lost("partner_id", "eye_hospital")),
    BatchFault("category_lost", "one service category lost", (EYE,), codes_lost("service_category", "eye_education")),
    BatchFault("fen_for_yuan", "amounts in fen instead of yuan", (RELIEF,), times("amount_yuan", 100)),
    BatchFault(
        "hours_for_minutes", "durations in hours instead of minutes", (COUNSELLING,), times("duration_minutes", 1 / 60)
    ),
    BatchFault("yearly_for_monthly", "yearly wages instead of monthly", (POSTINGS,), times("monthly_wage_min", 12)),
    BatchFault(
        "codes_moved_category",
        "codes of the service categories moved by one",
        (MATERNITY,),
        codes_moved("service_category", "womens_screening", "endoscopy", "weight_management", "spine_and_foot"),
    ),
    BatchFault(
        "codes_moved_county",
        "codes of the counties moved by one",
        (EYE, MATERNITY, VOUCHERS, REGISTER, INSPECTIONS),
        codes_moved("organisation_code", *COUNTIES),
    ),
    BatchFault(
        "default_county",
        "a default for the union in three rows of ten",
        (EYE, MATERNITY, VOUCHERS),
        default_taken("organisation_code", "220102", 0.3),
    ),
    BatchFault(
        "voucher_emptied", "voucher number left out in three rows of ten", (EYE, MATERNITY), emptied("voucher_id", 0.3)
    ),
    BatchFault(
        "redemption_emptied",
        "half of the redemptions not noted by the mini-program",
        (VOUCHERS,),
        emptied("redeemed_on", 0.5),
    ),
    BatchFault(
        "entered_twice",
        "a fifth of the rows twice, numbered anew",
        (EYE, MATERNITY),
        entered_twice("health_services", 0.2),
    ),
    BatchFault(
        "night_again",
        "the night before once more, numbered anew",
        (EYE, MATERNITY),
        night_before_again("health_services"),
    ),
)
