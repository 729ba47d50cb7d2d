"""Printed figures that have changed since, and the batches that each of them names, by hand."""

from datetime import date
from decimal import Decimal

import pytest

from tests.warehouse.by_hand.printed import FIGURES, REPLACED, Cause
from tests.warehouse.fixed_landing import Build


@pytest.mark.parametrize(
    ("metric", "scope_type", "scope_code", "week", "figure", "then", "now", "because_of", "why"),
    FIGURES,
    ids=[f"{row[0]}-{row[2]}-{row[3]}-{row[4]}" for row in FIGURES],
)
def test_a_changed_figure_names_the_batches_that_touch_its_scope(
    fixed: Build,
    metric: str,
    scope_type: str,
    scope_code: str,
    week: str,
    figure: str,
    then: str,
    now: str | None,
    because_of: set[Cause],
    why: str,
) -> None:
    scope = [metric, scope_type, scope_code, f"2025-{week}"]
    found = fixed.query(
        "select printed_value, current_value, batches_added, batches_removed, batches_possible "
        "from marts.rpt_restated_figures "
        "where metric_id = $1 and scope_type = $2 and scope_code = $3 and week_id = $4 and figure = $5",
        [*scope, figure],
    )
    changes = [change for change, _, _ in because_of]
    counts = tuple(changes.count(change) for change in ("added", "removed", "possible"))
    assert found == ([] if now == then else [(Decimal(then), now and Decimal(now), *counts)]), why
    named = fixed.query(
        "select change, partner_id, batch_id from marts.rpt_restatement_batches "
        "where metric_id = $1 and scope_type = $2 and scope_code = $3 and week_id = $4",
        scope,
    )
    assert set(named) == because_of, why


def test_a_batch_that_was_replaced_is_told_like_one_that_stands(fixed: Build) -> None:
    removed = fixed.query(
        "select distinct partner_id, feed, interval_start, interval_end, landed_at "
        "from marts.rpt_restatement_batches where change = 'removed' order by all"
    )
    days = (date(2025, 10, 24), date(2025, 10, 25))
    assert removed == [(partner, feed, *days, None) for partner, feed in sorted(REPLACED)]
