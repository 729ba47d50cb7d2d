"""Where the header of a table stands, and which of its columns holds which column of the contract."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker_services.contracts import Contract
from worker_services.landing.reading.delivered import UnreadableDelivery
from worker_services.partners.registry import Feed

PREAMBLE_ROWS = 50  # how far down a header may stand
_RESEMBLES = 0.4  # from which share of equal characters a name is suggested as another one's successor


@dataclass(frozen=True)
class Header:
    """A header found among a table's first rows: `height` rows (1, or 2 where merged) from row `first` (0-based).

    `names` are one a column, normalised, '' where there is none. `rows` are its own rows and `preamble` those above it,
    normalised; `labels` and `titles` are their cells as they came, to find them by when they stand there again.
    """

    first: int
    height: int
    names: tuple[str, ...]
    rows: frozenset[tuple[str, ...]]
    preamble: frozenset[str]
    labels: frozenset[str]
    titles: frozenset[str]

    @property
    def end(self) -> int:
        return self.first + self.height


def find_header(leading: Sequence[Sequence[str]], feed: Feed, merged: bool = False) -> Header | None:
    """The row among the first rows that holds most of the mapped names, and at least half of them.

    `merged`: the table may have a header of two rows, whose upper names stand above all the columns they span.
    """
    rows = [tuple(map(normal, cells)) for cells in leading[:PREAMBLE_ROWS]]
    best: tuple[tuple[int, int], int, int, tuple[str, ...]] | None = None
    for first, row in enumerate(rows):
        choices = [(1, row)]
        if first + 1 < len(rows) and (merged or not all(row)):
            choices.append((2, _two_rows(row, rows[first + 1])))
        for height, names in choices:
            score = (_names_found(names, feed), -height)
            if best is None or score > best[0]:
                best = (score, first, height, names)
    if best is None or not is_header(best[3], feed):
        return None
    _, first, height, names = best
    return Header(
        first=first,
        height=height,
        names=names,
        rows=frozenset(rows[first : first + height]),
        preamble=frozenset("".join(row) for row in rows[:first]) - {""},
        labels=_stripped(leading[first : first + height]),
        titles=_stripped(leading[:first]),
    )


def is_header(cells: Iterable[str], feed: Feed) -> bool:
    """Whether normalised cells hold at least half of the mapped names."""
    return _names_found(cells, feed) * 2 >= len(feed.columns)


def no_header(feed: Feed, where: str = "") -> UnreadableDelivery:
    expected = [aliases[0] for aliases in feed.columns.values()]
    return UnreadableDelivery(
        f"{where and f'“{where}”'}未找到表头：前 {PREAMBLE_ROWS} 行中没有一行包含约定列名的一半以上。"
        f"约定列名为：{'、'.join(expected)}。"
        "请核对导出模板后重新交付；数据组亦可在合作单位配置中更新列名映射。",
        f"{where and f'{where}: '}no header found in the first {PREAMBLE_ROWS} rows; expected the columns "
        f"{', '.join(expected)}; ask for a delivery by the agreed template, "
        "or update the mapping in the partner's file",
        "columns",
    )


def positions(names: Sequence[str], feed: Feed, contract: Contract) -> dict[str, int]:
    """Where each mapped contract column stands; an optional one may be absent.

    Raises UnreadableDelivery when a required one is absent, or any mapped one is there twice.
    """
    found, lost = {}, []
    for column, aliases in feed.columns.items():
        standing = next((normal(alias) for alias in aliases if normal(alias) in names), None)
        if standing is not None:
            found[column] = names.index(standing)
        elif contract.column(column).required:
            lost.append(column)
    if lost:
        raise absent_columns(lost, unknown_names(names, feed), feed)
    twice = [names[position] for position in found.values() if names.count(names[position]) > 1]
    if twice:
        raise UnreadableDelivery(
            f"列名重复：{'、'.join(dict.fromkeys(twice))}，无法确定以哪一列为准。请合作单位更正后重新交付。",
            f"columns stand twice: {', '.join(dict.fromkeys(twice))}; ask the partner for a corrected delivery",
            "columns",
        )
    return found


def absent_columns(columns: Sequence[str], unknown: Sequence[str], feed: Feed) -> UnreadableDelivery:
    """The fault of a delivery without these required columns; it suggests which unknown one may have replaced which."""
    absent = [feed.columns[column][0] for column in columns]
    pairs = [
        (column, feed.columns[column][0], likely)
        for column in columns
        if (likely := _likely_successor(feed.columns[column], unknown))
    ]
    hint_zh = "".join(f"“{old}”可能已更名为“{new}”（columns.{column} 增列该名即可）。" for column, old, new in pairs)
    hint_en = "".join(
        f"; '{old}' may now be called '{new}' (add it under columns.{column})" for column, old, new in pairs
    )
    return UnreadableDelivery(
        f"缺少约定的列：{'、'.join(absent)}。文件中未登记的列：{'、'.join(unknown) or '无'}。{hint_zh}"
        "若为列名变更，请数据组更新合作单位配置中的列名映射；否则请合作单位按约定模板重新交付。",
        f"agreed columns are absent: {', '.join(absent)}; columns nobody knows: {', '.join(unknown) or 'none'}{hint_en}"
        "; if they were renamed, update the mapping in the partner's file; otherwise ask for a new delivery",
        "columns",
    )


def unknown_names(names: Iterable[str], feed: Feed) -> list[str]:
    """Names that the mapping does not know, for a message or a manifest; what could be a person's number is masked."""
    known = {normal(alias) for aliases in feed.columns.values() for alias in aliases}
    unknown = (name for name in names if name and normal(name) not in known)
    return list(dict.fromkeys(re.sub(r"\d{5,}", "…", name) for name in unknown))


def resembling(name: str, others: Iterable[str], share: float = _RESEMBLES) -> str | None:
    """The name most like the given one, if any is like it enough."""
    likeliest = difflib.get_close_matches(name, list(others), n=1, cutoff=share)
    return likeliest[0] if likeliest else None


def normal(text: str) -> str:
    """A header or label without what comes by chance: width, surrounding and inner spaces, line breaks, controls."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", "", unicodedata.normalize("NFKC", text))


def _stripped(rows: Iterable[Sequence[str]]) -> frozenset[str]:
    return frozenset(cell.strip() for row in rows for cell in row) - {""}


def _likely_successor(aliases: Sequence[str], unknown: Sequence[str]) -> str | None:
    if len(unknown) == 1:
        return unknown[0]
    return next((found for alias in aliases if (found := resembling(normal(alias), unknown))), None)


def _names_found(cells: Iterable[str], feed: Feed) -> int:
    there = set(cells)
    return sum(any(normal(alias) in there for alias in aliases) for aliases in feed.columns.values())


def _two_rows(upper: tuple[str, ...], lower: tuple[str, ...]) -> tuple[str, ...]:
    """The lower names; the upper one where there is no lower, and both where the lower alone stands more than once."""
    upper += ("",) * (len(lower) - len(upper))
    lower += ("",) * (len(upper) - len(lower))
    counts = Counter(lower)
    return tuple(
        below if below and (counts[below] == 1 or above == below) else above + below
        for above, below in zip(upper, lower, strict=True)
    )
