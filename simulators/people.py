"""Synthetic workers and employers: identifiers that are valid in form and belong to nobody.

Citizen IDs carry the area code 220100 (the city as a whole), which stands on no real card: cards are issued by
county-level areas. Credit codes carry an organisation number that begins with XXXX. Phones begin with 19900.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.vocabulary import ORGANISATIONS

Texts = NDArray[np.object_]
Integers = NDArray[np.int64]

AREA_CODE = "220100"
EMPLOYERS = 640
WORKERS = 90_000

_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = np.array(list("10X98765432"))
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SURNAMES = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
_GIVEN = list("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌宇浩凯健俊帆雪琳晨欣怡婷鑫瑞博")
_RARE = list("䶮㛃𠮷堃喆")  # two bytes, four bytes and beyond the basic plane in GB 18030
_TRADES = [
    "机械制造",
    "汽车零部件",
    "建筑工程",
    "物流运输",
    "商贸",
    "餐饮服务",
    "电子科技",
    "食品加工",
    "物业服务",
    "医药",
]
_SYLLABLES = list("华盛鼎泰恒瑞兴隆嘉禾远航金源博雅鑫达宏图吉祥天成")


@dataclass(frozen=True)
class Employers:
    """One row an employer; `organisation` indexes vocabulary.ORGANISATIONS."""

    credit_code: Texts
    name: Texts
    organisation: Integers


@dataclass(frozen=True)
class Workers:
    """One row a worker; `organisation` indexes vocabulary.ORGANISATIONS, `employer` the employers."""

    citizen_id: Texts
    name: Texts
    phone: Texts
    is_woman: NDArray[np.bool_]
    organisation: Integers
    employer: Integers


def citizen_id_check(bodies: NDArray[np.str_]) -> NDArray[np.str_]:
    """Check characters for 17-digit bodies (GB 11643-1999: ISO 7064 MOD 11-2)."""
    digits = np.ascontiguousarray(bodies).view("U1").reshape(len(bodies), 17).astype(np.int64)
    return np.asarray(_ID_CHECKS[(digits @ _ID_WEIGHTS) % 11])


def organisation_number_check(body: str) -> str:
    """Check character of an 8-character organisation number (GB 11714-1997)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(int(c, 36) * w for c, w in zip(body, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_code_check(body: str) -> str:
    """Check character of a 17-character unified social credit code (GB 32100-2015)."""
    total = sum(_CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31]


def make_employers(rng: np.random.Generator, count: int = EMPLOYERS) -> Employers:
    """Employers spread over the organisations by membership."""
    shares = np.array([o.members for o in ORGANISATIONS])
    codes, names = [], []
    for number in range(count):
        tail = "".join(_CREDIT_ALPHABET[number // 31**p % 31] for p in (3, 2, 1, 0))
        body = f"91{AREA_CODE}XXXX{tail}" + organisation_number_check(f"XXXX{tail}")
        codes.append(body + credit_code_check(body))
        syllables = rng.choice(_SYLLABLES, 2, replace=False)
        names.append(f"长春{syllables[0]}{syllables[1]}{rng.choice(_TRADES)}有限公司（演示{number + 1:03d}）")
    names[7] = names[7].replace("长春", "长春𠮷", 1)
    organisation = rng.choice(len(ORGANISATIONS), count, p=shares / shares.sum())
    organisation[: len(ORGANISATIONS)] = np.arange(len(ORGANISATIONS))  # every organisation has one at least
    return Employers(np.array(codes, object), np.array(names, object), organisation)


def make_workers(rng: np.random.Generator, employers: Employers, count: int = WORKERS) -> Workers:
    """Workers aged 17 to 67 in 2025, each at one employer, with citizen IDs all different."""
    shares = np.array([o.members for o in ORGANISATIONS])
    per_employer = shares[employers.organisation] / np.bincount(employers.organisation)[employers.organisation]
    employer = rng.choice(len(employers.name), count, p=per_employer / per_employer.sum())
    is_woman = rng.random(count) < 0.54
    age = rng.normal(40, 10.5, count)
    age = np.where(age < 17.5, 35 - age, np.where(age > 67, 134 - age, age)).clip(17.5, 67)
    birth = np.datetime64("2025-06-30") - (age * 365.25).astype("timedelta64[D]")
    birthdays = np.char.replace(np.datetime_as_string(birth), "-", "")
    # the running number within a birthday keeps IDs apart; its last digit is odd for men, even for women
    order = np.argsort(birth, kind="stable")
    _, starts = np.unique(birth[order], return_index=True)
    within = np.empty(count, np.int64)
    within[order] = np.arange(count) - np.repeat(starts, np.diff(np.append(starts, count)))
    sequence = np.char.zfill((2 * within + np.where(is_woman, 0, 1) + 100).astype("U3"), 3)
    bodies = np.char.add(np.char.add(AREA_CODE, birthdays), sequence)
    ids = np.char.add(bodies, citizen_id_check(bodies))
    given = np.array(_GIVEN, "U2")
    first = given[rng.integers(len(given), size=count)]
    rare = rng.random(count) < 0.004
    first[rare] = np.array(_RARE)[rng.integers(len(_RARE), size=int(rare.sum()))]
    second = np.where(rng.random(count) < 0.7, given[rng.integers(len(given), size=count)], "")
    surname = np.array(_SURNAMES)[rng.integers(len(_SURNAMES), size=count)]
    names = np.char.add(np.char.add(surname, first), second)
    phones = np.char.add("19900", np.char.zfill(rng.permutation(count).astype("U6"), 6))
    return Workers(
        ids.astype(object),
        names.astype(object),
        phones.astype(object),
        is_woman,
        employers.organisation[employer],
        employer,
    )
