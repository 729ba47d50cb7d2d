"""Whole batches that a partner got wrong though every row of them keeps its contract: what is done to the rows.

Each kind takes canonical rows as they would have been delivered and gives those that are delivered instead. What is
drawn depends on the generator alone, so a kind with its seed is known dirt.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulators.vocabulary import KEYS, ORGANISATION_CODES

Spoil = Callable[[np.random.Generator, pd.DataFrame, pd.DataFrame, int], pd.DataFrame]
"""Rows of the night and of the night before, and which night it is since it went wrong, from 1 -> rows delivered."""
Supply = tuple[str, str]

EYE, MATERNITY = ("eye_hospital", "health_services"), ("maternity_hospital", "health_services")
VOUCHERS = ("mini_program", "vouchers")
RELIEF = ("hardship_system", "relief_payments")
REGISTER = ("hardship_system", "hardship_register")
COUNSELLING = ("counselling_hotline", "counselling_sessions")
POSTINGS = ("job_fair_system", "job_postings")
INSPECTIONS = ("safety_inspection", "safety_inspections")
APPOINTMENTS = ("eye_hospital", "health_appointments")
EVENTS = ("mediation_center", "mediation_events")


@dataclass(frozen=True)
class BatchFault:
    """A kind of batch dirt, the supplies on which it is tried, and what it does.

    `is_redelivery`: the good batch came first, and the spoiled one is sent to replace it.
    """

    kind: str
    says: str
    supplies: tuple[Supply, ...]
    spoil: Spoil
    is_redelivery: bool = False


def some_rows_lost(share: float) -> Spoil:
    """Rows left out at random."""
    return lambda rng, rows, before, number: rows[rng.random(len(rows)) >= share]


def codes_lost(column: str, code: str, share: float) -> Spoil:
    """Rows of a code left out: of a department, a district, a hospital."""
    return lambda rng, rows, before, number: rows[(rows[column] != code) | (rng.random(len(rows)) >= share)]


def rows_dwindling(share: float) -> Spoil:
    """Rows left out at random, each night such a share more."""
    return lambda rng, rows, before, number: rows[rng.random(len(rows)) >= share * number]


def times(column: str, factor: float, share: float = 1) -> Spoil:
    """A number in another unit, in part of the rows."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        changed = np.maximum(1, np.round(rows[column].astype(float) * factor))
        return rows.assign(**{column: np.where(rng.random(len(rows)) < share, changed, rows[column].astype(float))})

    return spoil


def codes_moved(column: str, codes: tuple[str, ...], share: float) -> Spoil:
    """Each code of a list written as the next one, in part of the rows."""
    moved = dict(zip(codes, (*codes[1:], codes[0]), strict=True))

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        shifted = rows[column].map(lambda code: moved.get(code, code))
        return rows.assign(**{column: rows[column].where(rng.random(len(rows)) >= share, shifted)})

    return spoil


def default_taken(column: str, value: str, share: float) -> Spoil:
    """A default written instead of what was meant, in part of the rows."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        return rows.assign(**{column: np.where(rng.random(len(rows)) < share, value, rows[column])})

    return spoil


def default_creeping(column: str, value: str, share: float) -> Spoil:
    """A default written instead of what was meant, each night in such a share of the rows more."""
    return lambda rng, rows, before, number: default_taken(column, value, share * number)(rng, rows, before, number)


def reopened_silently(share: float) -> Spoil:
    """Cases closed the night before are worked on again, without a word of their being reopened."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        closing = before[before["event_type"].isin(["agreement", "no_agreement", "withdrawn", "transferred"])]
        again = renumbered("mediation_events", closing[rng.random(len(closing)) < share])
        again = again.assign(event_type="mediation_held", event_at=again["event_at"] + np.timedelta64(1, "D"))
        return pd.concat([rows, again], ignore_index=True)

    return spoil


def emptied(column: str, share: float) -> Spoil:
    """An optional cell left empty, in part of the rows."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        return rows.assign(**{column: rows[column].where(rng.random(len(rows)) >= share)})

    return spoil


def entered_twice(feed: str, share: float) -> Spoil:
    """Rows that stand a second time under a number of their own."""

    def spoil(rng: np.random.Generator, rows: pd.DataFrame, before: pd.DataFrame, number: int) -> pd.DataFrame:
        return pd.concat([rows, renumbered(feed, rows[rng.random(len(rows)) < share])], ignore_index=True)

    return spoil


def night_before_again(feed: str, share: float) -> Spoil:
    """Rows of the night before come along once more, numbered anew."""
    return lambda rng, rows, before, number: pd.concat(
        [rows, renumbered(feed, before[rng.random(len(before)) < share])], ignore_index=True
    )


def renumbered(feed: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under other keys of the same form: their last digits counted from the top."""
    key = KEYS[feed][0]
    keys = [f"{text[:-5]}{99_999 - int(text[-5:]):05d}" for text in rows[key].astype(str)]
    return rows.assign(**{key: keys})


def at_rates(
    kind: str,
    says: str,
    supplies: tuple[Supply, ...],
    spoil: Callable[[float], Spoil],
    rates: tuple[float, float, float],
    *,
    is_redelivery: bool = False,
) -> tuple[BatchFault, ...]:
    """A kind of dirt at three rates in hundredths, of which `spoil` is given the share; {rate} is filled in."""
    return tuple(
        BatchFault(f"{kind}_{rate:g}", says.format(rate=f"{rate:g}"), supplies, spoil(rate / 100), is_redelivery)
        for rate in rates
    )


COUNTIES = tuple(code for code in ORGANISATION_CODES if code.isdigit())

CATEGORIES = ("womens_screening", "endoscopy", "weight_management", "spine_and_foot")

BATCH_FAULTS = (
    *at_rates(
        "rows_lost",
        "{rate}% of the rows lost",
        (EYE, MATERNITY, VOUCHERS, COUNSELLING),
        some_rows_lost,
        (5, 20, 50),
    ),
    *at_rates(
        "county_lost",
        "{rate}% of a large county's rows lost",
        (EYE, MATERNITY, VOUCHERS, REGISTER, APPOINTMENTS),
        lambda share: codes_lost("organisation_code", "220102", share),
        (30, 60, 100),
    ),
    *at_rates(
        "small_county_lost",
        "{rate}% of a small county's rows lost",
        (EYE, MATERNITY, VOUCHERS),
        lambda share: codes_lost("organisation_code", "220182", share),
        (30, 60, 100),
    ),
    *at_rates(
        "hospital_lost",
        "{rate}% of one hospital's vouchers lost",
        (VOUCHERS,),
        lambda share: codes_lost("partner_id", "eye_hospital", share),
        (30, 60, 100),
    ),
    *at_rates(
        "category_lost",
        "{rate}% of one service category's rows lost",
        (EYE,),
        lambda share: codes_lost("service_category", "eye_education", share),
        (30, 60, 100),
    ),
    *at_rates(
        "fen_for_yuan",
        "amounts in fen instead of yuan, in {rate}% of the rows",
        (RELIEF,),
        lambda share: times("amount_yuan", 100, share),
        (10, 30, 100),
    ),
    *at_rates(
        "hours_for_minutes",
        "durations in hours instead of minutes, in {rate}% of the rows",
        (COUNSELLING,),
        lambda share: times("duration_minutes", 1 / 60, share),
        (10, 30, 100),
    ),
    *at_rates(
        "yearly_for_monthly",
        "yearly wages instead of monthly, in {rate}% of the rows",
        (POSTINGS,),
        lambda share: times("monthly_wage_min", 12, share),
        (10, 30, 100),
    ),
    *at_rates(
        "codes_moved_category",
        "codes of the service categories moved by one, in {rate}% of the rows",
        (MATERNITY,),
        lambda share: codes_moved("service_category", CATEGORIES, share),
        (10, 30, 100),
    ),
    *at_rates(
        "codes_moved_county",
        "codes of the counties moved by one, in {rate}% of the rows",
        (EYE, MATERNITY, VOUCHERS, REGISTER, INSPECTIONS),
        lambda share: codes_moved("organisation_code", COUNTIES, share),
        (10, 30, 100),
    ),
    *at_rates(
        "default_county",
        "a default for the union, in {rate}% of the rows",
        (EYE, MATERNITY, VOUCHERS),
        lambda share: default_taken("organisation_code", "220102", share),
        (10, 30, 100),
    ),
    *at_rates(
        "voucher_emptied",
        "voucher number left out, in {rate}% of the rows",
        (EYE, MATERNITY),
        lambda share: emptied("voucher_id", share),
        (10, 30, 100),
    ),
    *at_rates(
        "redemption_emptied",
        "{rate}% of the redemptions not noted by the mini-program",
        (VOUCHERS,),
        lambda share: emptied("redeemed_on", share),
        (10, 50, 100),
    ),
    *at_rates(
        "entered_twice",
        "{rate}% of the rows twice, numbered anew",
        (EYE, MATERNITY),
        lambda share: entered_twice("health_services", share),
        (5, 20, 100),
    ),
    *at_rates(
        "night_again",
        "{rate}% of the night before once more, numbered anew",
        (EYE, MATERNITY),
        lambda share: night_before_again("health_services", share),
        (10, 50, 100),
    ),
    *at_rates(
        "default_creeps",
        "a default for the union in {rate} hundredths of the rows more each night",
        (MATERNITY, VOUCHERS),
        lambda share: default_creeping("organisation_code", "220102", share),
        (0.5, 1, 2),
    ),
    *at_rates(
        "rows_dwindle",
        "{rate} hundredths of the rows more lost each night",
        (MATERNITY, VOUCHERS),
        rows_dwindling,
        (0.5, 1, 2),
    ),
    *at_rates(
        "shrinks_again",
        "a delivery sent again with {rate}% of the rows missing",
        (MATERNITY, VOUCHERS, COUNSELLING),
        some_rows_lost,
        (5, 20, 50),
        is_redelivery=True,
    ),
    *at_rates(
        "reopened_silently",
        "{rate}% of the cases closed the night before worked on again, not reopened",
        (EVENTS,),
        reopened_silently,
        (20, 50, 100),
    ),
)
