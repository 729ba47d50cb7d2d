"""Identifiers are valid in form, by an implementation of the standards that is not ours, and all different."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from simulators.people import Employers, Workers, citizen_id_check, credit_code_check, make_employers, make_workers


@pytest.fixture(scope="module")
def employers() -> Employers:
    return make_employers(np.random.default_rng(1), 200)


@pytest.fixture(scope="module")
def workers(employers: Employers) -> Workers:
    return make_workers(np.random.default_rng(2), employers, 4000)


def test_citizen_ids_are_valid_and_say_the_right_sex(workers: Workers) -> None:
    for number, is_woman in zip(workers.citizen_id[:800], workers.is_woman[:800], strict=True):
        ric.validate(number)
        assert (int(number[16]) % 2 == 0) == is_woman
    assert len(set(workers.citizen_id)) == 4000


def test_ids_lie_in_the_synthetic_space(workers: Workers, employers: Employers) -> None:
    assert all(number.startswith("220100") for number in workers.citizen_id)
    assert all(re.fullmatch(r"19900\d{6}", phone) for phone in workers.phone)
    assert all(code[8:12] == "XXXX" for code in employers.credit_code)


def test_credit_codes_are_valid_and_different(employers: Employers) -> None:
    for code in employers.credit_code:
        uscc.validate(code)
    assert len(set(employers.credit_code)) == 200


@given(st.text("0123456789", min_size=17, max_size=17))
def test_check_character_of_a_citizen_id(body: str) -> None:
    assert str(citizen_id_check(np.array([body]))[0]) == ric.calc_check_digit(body + "0")


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_check_character_of_a_credit_code(body: str) -> None:
    assert credit_code_check(body) == uscc.calc_check_digit(body)
