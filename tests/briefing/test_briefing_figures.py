from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_services.briefing.figures import print_number
from worker_services.briefing.verify import _write

MART_VALUES = st.decimals(min_value="-99999999", max_value="99999999", places=4)


@pytest.mark.parametrize(
    ("value", "notation", "decimals", "sign", "printed"),
    [
        ("31204", "count", 0, "plain", "31,204"),
        ("999.5", "count", 0, "plain", "1,000"),
        ("2.5", "count", 0, "plain", "3"),
        ("0", "count", 0, "signed", "0"),
        ("0.9315", "percent", 1, "plain", "93.2%"),
        ("1.0600", "percent", 1, "plain", "106.0%"),
        ("-0.0004", "points", 1, "signed", "0.0"),
        ("-0.0005", "points", 1, "signed", "−0.1"),
        ("0.0123", "points", 1, "signed", "+1.2"),
        ("-1234", "count", 0, "magnitude", "1,234"),
        ("-1234", "count", 0, "signed", "−1,234"),
        ("12.345", "count", 2, "plain", "12.35"),
    ],
)
def test_a_number_is_rounded_half_up_once(value, notation, decimals, sign, printed):
    assert print_number(Decimal(value), notation, decimals, sign) == printed


@given(
    MART_VALUES,
    st.sampled_from([("count", ""), ("percent", "%"), ("points", "points")]),
    st.integers(0, 3),
    st.sampled_from(["plain", "signed", "magnitude"]),
)
def test_the_verifier_comes_to_the_same_text_on_its_own(value, notation, decimals, sign):
    name, style = notation
    decimals = decimals if name == "count" else 1
    assert _write(value, f"{decimals}{style} {'' if sign == 'plain' else sign}") == print_number(
        value, name, decimals, sign
    )
