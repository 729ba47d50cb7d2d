"""What a person decides about held rows: release, correct, reject. Decisions are added, never changed.

A decision is written first and carried out second; its result stands beside it. One that a crash left without a
result is carried out by whoever decides next, with the same bytes, so that no row lands twice.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from filelock import FileLock

from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.contracts import load_contract
from worker_services.files import write_bytes, write_json
from worker_services.intervals import utc_now
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.checks import WAIVABLE
from worker_services.landing.quarantine import Held
from worker_services.landing.reading.headers import normal
from worker_services.partners.registry import load_partners
from worker_services.privacy import vault
from worker_services.secrets import Secrets
from worker_services.settings import Settings
from worker_services.sql_literals import quoted

Action = Literal["release", "correct", "reject"]
State = Literal["open", "released", "corrected", "rejected", "superseded"]
STATES: dict[Action, State] = {"release": "released", "correct": "corrected", "reject": "rejected"}
Spans = tuple[tuple[int, int], ...]
_PERSONAL = re.compile(r"\d{15,}|(?<!\d)1[3-9]\d{9}(?!\d)")  # citizen ID and phone numbers


class CannotDecide(Exception):
    """The decision cannot be taken; the message says why, and what can be done instead."""


@dataclass(frozen=True)
class Result:
    """What became of the rows at the door: which landed, with which batch, and what is wrong with the others still.

    `reasons` counts column:rule of the rows that were refused; they stay open.
    """

    batch_id: str | None
    accepted: Spans
    reasons: dict[str, int]
    finished_at: datetime


@dataclass(frozen=True)
class Decision:
    """Who decided what about which rows, and why. `columns` names what was corrected; the values lie sealed."""

    batch_id: str
    action: Action
    rows: Spans
    actor: str
    reason: str
    waived: tuple[str, ...]
    columns: tuple[str, ...]
    decided_at: datetime
    path: Path
    result: Result | None

    @property
    def settled(self) -> Spans:
        """The rows that are open no more: all that were rejected, or those that landed."""
        if self.action == "reject":
            return self.rows
        return self.result.accepted if self.result else ()

    @property
    def is_unfinished(self) -> bool:
        return self.action != "reject" and self.result is None


@dataclass(frozen=True)
class HeldBatch:
    """The held rows of one batch: how many are in each state, and for the open ones what is wrong with them."""

    batch_id: str
    partner: str
    feed: str
    interval: str
    age_days: int
    rows: int
    reasons: dict[str, int]
    states: dict[str, int]
    unfinished: int


def held(
    settings: Settings, partner: str | None = None, feed: str | None = None, now: datetime | None = None
) -> list[HeldBatch]:
    """Every batch with held rows, by date. `rows` and `reasons` count the open ones; reasons are column:rule."""
    found = []
    moment = (now or utc_now()).replace(tzinfo=None)
    for batch in quarantine.of(settings, partner, feed):
        with _counted(settings, batch) as counted:
            states = dict(counted.execute("select state, count(*) from rows group by state order by state").fetchall())
            wrong = counted.execute(
                "select column_name || ':' || rule as reason, count(*) as times "
                "from reasons semi join open using (row_number) group by reason order by times desc, reason"
            ).fetchall()
        found.append(
            HeldBatch(
                batch_id=batch.batch_id,
                partner=batch.partner,
                feed=batch.feed,
                interval=str(batch.interval),
                age_days=(moment - batch.landed_at).days,
                rows=states.get("open", 0),
                reasons=dict(wrong),
                states=states,
                unfinished=sum(decision.is_unfinished for decision in of_batch(settings, batch)),
            )
        )
    return found


def held_batch(settings: Settings, batch_id: str) -> Held:
    """A batch with held rows, by its id. Raises CannotDecide."""
    batch = quarantine.find(settings, batch_id)
    if batch is None:
        raise CannotDecide(f"no rows of a batch '{batch_id}' are held; see: worker-services quarantine list")
    return batch


def reasons(settings: Settings, batch: Held, row: int | None = None) -> list[dict[str, Any]]:
    """row_number, place, line_number, column_name, rule, value_shape and state of each broken rule; no cell."""
    with _counted(settings, batch) as counted:
        found = counted.execute(
            "select row_number, place, line_number, column_name, rule, value_shape, state "
            "from reasons inner join rows using (row_number) where row_number = coalesce($row, row_number) "
            "order by row_number, column_name, rule",
            {"row": row},
        ).to_arrow_table()
    return found.to_pylist()  # type: ignore[no-any-return]


def release(
    settings: Settings,
    batch_id: str,
    rows: list[int] | None,
    *,
    actor: str,
    reason: str,
    waived: Iterable[str] = (),
    secrets: Secrets,
) -> list[Decision]:
    """Send held rows (None: all open ones) through the door again, with today's contract, code lists and mapping.

    Returns the decisions that this call took or finished; none when all rows were released before.
    Raises CannotDecide, RowsGone, and what the door raises.
    """
    wrong = sorted(set(waived) - WAIVABLE)
    if wrong:
        raise CannotDecide(f"{', '.join(wrong)} cannot be waived; these can: {', '.join(sorted(WAIVABLE))}")
    with _deciding(settings, batch_id, secrets) as (batch, finished):
        _require_door(settings, batch)
        numbers = _undecided(settings, batch, rows, "release")
        if not numbers:
            return finished
        ragged = _breaking(batch, numbers, "ragged_row")
        if ragged and rows is not None:
            raise CannotDecide(
                f"of {batch_id} {_where(ragged)} not readable by the header: correct it, column by column, or reject it"
            )
        numbers = [number for number in numbers if number not in set(ragged)]
        if not numbers:
            return finished
        decision = _decide(settings, batch, "release", numbers, actor, reason, tuple(sorted(waived)))
        return [*finished, _carry_out(settings, batch, decision, secrets)]


def correct(
    settings: Settings,
    batch_id: str,
    row: int,
    values: dict[str, str],
    *,
    actor: str,
    reason: str,
    secrets: Secrets,
) -> list[Decision]:
    """Send one held row through the door with other values, written by contract column as the partner would.

    Returns the decisions that this call took or finished. Raises CannotDecide, RowsGone, and what the door raises.
    """
    with _deciding(settings, batch_id, secrets) as (batch, finished):
        feed, contract = load_partners()[batch.partner].feeds[batch.feed], load_contract(batch.feed)
        known = {column.name for column in contract.columns}
        for column in values:
            if column not in known:
                raise CannotDecide(f"'{column}' is not a column of {batch.feed}; it has: {', '.join(sorted(known))}")
            if column not in feed.columns:
                raise CannotDecide(f"'{column}' does not come from {batch.partner}, so it cannot be corrected in a row")
        if not values:
            raise CannotDecide("nothing to correct: name a column and its value")
        _require_door(settings, batch)
        numbers = _undecided(settings, batch, [row], "correct")
        if not numbers:
            return finished
        sealed = vault.seal(json.dumps(values, ensure_ascii=False).encode(), secrets)
        decision = _decide(
            settings, batch, "correct", numbers, actor, reason, columns=tuple(sorted(values)), sealed=sealed
        )
        return [*finished, _carry_out(settings, batch, decision, secrets)]


def reject(
    settings: Settings, batch_id: str, rows: list[int] | None, *, actor: str, reason: str, secrets: Secrets
) -> list[Decision]:
    """Settle that held rows (None: all open ones) never land. Raises CannotDecide."""
    with _deciding(settings, batch_id, secrets) as (batch, finished):
        numbers = _undecided(settings, batch, rows, "reject")
        if not numbers:
            return finished
        return [*finished, _decide(settings, batch, "reject", numbers, actor, reason)]


def of_batch(settings: Settings, batch: Held) -> list[Decision]:
    """Every decision about rows of a batch, the oldest first."""
    return [_read(path) for path in sorted(_folder(settings, batch).glob("*Z-*.json")) if not _is_result(path)]


def superseded_by(settings: Settings, batch: Held) -> str | None:
    """The batch that stands instead, where the interval of this one was delivered again; None while it stands."""
    landed = batches.of_interval(settings, batch.partner, batch.feed, batch.interval)
    if batch.batch_id in {item.batch_id for item in landed}:
        return landed[-1].batch_id if landed[-1].batch_id != batch.batch_id else None
    deliveries = [(item.landed_at.replace(tzinfo=None), item.batch_id) for item in landed]
    deliveries += [  # of which nothing landed
        (other.landed_at, other.batch_id)
        for other in map(quarantine.read, batch.path.parent.glob("*.parquet"))
        if other.interval == batch.interval
    ]
    later = [name for landed_at, name in sorted(deliveries) if landed_at > batch.landed_at and name != batch.batch_id]
    return later[-1] if later else None


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of numbers that follow each other: 3, 7, 8, 9 gives (3, 3), (7, 9)."""
    first = last = None
    for number in sorted(set(numbers)):
        if first is None or last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def parse_rows(text: str) -> list[int] | None:
    """Read '3,7-9', or 'all' (None). Raises ValueError."""
    if text.strip() == "all":
        return None
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if not match or int(match[1]) > int(match[2] or match[1]):
            raise ValueError(f"'{text}' names no rows; write them like 3,7-9 or all")
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return sorted(set(numbers))


def rows_text(rows: Iterable[tuple[int, int]]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in rows)


@contextmanager
def _deciding(settings: Settings, batch_id: str, secrets: Secrets) -> Iterator[tuple[Held, list[Decision]]]:
    """One decision about a batch at a time; what an earlier one left undone is done first."""
    batch = held_batch(settings, batch_id)
    lock = settings.data_root / ".locks" / f"quarantine-{batch_id}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        for decision in (taken := of_batch(settings, batch)):
            _enter(settings, decision)
        yield batch, [_carry_out(settings, batch, decision, secrets) for decision in taken if decision.is_unfinished]


def _counted(settings: Settings, batch: Held) -> duckdb.DuckDBPyConnection:
    """An engine with `reasons` as stored, `rows` (row_number, state) and `open` (row_number)."""
    spans = [
        (first, last, STATES[decision.action])
        for decision in of_batch(settings, batch)
        for first, last in decision.settled
    ]
    engine = duckdb.connect()
    engine.register(
        "spans",
        pa.table(
            {
                "first": pa.array([span[0] for span in spans], pa.int64()),
                "last": pa.array([span[1] for span in spans], pa.int64()),
                "state": pa.array([span[2] for span in spans], pa.string()),
            }
        ),
    )
    engine.execute(f"create view reasons as from read_parquet({quoted(batch.path)})")
    engine.execute(
        "create table rows as select numbers.row_number, coalesce(spans.state, $otherwise) as state "
        "from (select distinct row_number from reasons) as numbers "
        "left join spans on numbers.row_number between spans.first and spans.last",
        {"otherwise": "superseded" if superseded_by(settings, batch) else "open"},
    )
    engine.execute("create view open as select row_number from rows where state = 'open'")
    return engine


def _undecided(settings: Settings, batch: Held, rows: list[int] | None, action: Action) -> list[int]:
    """The rows that are still to be decided; those decided this way before are left out. Raises CannotDecide."""
    with _counted(settings, batch) as counted:
        states: dict[int, State] = dict(counted.execute("from rows order by row_number").fetchall())
    if rows is None:
        if set(states.values()) == {"superseded"}:
            raise CannotDecide(_superseded(settings, batch))
        return [number for number, state in states.items() if state == "open"]
    absent = [number for number in rows if number not in states]
    if absent:
        raise CannotDecide(f"of {batch.batch_id} {_where(absent)} not held; held are rows {rows_text(ranges(states))}")
    for number in rows:
        if states[number] == "superseded":
            raise CannotDecide(_superseded(settings, batch))
        if states[number] not in ("open", STATES[action]):
            earlier = next(
                decision
                for decision in of_batch(settings, batch)
                if any(first <= number <= last for first, last in decision.settled)
            )
            raise CannotDecide(
                f"row {number} of {batch.batch_id} was {states[number]} by {earlier.actor} "
                f"on {earlier.decided_at:%Y-%m-%d}: {earlier.reason}"
            )
    return [number for number in rows if states[number] == "open"]


def _require_door(settings: Settings, batch: Held) -> None:
    """Raises CannotDecide for a delivery that was refused for what it is as a whole, not for its rows."""
    landed = batches.of_interval(settings, batch.partner, batch.feed, batch.interval)
    outcome = outcomes.latest(settings, batch.partner, batch.feed, batch.interval)
    if batch.batch_id in {item.batch_id for item in landed} or superseded_by(settings, batch):
        return
    if outcome is None or outcome.batch_id != batch.batch_id:
        raise CannotDecide(
            f"{batch.batch_id} was rejected as a whole, so none of its rows can land by itself: "
            "ask the partner to deliver again"
        )


def _superseded(settings: Settings, batch: Held) -> str:
    return (
        f"{batch.batch_id} no longer stands: {batch.interval} was delivered again as "
        f"{superseded_by(settings, batch)}, which holds its own rows"
    )


def _breaking(batch: Held, numbers: list[int], rule: str) -> list[int]:
    """Those of the rows that break this rule."""
    with duckdb.connect() as engine:
        broken = engine.execute(
            f"select distinct row_number from read_parquet({quoted(batch.path)}) where rule = $rule order by all",
            {"rule": rule},
        ).fetchall()
    return sorted({number for (number,) in broken} & set(numbers))


def _decide(
    settings: Settings,
    batch: Held,
    action: Action,
    rows: list[int],
    actor: str,
    reason: str,
    waived: tuple[str, ...] = (),
    columns: tuple[str, ...] = (),
    sealed: bytes | None = None,
) -> Decision:
    """Write the decision down; from then on it holds."""
    if not reason.strip() or not actor.strip():
        raise CannotDecide("say who decides and why")
    if _PERSONAL.search(reason):
        raise CannotDecide("the reason holds what looks like an ID or phone number: leave it out, the record keeps it")
    decided_at = utc_now()
    path = _folder(settings, batch) / f"{decided_at:%Y%m%dT%H%M%S.%f}Z-{action}.json"
    decision = Decision(
        batch.batch_id, action, tuple(ranges(rows)), actor, reason, waived, columns, decided_at, path, None
    )
    fields = asdict(decision) | {"rows": rows_text(decision.rows), "decided_at": decided_at.isoformat()}
    del fields["path"], fields["result"]
    if sealed is not None:
        write_bytes(_values_path(path), sealed)
    write_json(path, fields)
    _enter(settings, decision)
    return decision


def _enter(settings: Settings, decision: Decision) -> None:
    """Enter a decision, and its result, in the ledger, each once; also those of a run killed before it came to it."""
    values, result = _values_path(decision.path), _result_path(decision.path)
    action, batch_id = f"quarantine.{decision.action}", decision.batch_id
    if not is_named(settings, action, batch_id, decision.path):
        files = [decision.path, *([values] if values.exists() else [])]
        details = {
            "rows": rows_text(decision.rows),
            "reason": decision.reason,
            "waived": list(decision.waived),
            "columns": list(decision.columns),
            "files": named(settings, files),
        }
        ledger.append(settings, decision.actor, action, batch_id, details)
    if result.exists() and not is_named(settings, "quarantine.result", batch_id, result):
        done: dict[str, Any] = {"decision": action, "files": named(settings, [result])}
        ledger.append(settings, decision.actor, "quarantine.result", batch_id, done)


def _carry_out(settings: Settings, batch: Held, decision: Decision, secrets: Secrets) -> Decision:
    """Bring the rows to the door and write the result down. Raises what the door raises; then it can be done again."""
    from worker_services.landing.ingest import supplement

    made = supplement(
        settings,
        batch.partner,
        batch.feed,
        batch.interval,
        batch.batch_id,
        _rows_for_the_door(batch, decision, secrets),
        decision.waived,
        secrets,
    )
    result = Result(
        batch_id=made.batch_id,
        accepted=tuple(ranges(made.accepted)),
        reasons=dict(Counter(f"{reason['column_name']}:{reason['rule']}" for reason in made.refused).most_common()),
        finished_at=utc_now(),
    )
    fields = asdict(result) | {
        "accepted": rows_text(result.accepted),
        "finished_at": result.finished_at.isoformat(),
    }
    write_json(_result_path(decision.path), fields)
    finished = replace(decision, result=result)
    _enter(settings, finished)
    return finished


def _rows_for_the_door(batch: Held, decision: Decision, secrets: Secrets) -> Iterator[dict[str, Any]]:
    wanted = {number for first, last in decision.rows for number in range(first, last + 1)}
    corrections: dict[str, str] = {}
    if decision.action == "correct":
        corrections = json.loads(vault.unseal(_values_path(decision.path).read_bytes(), secrets))
    names = load_partners()[batch.partner].feeds[batch.feed].columns
    for row in quarantine.rows(batch, secrets, wanted):
        whole = {} if row.fits_no_header else dict(row.whole)  # then the corrections are all there is
        for column, value in corrections.items():
            known = {normal(name): name for name in whole}
            whole[next((known[normal(name)] for name in names[column] if normal(name) in known), names[column][0])] = (
                value
            )
        place = {"_batch_id": batch.batch_id, "_row_number": row.row_number, "_place": row.place, "_line": row.line}
        yield place | whole


def _read(path: Path) -> Decision:
    fields = json.loads(path.read_text(encoding="utf-8"))
    result = _result_path(path)
    return Decision(
        batch_id=fields["batch_id"],
        action=fields["action"],
        rows=_spans(fields["rows"]),
        actor=fields["actor"],
        reason=fields["reason"],
        waived=tuple(fields["waived"]),
        columns=tuple(fields["columns"]),
        decided_at=datetime.fromisoformat(fields["decided_at"]),
        path=path,
        result=_read_result(result) if result.exists() else None,
    )


def _read_result(path: Path) -> Result:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Result(
        batch_id=fields["batch_id"],
        accepted=_spans(fields["accepted"]),
        reasons=fields["reasons"],
        finished_at=datetime.fromisoformat(fields["finished_at"]),
    )


def _spans(text: str) -> Spans:
    return tuple(ranges(parse_rows(text) or ())) if text else ()


def _folder(settings: Settings, batch: Held) -> Path:
    return settings.quarantine / "decisions" / batch.batch_id


def _result_path(decision: Path) -> Path:
    return decision.with_suffix(".result.json")


def _values_path(decision: Path) -> Path:
    return decision.with_suffix(".values.age")


def _is_result(path: Path) -> bool:
    return path.name.endswith(".result.json")


def _where(numbers: list[int]) -> str:
    return f"row {numbers[0]} is" if len(numbers) == 1 else f"rows {rows_text(ranges(numbers))} are"
