"""Rows against their contract: what is accepted, typed and free of personal data; what is held, and why."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from worker_services.contracts import Column, Contract, load_code_list
from worker_services.intervals import Interval
from worker_services.landing import spool
from worker_services.landing.reading import Delivered
from worker_services.landing.rules import (
    FULL_WIDTH,
    HALF_WIDTH,
    broken_rule,
    clean,
    is_unreadable,
    typed,
    value_shape,
)
from worker_services.partners.registry import Feed
from worker_services.privacy.pseudonyms import age_band_sql, hmac_pads, sex_sql, worker_key_sql
from worker_services.secrets import Secrets
from worker_services.sql_literals import quoted, quoted_list

WAIVABLE = frozenset(
    {"duplicate_row", "duplicate_key", "out_of_range", "future_date", "field_order", "pattern_mismatch", "clock_skew"}
)
"""Rules that a steward may set aside for a row: its cells are readable, typed and known all the same."""

ROWS_A_BATCH = 50_000
_HALF_WIDTH = str.maketrans(FULL_WIDTH, HALF_WIDTH)


class RulesNotRun(Exception):
    """The engine could not run the rules: a fault of ours. Its own message is left out, since it may quote a cell."""


@dataclass(frozen=True)
class CheckedRows:
    """The rows of one delivery, judged; read from the engine while the block of `check` is open, at any size.

    `accepted`: rows that keep every rule. `held`: rows that break one.
    """

    engine: duckdb.DuckDBPyConnection
    contract: Contract
    secrets: Secrets
    accepted: int
    held: int

    def accepted_rows(self) -> pa.RecordBatchReader:
        """The landed columns, without personal data, and `_row_number`; by row."""
        return self.engine.execute(_accepted_sql(self.contract), _pads(self.contract, self.secrets)).to_arrow_reader(
            ROWS_A_BATCH
        )

    def accepted_row_numbers(self) -> list[int]:
        """Which rows are accepted, in order."""
        return [number for (number,) in self.engine.execute("select _row_number from accepted order by all").fetchall()]

    def reasons(self) -> pa.RecordBatchReader:
        """row_number, place, line_number, column_name, rule, value_shape: one row for each broken rule; by row."""
        return self.engine.execute(
            """
            select
                _row_number as row_number, _place as place, _line as line_number,
                reason.column_name as column_name, reason.rule as rule, reason.value_shape as value_shape
            from (select _row_number, unnest(reasons) as reason from broken) as each_reason
            inner join delivered using (_row_number)
            order by row_number, column_name
            """
        ).to_arrow_reader(ROWS_A_BATCH)

    def held_rows(self) -> pa.RecordBatchReader:
        """row_number, place, line_number and `whole`: the row as it came, as JSON, personal data and all; by row."""
        return self.engine.execute(
            """
            select _row_number as row_number, _place as place, _line as line_number, _whole as whole
            from delivered semi join broken using (_row_number)
            order by row_number
            """
        ).to_arrow_reader(ROWS_A_BATCH)

    def worker_key_links(self) -> pa.Table:
        """old_key, new_key: what each worker of the accepted rows was called under the secrets before this one."""
        links = []
        for column in _workers(self.contract):
            for previous in self.secrets.previous_worker_key_secrets:
                old_inner, old_outer = hmac_pads(previous)
                new_inner, new_outer = hmac_pads(self.secrets.worker_key_secret)
                cell = f'"c_{column.name}"'
                links.append(
                    self.engine.execute(
                        f"select distinct {worker_key_sql(cell, 'old_')} as old_key, "
                        f"{worker_key_sql(cell)} as new_key from accepted where {cell} is not null order by all",
                        {
                            "old_inner_pad": old_inner,
                            "old_outer_pad": old_outer,
                            "inner_pad": new_inner,
                            "outer_pad": new_outer,
                        },
                    ).to_arrow_table()
                )
        return pa.concat_tables(links) if links else pa.table({"old_key": [], "new_key": []})


@contextmanager
def check(
    delivered: Delivered,
    feed: Feed,
    contract: Contract,
    interval: Interval,
    secrets: Secrets,
    waived: Collection[str] = (),
) -> Iterator[CheckedRows]:
    """Apply the contract's row rules, but those `waived`. Memory has a ceiling, and what spills is encrypted.

    Raises UnreadableDelivery and VaultDamaged for what comes to light while the delivery is read, RulesNotRun.
    """
    with spool.engine() as engine:
        try:
            _load(engine, delivered)
            engine.execute(f"create view cleaned as {_cleaned_sql(feed, contract)}")
            engine.execute(f"create table ruled as {_ruled_sql(contract, interval)}")
            engine.execute(f"create table broken as {_broken_sql(delivered, contract, interval, waived)}")
            engine.execute(f"insert into broken {_repeated_sql(contract, waived)}")
            engine.execute("create view accepted as select * from cleaned anti join broken using (_row_number)")
            held = _count(engine, "broken")
            yield CheckedRows(engine, contract, secrets, _count(engine, "delivered") - held, held)
        except (duckdb.Error, pa.ArrowException) as error:
            # The engine wraps what goes wrong while it pulls the delivery; the reader remembers it.
            if delivered.summary.fault:
                raise delivered.summary.fault from None
            raise RulesNotRun(f"{contract.feed} {interval}: {type(error).__name__} in the row rules") from None


def _load(engine: duckdb.DuckDBPyConnection, delivered: Delivered) -> None:
    """Table `rows` holds the stream; view `delivered` gives each contract column's cell and the whole row."""
    computed = {column: sql for column, sql in delivered.cells.items() if not re.fullmatch(r'"?\w+"?', sql)}
    extracted = "".join(f', {sql} as "d_{column}"' for column, sql in computed.items())
    engine.register("stream", delivered.batches)
    engine.execute(f"create table rows as select *{extracted} from stream")
    engine.unregister("stream")
    cells = {column: f'"d_{column}"' if column in computed else sql for column, sql in delivered.cells.items()}
    named = "".join(f', {sql} as "d_{column}"' for column, sql in cells.items())
    engine.execute(
        f"create view delivered as select _row_number, _place, _line, _cells{named}, "
        f"if(_cells is null, {delivered.whole}, json_object('_text', _text)) as _whole from rows"
    )


def _cleaned_sql(feed: Feed, contract: Contract) -> str:
    """Cleaned text cells `c_<column>` and typed values `v_<column>`; columns the partner does not send are NULL."""
    texts, values = [], []
    for column in contract.columns:
        if column.name in feed.columns:
            delivered = f'"d_{column.name}"'
            texts.append(f'{clean(column, delivered)} as "c_{column.name}"')
        else:
            constant = feed.constants.get(column.name)
            texts.append(f'{quoted(constant) if constant else "null::varchar"} as "c_{column.name}"')
        cell = f'"c_{column.name}"'
        value = _coded(column, cell, feed) if column.code_list else typed(column, cell, feed.formats.get(column.name))
        values.append(f'{value} as "v_{column.name}"')
    return (
        f"with texts as (select _row_number, {', '.join(texts)} from delivered where _cells is null) "
        f"select *, {', '.join(values)} from texts"
    )


def _coded(column: Column, cell: str, feed: Feed) -> str:
    spellings = {**load_code_list(column.code_list or ""), **feed.codes.get(column.name, {})}
    plain = {"".join(text.translate(_HALF_WIDTH).split()): code for text, code in spellings.items()}
    return f"map({quoted_list(plain)}, {quoted_list(plain.values())})[{cell}]"


def _ruled_sql(contract: Contract, interval: Interval) -> str:
    """`_row_number` and, numbered as in `_rules`, the rule that each cell breaks."""
    picked = ", ".join(f"{rule} as r{number}" for number, (_, rule) in enumerate(_rules(contract, interval)))
    return f"select _row_number, {picked} from cleaned"


def _rules(contract: Contract, interval: Interval) -> list[tuple[str, str]]:
    """Column, and the rule that its cell breaks or NULL, of everything that a row can be judged by alone."""
    last_day = f"date '{interval.last_day}'"
    is_withdrawn = "(\"v_record_status\" is not distinct from 'withdrawn')" if contract.has_withdrawals else "false"
    rules = []
    for column in contract.columns:
        cell, value = f'"c_{column.name}"', f'"v_{column.name}"'
        if column.privacy == "drop" and not column.required:
            rules.append((column.name, f"if({is_unreadable(cell)}, 'unreadable_text', null)"))
        else:
            rules.append((column.name, broken_rule(column, cell, value, last_day, is_withdrawn)))
    orders = [
        (order.later, f"""if("v_{order.earlier}" > "v_{order.later}", 'field_order', null)""")
        for order in contract.date_orders
    ]
    return rules + orders


def _broken_sql(delivered: Delivered, contract: Contract, interval: Interval, waived: Collection[str]) -> str:
    """`_row_number` and `reasons` of each row that breaks a rule by itself."""
    columns = [column for column, _ in _rules(contract, interval)]
    reasons = ", ".join(_struct(column, f"r{number}", f'"c_{column}"') for number, column in enumerate(columns))
    is_broken = " or ".join(f"r{number} is not null" for number in range(len(columns)))
    kept = " and ".join(["reason.rule is not null", *(f"reason.rule <> {quoted(rule)}" for rule in sorted(waived))])
    width = sum(bool(re.fullmatch(r"c\d+", name)) for name in delivered.batches.schema.names)
    return f"""
        select _row_number, reasons
        from (
            select _row_number, list_filter([{reasons}], lambda reason: {kept}) as reasons
            from (select * from ruled where {is_broken}) as ruled
            inner join cleaned using (_row_number)
        ) as judged
        where len(reasons) > 0
        union all
        select
            _row_number,
            [{{'column_name': '', 'rule': 'ragged_row', 'value_shape': _cells || '/{width}'}}] as reasons
        from delivered
        where _cells is not null
    """


def _repeated_sql(contract: Contract, waived: Collection[str]) -> str:
    """Rows that say the same again, and rows that contradict each other: one key, one version, different cells."""
    everything = ", ".join(f'"c_{column.name}"' for column in contract.columns)
    key = ", ".join(f'"c_{name}"' for name in contract.key)
    version = ', "v_updated_at"' if contract.has_versions else ""
    first = contract.key[0]
    contradiction = "false" if "duplicate_key" in waived else "versions_at_once > 1"
    repetition = "false" if "duplicate_row" in waived else "copy_number > 1"
    return f"""
        with good as (
            select * from cleaned anti join broken using (_row_number)
        ),
        repeated as (
            select {key} from good group by {key} having count(*) > 1
        ),
        copies as (
            select *, row_number() over (partition by {everything} order by _row_number) as copy_number
            from good semi join repeated using ({key})
        ),
        versions as (
            select *, count(*) filter (where copy_number = 1) over (partition by {key}{version}) as versions_at_once
            from copies
        )
        select
            _row_number,
            [{_struct(first, f"if({contradiction}, 'duplicate_key', 'duplicate_row')", f'"c_{first}"')}] as reasons
        from versions
        where {contradiction} or {repetition}
    """


def _accepted_sql(contract: Contract) -> str:
    first_day = next(column.name for column in contract.columns if column.logical_type in ("date", "timestamp"))
    picked = []
    for column in contract.columns:
        if column.privacy == "keep":
            picked.append(f'"v_{column.name}" as "{column.published_name}"')
        elif column.privacy == "pseudonymise":
            cell, day = f'"c_{column.name}"', f'"v_{first_day}"::date'
            picked.append(f'{worker_key_sql(cell)} as "{column.published_name}"')
            derivations = {"age_band": age_band_sql(cell, day), "sex": sex_sql(cell)}
            picked += [f'{derivations[name]} as "{name}"' for name in column.derived]
    return f"select {', '.join(picked)}, _row_number from accepted order by _row_number"


def _pads(contract: Contract, secrets: Secrets) -> dict[str, bytes]:
    if not _workers(contract):
        return {}
    inner_pad, outer_pad = hmac_pads(secrets.worker_key_secret)
    return {"inner_pad": inner_pad, "outer_pad": outer_pad}


def _workers(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if column.privacy == "pseudonymise"]


def _count(engine: duckdb.DuckDBPyConnection, relation: str) -> int:
    (count,) = engine.execute(f"select count(*) from {relation}").fetchall()[0]
    return int(count)


def _struct(column: str, rule: str, cell: str) -> str:
    return f"{{'column_name': '{column}', 'rule': {rule}, 'value_shape': {value_shape(cell)}}}"
