"""Resources of a FHIR bulk export become rows: one row is one anchor resource with the resources linked to it.

A row belongs to the day on which the anchor, or a resource linked to it, last changed. What has changed since the end
of the interval belongs to a later one: such an anchor is left out, such a resource that points at an anchor is not
joined. What the anchor points at is joined as it is now.

Resources that point at an anchor which was not delivered, and lines that are no resource, become rows that the rules
hold: nothing gets lost unseen. An anchor that the partner reports as deleted becomes a row that withdraws it.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from worker_services.contracts import Contract
from worker_services.intervals import Interval
from worker_services.landing import spool
from worker_services.landing.reading.delivered import (
    LEADING_COLUMNS,
    UNTELLABLE,
    Delivered,
    Readable,
    Summary,
    UnreadableDelivery,
    streamed,
)
from worker_services.partners import fhir_path
from worker_services.partners.fhir_path import Filter, Path, Step
from worker_services.partners.registry import Feed, FhirSource
from worker_services.sql_literals import quoted

CHUNK = 1 << 20
LONGEST_LINE = 64 << 20
BATCH_ROWS = 50_000
ENOUGH_ROWS = 20  # FHIR leaves out what is empty: only from so many rows on does a missing element mean anything
_ALSO_EXPECTED = ("Bundle", "Parameters")  # deletions, and what was asked for


def read(raw: Readable, feed: Feed, contract: Contract, interval: Interval) -> Delivered:
    """The rows of one interval. `raw` holds one resource a line. Raises UnreadableDelivery, also while it streams."""
    source = feed.source
    if not isinstance(source, FhirSource):
        raise TypeError(f"{contract.feed} is no FHIR export")
    names = _delivered_names(feed, contract)
    columns = {name: f"c{number}" for number, name in enumerate(names)}
    summary = Summary()
    schema = pa.schema([*LEADING_COLUMNS, *(pa.field(column, pa.string()) for column in columns.values())])
    mapped = {**feed.columns, **({"record_status": (_STATUS,)} if _STATUS in names else {})}
    cells = {
        column: columns[known[0]] if len(known) == 1 else f"coalesce({', '.join(columns[name] for name in known)})"
        for column, known in mapped.items()
    }
    whole = ", ".join(f"{quoted(name)}, {column}" for name, column in columns.items())
    rows = _rows(raw, source, interval, schema, names, feed, summary)
    watched = {column: known for column, known in mapped.items() if not contract.column(column).required}
    return Delivered(
        batches=streamed(schema, _watched(rows, watched, columns, summary), summary),
        cells=cells,
        whole=f"json_object({whole})",
        summary=summary,
    )


_STATUS = "record_status"


def _delivered_names(feed: Feed, contract: Contract) -> list[str]:
    """Every path of the mapping, once; and a name for deletions where the mapping has none."""
    names = list(dict.fromkeys(name for known in feed.columns.values() for name in known))
    return [*names, _STATUS] if contract.has_withdrawals and _STATUS not in feed.columns else names


def _watched(
    rows: Iterator[pa.RecordBatch], watched: dict[str, tuple[str, ...]], columns: dict[str, str], summary: Summary
) -> Iterator[pa.RecordBatch]:
    """The rows, while it is noticed which optional columns none of them has."""
    absent = {column: [columns[name] for name in known] for column, known in watched.items() if column != _STATUS}
    for batch in rows:
        summary.received += batch.num_rows
        for column, delivered in list(absent.items()):
            if any(batch.column(name).null_count < batch.num_rows for name in delivered):
                del absent[column]
        yield batch
    if summary.received >= ENOUGH_ROWS:
        summary.absent = sorted(absent)


def _rows(
    raw: Readable,
    source: FhirSource,
    interval: Interval,
    schema: pa.Schema,
    names: list[str],
    feed: Feed,
    summary: Summary,
) -> Iterator[pa.RecordBatch]:
    with spool.engine() as engine:
        _load(engine, raw)
        known = ", ".join(map(quoted, (*source.types, *_ALSO_EXPECTED)))
        others = engine.execute(f"select distinct type from resources where type not in ({known}) order by type")
        summary.unmapped = [name for (name,) in others.fetchall()]
        _join(engine, source, interval, names)
        engine.execute(f"create table rows as {_rows_sql(source, interval, names, feed)}")
        rows = engine.execute(_ordered_sql(names)).to_arrow_reader(BATCH_ROWS)
        number = 0
        for batch in rows:
            numbers = pa.array(range(number + 1, number + batch.num_rows + 1), pa.int64())
            number += batch.num_rows
            yield batch.set_column(0, "_row_number", numbers).cast(schema)


def _load(engine: duckdb.DuckDBPyConnection, raw: Readable) -> None:
    """Table `resources`: line, type (null: the line is none), id, changed, body."""
    engine.execute(
        """
        create table resources (
            line bigint, type varchar, id varchar, changed struct(moment timestamptz, text varchar), body varchar
        )
        """
    )
    engine.execute(
        """
        create temp macro children(element, place) as
            list_filter(json_extract(element, place || '[*]'), lambda child: json_type(child) <> 'NULL')
            || case
                when coalesce(json_type(element, place), 'NULL') in ('ARRAY', 'NULL') then []::json[]
                else [json_extract(element, place)]
            end
        """
    )
    line = 0
    for bodies in _lines(raw):
        numbers = pa.array(range(line + 1, line + len(bodies) + 1), pa.int64())
        line += len(bodies)
        engine.register("incoming", pa.table({"line": numbers, "body": bodies}))
        engine.execute(
            """
            insert into resources
            select
                line, keys[1], keys[2],
                if(try_cast(keys[3] as timestamptz) is null, null, {'moment': keys[3]::timestamptz, 'text': keys[3]}),
                body
            from (
                select
                    line, body,
                    if(
                        json_valid(body),
                        json_extract_string(body, ['$.resourceType', '$.id', '$.meta.lastUpdated']),
                        null
                    ) as keys
                from incoming
                where trim(body) <> ''
            ) as keyed
            """
        )
        engine.unregister("incoming")


def _lines(raw: Readable) -> Iterator[pa.Array]:
    """Lines, many at a time; a byte that is no UTF-8 makes its line one that is no JSON either."""
    rest = b""
    while chunk := raw.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise UnreadableDelivery(
                f"一条资源超过 {LONGEST_LINE >> 20} MiB，无法读取。请合作单位核对导出格式（应为每行一条资源）。",
                f"a resource is longer than {LONGEST_LINE >> 20} MiB; ask the partner whether each stands on a line",
            )
        if lines:
            yield _texts(lines)
    if rest:
        yield _texts([rest])


def _texts(lines: list[bytes]) -> pa.Array:
    try:
        return pa.array(lines, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_text(line) for line in lines], pa.string())


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return f"\ufffd{line.decode(errors='replace')}"


def _join(engine: duckdb.DuckDBPyConnection, source: FhirSource, interval: Interval, names: list[str]) -> None:
    """Table `anchors` (one a row), and for each link a table `part<n>` of what belongs to an anchor.

    The cells are taken from the bodies at once, `c<n>` of the n-th name, so that no join has to carry bodies.
    """
    reference = quoted(fhir_path.REFERENCE)
    anchor, is_before_end = quoted(source.anchor), f"not coalesce(changed.moment >= {_moment(interval.end)}, false)"
    undelivered, pointing = [], []
    for number, (kind, link) in enumerate(source.links.items()):
        engine.execute(
            f"""
            create table linked{number} as
            select id, line, changed, {_references(link.to) if link.to else "null"} as pointing {_cells(kind, names)}
            from resources semi join (
                select arg_max(line, {_LATER}) as line from resources
                where type = {quoted(kind)} {f"and {is_before_end}" if link.to else ""}
                group by id
            ) as latest using (line)
            """
        )
        if link.to:
            undelivered.append(
                f"select line, target.id as id from (select line, unnest(pointing) as target from linked{number} "
                f"where changed.moment >= {_moment(interval.start)}) as pointers where target.type = {anchor}"
            )
        else:
            pointing.append(f", {_references(link.from_ or '')} as pointing{number}")
    engine.execute(
        f"""
        create table deleted as
        select line, target.id as id, if(moment is null, null, {{'moment': moment, 'text': text}}) as changed
        from (
            select
                line, text, try_cast(text as timestamptz) as moment,
                regexp_extract(json_extract_string(entry, '$.request.url'), {reference}, ['type', 'id']) as target
            from (
                select
                    line, entry,
                    coalesce(json_extract_string(entry, '$.response.lastModified'), changed.text) as text
                from (
                    select line, changed, unnest(json_extract(body, '$.entry[*]')) as entry
                    from resources where type = 'Bundle'
                ) as entries
                where json_extract_string(entry, '$.request.method') = 'DELETE'
            ) as requests
        ) as targets
        where target.type = {anchor}
        """
    )
    engine.execute("create sequence anchor_number")
    engine.execute(
        f"""
        create table anchors as
        with found as (
            select line, id, changed, body, false as is_deleted from resources
            where type = {anchor} and {is_before_end}
            union all
            select line, id, changed, {_stub(anchor)} as body, true as is_deleted from deleted
            where {is_before_end} and not exists (
                select 1 from resources
                where type = {anchor} and resources.id = deleted.id
                    and not coalesce(resources.changed.moment < deleted.changed.moment, false)
            )
            {_without_anchor(undelivered, anchor)}
        )
        select
            nextval('anchor_number') as number, line, id, changed, is_deleted
            {"".join(pointing)} {_cells(source.anchor, names)}
        from found
        """
    )
    for number, (kind, link) in enumerate(source.links.items()):
        if link.to:
            pairs = f"""
                select distinct anchors.number, p.*
                from (select line, unnest(pointing) as target from linked{number}) as pointers
                inner join linked{number} as p using (line)
                inner join anchors on anchors.id = target.id
                where target.type = {anchor}
            """
        else:
            pairs = f"""
                select distinct pointers.number, p.*
                from (select number, unnest(pointing{number}) as target from anchors) as pointers
                inner join linked{number} as p on p.id = target.id
                where target.type = {quoted(kind)}
            """
        picked = "".join(f", arg_max(c{place}, {_LATER}) as c{place}" for place in _places(kind, names))
        engine.execute(
            f"""
            create table part{number} as
            select number, max(changed) filter (where {is_before_end}) as changed {picked}
            from ({pairs}) as pairs
            group by number
            """
        )


_LATER = "{'moment': coalesce(changed.moment, '-infinity'::timestamptz), 'line': line}"
"""Of several resources that are linked, or versions of one, the greatest of these counts."""


def _places(kind: str, names: list[str]) -> list[int]:
    """Which of the names are paths into resources of a type."""
    apart = (fhir_path.ROW_LAST_UPDATED, _STATUS)
    return [n for n, name in enumerate(names) if name not in apart and fhir_path.parse(name).resource == kind]


def _cells(kind: str, names: list[str]) -> str:
    """SQL: the first text that each path into a type finds in `body`."""
    found = {place: _values("[body::json]", fhir_path.parse(names[place])) for place in _places(kind, names)}
    return "".join(
        f", list_filter({texts}, lambda text: text is not null)[1] as c{place}" for place, texts in found.items()
    )


def _without_anchor(undelivered: list[str], anchor: str) -> str:
    """Anchors that were pointed at in the interval, but not delivered: known by their id alone."""
    if not undelivered:
        return ""
    return f"""
        union all
        select min(line) as line, id, null as changed, {_stub(anchor)} as body, false as is_deleted
        from ({" union all ".join(undelivered)}) as pointers
        where not exists (select 1 from resources where type = {anchor} and resources.id = pointers.id)
            and not exists (select 1 from deleted where deleted.id = pointers.id)
        group by id
    """


def _stub(anchor: str) -> str:
    return f"json_object('resourceType', {anchor}, 'id', id)::varchar"


def _rows_sql(source: FhirSource, interval: Interval, names: list[str], feed: Feed) -> str:
    """line, id, moment (of the last change), width and text (of what is no resource), and a cell for each name."""
    parts = range(len(source.links))
    times = ", ".join(["anchors.changed", *(f"part{number}.changed" for number in parts)])
    joins = " ".join(f"left join part{number} on part{number}.number = anchors.number" for number in parts)
    status = feed.columns.get(_STATUS, (_STATUS,))[0]
    homes = {source.anchor: "anchors"} | {kind: f"part{number}" for number, kind in enumerate(source.links)}
    taken = "".join(f", {home}.c{place}" for kind, home in homes.items() for place in _places(kind, names))
    picked = []
    for place, name in enumerate(names):
        value = {fhir_path.ROW_LAST_UPDATED: "latest.text", _STATUS: "null::varchar"}.get(name, f"c{place}")
        cell = f"if(is_deleted, 'withdrawn', {value})" if name == status else value
        picked.append(f"{cell} as c{place}")
    return f"""
        with dated as (
            select
                anchors.line, anchors.id, is_deleted,
                list_max(list_filter([{times}], lambda time: time is not null)) as latest {taken}
            from anchors {joins}
        )
        select line, id, latest.moment as moment, null::bigint as width, null::varchar as text, {", ".join(picked)}
        from dated
        where latest is null or latest.moment >= {_moment(interval.start)}
        union all by name
        select line, {UNTELLABLE} as width, body as text from resources where type is null
    """


def _ordered_sql(names: list[str]) -> str:
    """The rows in the order of their changes; `_row_number` is left to who numbers them.

    A statement apart from the joins, so that they and the order need not fit below the ceiling at once.
    """
    cells = ", ".join(f"c{place}" for place in range(len(names)))
    return f"""
        select 0::bigint as _row_number, '' as _place, line as _line, width as _cells, text as _text, {cells}
        from rows
        order by width is not null, moment nulls last, id, line
    """


def _values(root: str, path: Path) -> str:
    """SQL: the texts that a path finds in a list of resources."""
    found = _kept(root, path.kept) if path.kept else root
    for step in path.steps:
        found = _step(found, step)
    return f"list_transform({found}, lambda value: json_extract_string(value, '$'))"


def _step(found: str, step: Step) -> str:
    place = quoted(f'$."{step.name}"')
    inner = f"flatten(list_transform({found}, lambda element: children(element, {place})))"
    if step.index is not None:
        return f"list_slice({inner}, {step.index + 1}, {step.index + 1})"
    return _kept(inner, step.kept) if step.kept else inner


def _kept(found: str, kept: Filter) -> str:
    inner, value = "[candidate]", quoted(kept.value)
    for name in kept.names:
        inner = _step(inner, Step(name))
    is_it = (
        f"json_extract_string(part, '$') = {value} or json_extract_string(part, '$.code') = {value} "
        f"or list_contains(json_extract_string(part, '$.coding[*].code'), {value})"
    )
    return f"list_filter({found}, lambda candidate: len(list_filter({inner}, lambda part: {is_it})) > 0)"


def _references(element: str) -> str:
    """SQL: type and id of each resource that an element of `body` refers to."""
    steps = tuple(Step(name) for name in (*element.split("."), "reference"))
    texts = _values("[body::json]", Path("", None, steps))
    return f"list_transform({texts}, lambda text: regexp_extract(text, {quoted(fhir_path.REFERENCE)}, ['type', 'id']))"


def _moment(day: object) -> str:
    """Midnight at the start of a day; the engine's time zone is Asia/Shanghai."""
    return f"timestamptz '{day} 00:00:00'"
