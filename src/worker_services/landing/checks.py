"""Rows against their contract: what is accepted, typed and free of personal data; what is held, and why."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from worker_services.contracts import Column, Contract, load_code_list
from worker_services.intervals import Interval
from worker_services.landing.reading import RawTable
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

_HALF_WIDTH = str.maketrans(FULL_WIDTH, HALF_WIDTH)


@dataclass(frozen=True)
class CheckedRows:
    """`accepted`: the landed columns and `_row_number`. `reasons`: row_number, column_name, rule, value_shape; one row
    for each broken rule. `held`: row_number and the whole row as it came, which may hold personal data."""

    accepted: pa.Table
    reasons: pa.Table
    held: pa.Table


class RulesNotRun(Exception):
    """The engine could not run the rules: a fault of ours. Its own message is left out, since it may quote a cell."""


def check(raw: RawTable, feed: Feed, contract: Contract, interval: Interval, secrets: Secrets) -> CheckedRows:
    """Apply the contract's row rules. Nothing is written, and nothing spills to disk. Raises RulesNotRun."""
    try:
        return _check(raw, feed, contract, interval, secrets)
    except duckdb.Error as error:
        raise RulesNotRun(f"{contract.feed} {interval}: {type(error).__name__} in the row rules") from None


def _check(raw: RawTable, feed: Feed, contract: Contract, interval: Interval, secrets: Secrets) -> CheckedRows:
    inner_pad, outer_pad = hmac_pads(secrets.worker_key_secret)
    with duckdb.connect(config={"temp_directory": ""}) as engine:
        engine.execute("set timezone = 'Asia/Shanghai'")
        engine.register("delivered", raw.table)
        engine.register("ragged", _ragged(raw))
        engine.execute(f"create temp table cleaned as {_cleaned_sql(feed, contract)}")
        engine.execute(f"create temp table judged as {_judged_sql(contract, interval)}")
        accepted = engine.execute(
            _accepted_sql(contract),
            {"inner_pad": inner_pad, "outer_pad": outer_pad} if _has_worker(contract) else {},
        ).to_arrow_table()
        reasons = engine.execute(
            """
            select _row_number as row_number, reason.column_name, reason.rule, reason.value_shape
            from (select _row_number, unnest(reasons) as reason from judged)
            union all
            select row_number, '' as column_name, 'ragged_row' as rule, cells || '/' || expected_cells as value_shape
            from ragged
            order by row_number, column_name
            """
        ).to_arrow_table()
        held = engine.execute(
            """
            select _row_number as row_number, _whole as whole from judged where len(reasons) > 0
            union all select row_number, text as whole from ragged
            order by row_number
            """
        ).to_arrow_table()
    return CheckedRows(accepted=accepted, reasons=reasons, held=held)


def _ragged(raw: RawTable) -> pa.Table:
    return pa.table(
        {
            "row_number": pa.array([row.row_number for row in raw.ragged], pa.int64()),
            "cells": pa.array([row.cells for row in raw.ragged], pa.int64()),
            "expected_cells": pa.array([row.expected_cells for row in raw.ragged], pa.int64()),
            "text": pa.array([row.text for row in raw.ragged], pa.string()),
        }
    )


def _cleaned_sql(feed: Feed, contract: Contract) -> str:
    """Cleaned text cells `c_<column>` and typed values `v_<column>`; columns the partner does not send are NULL."""
    texts, values = [], []
    for column in contract.columns:
        if column.name in feed.columns:
            delivered = f'"{column.name}"'
            texts.append(f'{clean(column, delivered)} as "c_{column.name}"')
        else:
            constant = feed.constants.get(column.name)
            texts.append(f'{_literal(constant) if constant else "null::varchar"} as "c_{column.name}"')
        cell = f'"c_{column.name}"'
        value = _coded(column, cell, feed) if column.code_list else typed(column, cell)
        values.append(f'{value} as "v_{column.name}"')
    return (
        f"with texts as (select _row_number, _whole, {', '.join(texts)} from delivered) "
        f"select *, {', '.join(values)} from texts"
    )


def _coded(column: Column, cell: str, feed: Feed) -> str:
    spellings = {**load_code_list(column.code_list or ""), **feed.codes.get(column.name, {})}
    plain = {"".join(text.translate(_HALF_WIDTH).split()): code for text, code in spellings.items()}
    keys = ", ".join(_literal(text) for text in plain)
    codes = ", ".join(_literal(code) for code in plain.values())
    return f"map([{keys}], [{codes}])[{cell}]"


def _judged_sql(contract: Contract, interval: Interval) -> str:
    last_day = f"date '{interval.last_day}'"
    rules = []
    for column in contract.columns:
        cell, value = f'"c_{column.name}"', f'"v_{column.name}"'
        if column.privacy == "drop" and not column.required:
            rule = f"if({is_unreadable(cell)}, 'unreadable_text', null)"
        else:
            rule = broken_rule(column, cell, value, last_day)
        rules.append(_struct(column.name, rule, cell))
    for order in contract.date_orders:
        rule = f"""if("v_{order.earlier}" > "v_{order.later}", 'field_order', null)"""
        rules.append(_struct(order.later, rule, f'"c_{order.later}"'))
    everything = ", ".join(f'"c_{column.name}"' for column in contract.columns)
    key = ", ".join(f'"c_{name}"' for name in contract.key)
    version = '"v_updated_at"'
    return f"""
        with reasoned as (
            select *, list_filter([{", ".join(rules)}], lambda reason: reason.rule is not null) as own_reasons
            from cleaned
        ),
        copies as (
            select
                *,
                row_number() over (partition by len(own_reasons) = 0, {everything} order by _row_number) as copy_number
            from reasoned
        ),
        versions as (
            select
                *,
                count(*) filter (where copy_number = 1)
                    over (partition by len(own_reasons) = 0, {key}, {version}) as versions_at_once
            from copies
        )
        select
            * exclude (own_reasons, copy_number, versions_at_once),
            case
                when len(own_reasons) > 0 then own_reasons
                when versions_at_once > 1 then [{_struct(contract.key[0], "'duplicate_key'", f'"c_{contract.key[0]}"')}]
                when copy_number > 1 then [{_struct(contract.key[0], "'duplicate_row'", f'"c_{contract.key[0]}"')}]
                else own_reasons
            end as reasons
        from versions
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
    return f"select {', '.join(picked)}, _row_number from judged where len(reasons) = 0 order by _row_number"


def _has_worker(contract: Contract) -> bool:
    return any(column.privacy == "pseudonymise" for column in contract.columns)


def _struct(column: str, rule: str, cell: str) -> str:
    return f"{{'column_name': '{column}', 'rule': {rule}, 'value_shape': {value_shape(cell)}}}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
