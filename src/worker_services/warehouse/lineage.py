"""Column-level lineage: what each column of a model is made of, read off its compiled SQL, and followed to its ends."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.schema import MappingSchema

DIALECT = "duckdb"
ROWS = "*"
"""Stands for the rows of a relation, where they are counted or numbered and no column says by what."""

Relations = Mapping[str, Mapping[str, str]]
"""Name (schema.relation) of every relation, with its columns and their types."""


@dataclass(frozen=True)
class Origin:
    """What a column is made of, one step back: names schema.relation.column, with ROWS for a column.

    `told_by` are relations whose rows are counted or numbered for it, or looked for. Of neither: it is a constant of
    the model. `unresolved` says why that could not be told.
    """

    made_of: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    unresolved: str | None = None


Lineage = dict[str, dict[str, Origin]]
"""For every model (schema.relation) each of its columns, and ROWS: the relations that the model reads."""


def of_models(compiled: Mapping[str, str], relations: Relations) -> Lineage:
    """The lineage of models, given the compiled SQL of each."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    schema = MappingSchema(_nested(relations), dialect=DIALECT)
    return {name: _of_model(sql, relations.get(name, {}), schema) for name, sql in compiled.items()}


def ends(found: Lineage, column: str) -> frozenset[str]:
    """The columns outside all models (of landing, of seeds) that a column comes of; none for a constant.

    Where no value goes into a column, but it is told by rows, those.
    """
    values = frozenset(name for name, origin in walk(found, column) if origin is None)
    return values or frozenset(name for name, origin in walk(found, column, with_rows=True) if origin is None)


def unresolved(found: Lineage, column: str) -> dict[str, str]:
    """The columns on the way of a column for which it could not be told what they are made of, and why."""
    ways = walk(found, column, with_rows=True)
    return {name: origin.unresolved for name, origin in ways if origin is not None and origin.unresolved}


def walk(found: Lineage, column: str, *, with_rows: bool = False) -> Iterator[tuple[str, Origin | None]]:
    """A column and all that it comes of, each once, nearest first; None stands beside those outside all models.

    Rows that a column is told by are followed where no other column goes into it, or all of them.
    """
    ahead, seen = [column], {column}
    for name in ahead:
        relation, _, its_column = name.rpartition(".")
        origin = found[relation].get(its_column, Origin(unresolved="no such column")) if relation in found else None
        yield name, origin
        parents = (*origin.made_of, *(origin.told_by if with_rows or not origin.made_of else ())) if origin else ()
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                ahead.append(parent)


def _of_model(sql: str, columns: Mapping[str, str], schema: MappingSchema) -> dict[str, Origin]:
    try:
        query = parse_one(sql, dialect=DIALECT)
        tables = _tables(query)
        rows = tuple(sorted(f"{table}.{ROWS}" for table in tables))
        nodes = lineage(None, query, schema, dialect=DIALECT, trim_selects=False, copy=False)
    except (SqlglotError, ValueError) as error:
        reason = f"the SQL could not be read: {type(error).__name__}"
        return dict.fromkeys((*columns, ROWS), Origin(unresolved=reason))
    return {name: _origin(node, rows) for name, node in nodes.items()} | {ROWS: Origin(told_by=rows)}


def _origin(node: Node, rows: tuple[str, ...]) -> Origin:
    made_of: set[str] = set()
    is_told_by_rows = False
    for each in node.walk():
        if isinstance(each.expression, exp.Table):
            column = each.name.rpartition(".")[2]
            if not isinstance(each.expression.this, exp.Identifier):
                continue  # a function that makes rows of its own
            if column == ROWS:
                return Origin(unresolved="a star that could not be expanded")
            made_of.add(f"{_name(each.expression)}.{column}")
        elif isinstance(each.expression, exp.Placeholder):
            return Origin(unresolved=f"{each.name} is read from something that is no relation")
        elif each.expression.find(exp.AggFunc, exp.Window, exp.Is):
            is_told_by_rows = True
    return Origin(tuple(sorted(made_of)), rows if is_told_by_rows else ())


def _tables(query: exp.Expr) -> set[str]:
    """The relations that a query reads: what is named with its schema is no CTE."""
    return {_name(table) for table in query.find_all(exp.Table) if table.db}


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}" if table.db else table.name


def _nested(relations: Relations) -> dict[str, object]:
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in relations.items():
        schema, _, relation = name.partition(".")
        nested.setdefault(schema, {})[relation] = dict(columns)
    return dict(nested)
