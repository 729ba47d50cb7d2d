"""What was printed: the figures of each issue that went out, and the batches they were counted from.

An issue is a week and an edition. Its records lie in data_root/printed/<week>/<edition>-<number>-<UTC time>.json and
are never changed; an issue that goes out again with other figures, or from another build, gets the next number, which
stands. The batches of a build that was printed from lie once in data_root/printed/batches/<build_id>.parquet, by
their ids, which say partner, feed and interval also of a batch that has been replaced since.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.files import replacing, sweep, write_json
from worker_services.intervals import Week, utc_now
from worker_services.landing.batches import BATCH_ID
from worker_services.settings import Settings
from worker_services.sql_literals import no_rows, quoted, quoted_list
from worker_services.warehouse import provenance
from worker_services.warehouse.publish import read_record

PRINT = "briefing.print"
"""What the ledger calls it that the figures of an issue are put on record."""

FIGURES = {
    "issue_week": "varchar",
    "edition": "varchar",
    "week_id": "varchar",
    "metric_id": "varchar",
    "scope_type": "varchar",
    "scope_code": "varchar",
    "figure": "varchar",
    "printed_value": "decimal(28, 10)",
    "printed_text": "varchar",
    "printed_build_id": "varchar",
    "printed_as_of": "timestamp",
    "printed_at": "timestamp",
}
BATCHES = {
    "printed_build_id": "varchar",
    "batch_id": "varchar",
    "partner": "varchar",
    "feed": "varchar",
    "interval_start": "date",
    "interval_end": "date",
}


MADE_BY = ("as_of", "input_fingerprint", "code_fingerprint", "code_version", "packages", "incremental_from")
"""What a build's record says of how it was made; kept with an issue, which outlives the build."""


@dataclass(frozen=True)
class Issue:
    """One record: what went out of an edition of a week, for the `number`th time."""

    week: str
    edition: str
    number: int
    printed_at: datetime
    path: Path

    @classmethod
    def at(cls, path: Path) -> "Issue":
        """What the name of a record says."""
        edition, number, printed_at = path.stem.rsplit("-", 2)
        return cls(path.parent.name, edition, int(number), datetime.fromisoformat(printed_at), path)


def record(settings: Settings, issue: dict[str, Any], metrics: Collection[str], rendering: dict[str, Any]) -> Path:
    """Keep what an issue says, before it goes out. Returns the record that stands; the same issue again is that one.

    `issue` is its figures.json, `rendering` its provenance.json; figures of `metrics` are values of rpt_metric_weekly.
    What the issue can be made again from is kept with it. Raises FileNotFoundError when the build is not kept any more.
    """
    week, edition, build_id = issue["week"], issue["edition"], issue["build_id"]
    figures = [_figure(figure, figure["metric"] in metrics) for figure in issue["figures"]]
    folder = _root(settings) / week
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(_root(settings) / ".lock"):
        sweep(_root(settings), older_than_seconds=0)
        standing = max(
            (item for item in map(Issue.at, folder.glob("*.json")) if item.edition == edition),
            key=lambda item: item.number,
            default=None,
        )
        if standing and _says(standing.path, build_id, figures, rendering["pdf_sha256"]):
            path = standing.path
        else:
            _keep_batches(settings, build_id)
            built = read_record(settings, build_id)
            number, now = standing.number + 1 if standing else 1, utc_now().replace(microsecond=0)
            path = folder / f"{edition}-{number}-{now:%Y%m%dT%H%M%SZ}.json"
            write_json(
                path,
                {
                    "week": week,
                    "edition": edition,
                    "number": number,
                    "replaces": standing.path.name if standing else None,
                    "build_id": build_id,
                    "as_of": issue["as_of"],
                    "printed_at": now.isoformat(),
                    "pdf_sha256": rendering["pdf_sha256"],
                    "ledger_number": rendering["ledger_number"],
                    "rendering": _keep_rendering(settings, rendering),
                    "build": {name: built.get(name) for name in MADE_BY},
                    "figures": figures,
                },
            )
        _note(settings, path, f"{week}/{edition}", build_id)
    return path


def every(settings: Settings, week: Week | None = None) -> list[Issue]:
    """Every record, of one week or of all, also those that another one replaced."""
    found = map(Issue.at, _root(settings).glob(f"{week or '*'}/*.json"))
    return sorted(found, key=lambda item: (item.week, item.edition, item.number))


def known_by(settings: Settings, as_of: datetime) -> list[Issue]:
    """The record that stood for each issue at a moment, by week and edition."""
    standing = {(item.week, item.edition): item for item in every(settings) if item.printed_at <= as_of}
    return [standing[issue] for issue in sorted(standing)]


def write(database: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Create landing.printed_figures and landing.printed_batches, as known at a moment."""
    issues = [item.path for item in known_by(settings, as_of)]
    database.execute(f"create table landing.printed_figures as {_figures_sql(issues)}")
    builds = database.execute("select distinct printed_build_id from landing.printed_figures order by all").fetchall()
    files = [batches_path(settings, build_id) for (build_id,) in builds]
    database.execute(f"create view landing.printed_batches as {_batches_sql(files)}")


def compare(record: Path, build: Path) -> tuple[int, list[str]]:
    """Hold the metrics of a record against the build it was printed from.

    Returns how many figures were compared, and a line for each that differs.
    """
    with duckdb.connect() as database:
        database.execute(f"create table printed as {_figures_sql([record])}")
        database.execute(f"attach {quoted(build)} as build (read_only)")
        numbers = database.execute(
            "select column_name from information_schema.columns where table_catalog = 'build' "
            "and table_schema = 'marts' and table_name = 'rpt_metric_weekly' and numeric_precision is not null"
        ).fetchall()
        picked = " ".join(f"when '{name}' then marts.{name}::decimal(28, 10)" for (name,) in numbers)
        database.execute(
            f"""
            create table compared as
            select printed.*, case printed.figure {picked} end as value
            from printed
            left join build.marts.rpt_metric_weekly as marts using (metric_id, scope_type, scope_code, week_id)
            where printed.figure in ({", ".join(f"'{name}'" for (name,) in numbers)})
            """
        )
        compared = database.execute("select count(*) from compared").fetchall()[0][0]
        differing = database.execute(
            """
            select
                metric_id || ' of ' || scope_type || '/' || scope_code || ', ' || week_id || ', ' || figure
                || ': printed ' || coalesce(printed_value::varchar, 'nothing')
                || ', in the build ' || coalesce(value::varchar, 'nothing')
            from compared where printed_value is distinct from value order by all
            """
        ).fetchall()
    return int(compared), [line for (line,) in differing]


def batches_path(settings: Settings, build_id: str) -> Path:
    return _root(settings) / "batches" / f"{build_id}.parquet"


def _root(settings: Settings) -> Path:
    return settings.data_root / "printed"


def _figure(figure: dict[str, Any], is_metric: bool) -> dict[str, Any]:
    scope_type, _, scope_code = figure["scope"].partition("/")
    return {
        "id": figure["id"],
        "is_metric": is_metric,
        "week": figure["week"],
        "metric_id": figure["metric"],
        "scope_type": scope_type,
        "scope_code": scope_code,
        "figure": figure["column"],
        "value": figure["value"] or None,
        "printed": figure["printed"],
        "unit": figure["unit"],
    }


def _says(path: Path, build_id: str, figures: list[dict[str, Any]], pdf_sha256: str) -> bool:
    """Whether an issue is the one on record; the earliest records do not say of which PDF they are."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    return bool(
        fields["build_id"] == build_id
        and fields["figures"] == figures
        and fields.get("pdf_sha256", pdf_sha256) == pdf_sha256
    )


def _keep_rendering(settings: Settings, rendering: dict[str, Any]) -> str:
    """Keep what issues were set with, once for all that were set with the same. Returns the SHA-256 it is named by."""
    content = {name: rendering[name] for name in ("code_version", "packages", "files")}
    name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = provenance.path(settings, name)
    if not path.exists():
        write_json(path, content)
    return name


def _keep_batches(settings: Settings, build_id: str) -> None:
    path = batches_path(settings, build_id)
    if path.exists():
        return
    batch_ids = read_record(settings, build_id)["batches"]
    schema = pa.schema([(name, pa.string()) for name in ("printed_build_id", "batch_id")])
    rows = pa.table([[build_id] * len(batch_ids), batch_ids], schema=schema)
    with replacing(path) as temporary:
        pq.write_table(rows, temporary, compression="zstd")


def _note(settings: Settings, path: Path, subject: str, build_id: str) -> None:
    """Enter the record in the ledger, once; also after a run that was killed right before it."""
    if not is_named(settings, PRINT, subject, path):
        rendering = provenance.path(settings, json.loads(path.read_text(encoding="utf-8"))["rendering"])
        files = named(settings, [path, batches_path(settings, build_id), rendering])
        details = {"build_id": build_id, "files": files}
        ledger.append(settings, settings.actor, PRINT, subject, details)


def _figures_sql(issues: list[Path]) -> str:
    """A row a figure of rpt_metric_weekly; where it was printed with and without its sign, the text with it."""
    if not issues:
        return no_rows(FIGURES)
    figure = "id varchar, is_metric boolean, week varchar, metric_id varchar, scope_type varchar, scope_code varchar, "
    figure += "figure varchar, value varchar, printed varchar"
    columns = {"week": "varchar", "edition": "varchar", "build_id": "varchar", "as_of": "varchar"}
    columns |= {"printed_at": "varchar", "figures": f"struct({figure})[]"}
    stated = ", ".join(f"{name}: '{sql_type}'" for name, sql_type in columns.items())
    texts = {
        "issue_week": "issues.week",
        "edition": "issues.edition",
        "week_id": "figure.week",
        "metric_id": "figure.metric_id",
        "scope_type": "figure.scope_type",
        "scope_code": "figure.scope_code",
        "figure": "figure.figure",
        "printed_value": "figure.value",
        "printed_text": "min_by(figure.printed, figure.id)",
        "printed_build_id": "issues.build_id",
        "printed_as_of": "issues.as_of",
        "printed_at": "issues.printed_at",
    }
    picked = ", ".join(f"({text})::{FIGURES[name]} as {name}" for name, text in texts.items())
    return (
        f"select {picked} from (select *, unnest(figures) as figure "
        f"from read_json({quoted_list(issues)}, columns = {{{stated}}})) as issues where figure.is_metric group by all"
    )


def _batches_sql(files: list[Path]) -> str:
    if not files:
        return no_rows(BATCHES)
    parts = "['partner', 'feed', 'interval_start', 'interval_end']"
    return (
        "select printed_build_id, batch_id, named.partner, named.feed, "
        "try_strptime(named.interval_start, '%Y%m%d')::date as interval_start, "
        "try_strptime(named.interval_end, '%Y%m%d')::date as interval_end "
        f"from (select *, regexp_extract(batch_id, '{BATCH_ID}', {parts}) as named "
        f"from read_parquet({quoted_list(files)}, hive_partitioning = false)) as batches"
    )
