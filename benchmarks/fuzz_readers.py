"""Fuzz the readers: mutated deliveries of known truth go through `read` and the row rules.

    python -m benchmarks.fuzz_readers [--files 10000] [--seed 1]

What must hold: no crash (UnreadableDelivery is the only exception), no hang, and no accepted row whose cells do not
belong together: shifted, merged from several rows, torn, or decoded wrongly.

How that is told exactly. Every cell of text carries a tag: its row, its column and a check of both; numbers and record
numbers are different in every row. An accepted row is *wrong* when it holds a cell, or a part of one, of another row
or another column, or differs from its truth in more cells than one damage can touch. It is *touched* when a damage
inside a cell turned one legal value into another, which no reader can know: one cell, or two neighbours where a
delimiter moved by some characters. Damages lie in different rows (two in a row could cancel each other out, such as a
delimiter lost and one gained), are of at most 8 bytes, and whole lines are moved, not torn-off pieces of lines: a line
that begins in one row and ends, at the same column, in another looks like any other line. A total row or a checksum
beside the file finds those; for the same reason references inside a workbook's XML are left alone, which its checksums
guard.
"""

import argparse
import csv
import io
import json
import random
import re
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import xlsxwriter
import yaml
from pydantic import SecretStr

from worker_services.contracts import Contract, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.landing import checks
from worker_services.landing.reading import UnreadableDelivery, read
from worker_services.partners.registry import Feed
from worker_services.secrets import Secrets

INTERVAL = Interval.parse("2025-01-01/2026-01-01")
SECRETS = Secrets(worker_key_secret=SecretStr("fuzz"), vault_identity=SecretStr("unused"))
SECONDS_A_FILE = 20
MOST_CELLS_ONE_DAMAGE_TOUCHES = 2
COLUMNS = {
    "record_number": ("编号", "string", True),
    "served_on": ("服务日期", "date", True),
    "category": ("服务类别", "string", True),
    "site_name": ("服务地点", "string", True),
    "amount_yuan": ("金额（元）", "number", True),
    "remark": ("备注说明", "string", False),
    "handled_by": ("经办科室", "string", False),
    "visits": ("就诊次数", "integer", False),
    "follow_up": ("随访情况", "string", False),
    "checksum": ("校验标签", "string", True),
}
TEXTS = ("site_name", "remark", "handled_by", "follow_up", "checksum")
_TAG = re.compile(r"\[(\d{1,4})\.(\d)\.([0-9a-f]{4})\]")
WORDS = ("长春市", "女职工", "专项检查", "体重管理", "眼健康", "南关区", "工会驿站", "复诊", "已告知", "农民工")
SPICES = ("", "", "", ",", "，", '"', "\n", "\r\n", "“好”", "; ", "|", "\t", " 100% ", '""', "𠮷")
STRAY_BYTES = (
    *(b'"', b'""', b",", b"\t", b";", b"|", b"\r", b"\n", b"'", b"{", b"]", b"\\"),
    *(b"\x00", b"\xff", b"\x1a", b"\xc3\xa9"),
)

Row = dict[str, Any]


def tag(row: int, column: int) -> str:
    return f"[{row}.{column}.{zlib.crc32(f'{row}.{column}'.encode()) & 0xFFFF:04x}]"


def tags_in(cell: str) -> set[tuple[int, int]]:
    """Row and column of each tag that has come through whole."""
    found = ((int(row), int(column), check) for row, column, check in _TAG.findall(cell))
    return {(row, column) for row, column, check in found if tag(row, column).endswith(f".{check}]")}


def contract() -> Contract:
    properties = [
        {
            "name": name,
            "businessName": label,
            "description": label,
            "logicalType": kind,
            "required": required,
            **({"primaryKey": True, "primaryKeyPosition": 1} if name == "record_number" else {}),
            **({"logicalTypeOptions": {"pattern": "^R[0-9]{6}$"}} if name == "record_number" else {}),
            **({"logicalTypeOptions": {"minimum": 0, "maximum": 99}} if name == "visits" else {}),
            **(
                {"customProperties": [{"property": "codeList", "value": "service_categories"}]}
                if name == "category"
                else {}
            ),
        }
        for name, (label, kind, required) in COLUMNS.items()
    ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "fuzzed",
        "version": "1.0.0",
        "status": "active",
        "domain": "health",
        "team": {"name": "fuzz", "members": [{"username": "fuzz", "role": "steward"}]},
        "schema": [
            {
                "name": "fuzzed",
                "businessName": "模糊测试",
                "logicalType": "object",
                "dataGranularityDescription": "one row",
                "properties": properties,
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "fuzzed.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return load_contract("fuzzed", Path(folder))


def truth(chance: random.Random) -> list[Row]:
    rows = []
    for number in range(1, chance.randint(8, 40)):

        def prose(column: str, row: int = number) -> str:
            words = "".join(chance.choices(WORDS, k=chance.randint(1, 3)))
            spice = chance.choice(SPICES)
            text = f"{words}{tag(row, list(COLUMNS).index(column))}{spice}"
            return text + chance.choice(WORDS) if spice.strip() != spice or chance.random() < 0.5 else text

        rows.append(
            {
                "record_number": f"R{number * 7919 % 1_000_000:06d}",
                "served_on": date(2025, 1, 1) + timedelta(days=chance.randrange(360)),
                "category": chance.choice(["体重管理", "眼健康检查", "眼健康科普"]),
                "site_name": prose("site_name"),
                "amount_yuan": f"{number * 1009 + 10_000}.{chance.randrange(10)}5",
                "remark": prose("remark") if chance.random() < 0.7 else "",
                "handled_by": prose("handled_by") if chance.random() < 0.7 else "",
                "visits": chance.choice(["", "1", "2", "12"]),
                "follow_up": prose("follow_up") if chance.random() < 0.7 else "",
                "checksum": tag(number, list(COLUMNS).index("checksum")),
            }
        )
    return rows


@dataclass
class Case:
    """One delivery: its bytes before and after, how it is read, and the rows it was made of."""

    kind: str
    rows: list[Row]
    source: dict[str, Any]
    data: bytes
    aliases: dict[str, str]
    mutations: list[str] = field(default_factory=list)

    @property
    def feed(self) -> Feed:
        return Feed.model_validate({"source": self.source, "columns": self.aliases})


def written_csv(chance: random.Random, rows: list[Row], has_total_row: bool) -> tuple[bytes, dict[str, Any]]:
    encoding = chance.choice(["gb18030", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
    delimiter = chance.choice([",", ",", ",", "\t", ";", "|"])
    newline = chance.choice(["\r\n", "\r\n", "\n"])
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    if chance.random() < 0.4:
        writer.writerow(["健康服务明细表（演示数据）"])
    if chance.random() < 0.2:
        writer.writerow([])
    header = [label for label, _, _ in COLUMNS.values()]
    writer.writerow(header)
    for row in rows:
        writer.writerow([str(cell) for cell in row.values()])
        if chance.random() < 0.03:
            writer.writerow(chance.choice([header, [""] * len(header), ["小计", "", "", "", "3.5", *[""] * 5]]))
    if has_total_row:
        writer.writerow(["合计", len(rows), *[""] * 8])
    if chance.random() < 0.2:
        writer.writerow(["制表人：测试", *[""] * 9])
    declared = "auto" if chance.random() < 0.5 else encoding.removesuffix("-sig")
    source = {"format": "csv", "encoding": declared, "has_total_row": has_total_row}
    if chance.random() < 0.3:
        source["delimiter"] = delimiter
    return out.getvalue().encode(encoding), source


def written_xlsx(chance: random.Random, rows: list[Row], has_total_row: bool) -> tuple[bytes, dict[str, Any]]:
    data = io.BytesIO()
    book = xlsxwriter.Workbook(
        data, {"in_memory": True, "constant_memory": chance.random() < 0.5, "default_date_format": "yyyy-mm-dd"}
    )
    header = [label for label, _, _ in COLUMNS.values()]
    half = len(rows) // 2 if chance.random() < 0.3 else len(rows)
    for name, some in (("甲", rows[:half]), ("乙", rows[half:])):
        if not some:
            continue
        sheet = book.add_worksheet(name)
        lines: list[list[Any]] = [["健康服务明细表"]] * (chance.random() < 0.5) + [header]
        for row in some:
            cells = list(row.values())
            if chance.random() < 0.3:
                cells[4] = float(cells[4])
            if chance.random() < 0.5:
                cells[1] = str(cells[1]) if chance.random() < 0.5 else (cells[1] - date(1899, 12, 30)).days
            lines.append(cells)
            if chance.random() < 0.03:
                lines.append(chance.choice([header, [], ["体重管理", "小计", "", "", 3.5]]))
        if has_total_row:
            lines.append(["合计", len(some)])
        for number, line in enumerate(lines):
            for column, cell in enumerate(line):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell)
                elif isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                else:
                    sheet.write(number, column, cell)
    book.close()
    return data.getvalue(), {"format": "xlsx", "has_total_row": has_total_row}


def written_json(chance: random.Random, rows: list[Row], as_lines: bool) -> tuple[bytes, dict[str, Any]]:
    records = [
        {
            name: (float(cell) if name == "amount_yuan" and chance.random() < 0.5 else str(cell))
            if cell != ""
            else None
            for name, cell in row.items()
        }
        for row in rows
    ]
    escaped = chance.random() < 0.3
    if as_lines:
        text = "".join(json.dumps(record, ensure_ascii=escaped) + "\n" for record in records)
        return text.encode(), {"format": "ndjson"}
    document = {"code": 0, "data": {"list": records}}
    text = json.dumps(document, ensure_ascii=escaped, indent=chance.choice([None, 1]))
    return text.encode(chance.choice(["utf-8", "utf-8", "gb18030"])), {"format": "json", "records": "data.list"}


def made(chance: random.Random) -> Case:
    rows = truth(chance)
    has_total_row = chance.random() < 0.3
    kind = chance.choices(["csv", "xlsx", "ndjson", "json", "zip"], weights=[60, 12, 12, 8, 8])[0]
    aliases = {name: label for name, (label, _, _) in COLUMNS.items()}
    if kind in ("csv", "zip"):
        data, source = written_csv(chance, rows, has_total_row)
    elif kind == "xlsx":
        data, source = written_xlsx(chance, rows, has_total_row)
    else:
        data, source = written_json(chance, rows, as_lines=kind == "ndjson")
        aliases = {name: name for name in COLUMNS}
    if kind == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as archive:
            archive.writestr("明细.csv", data)
        data, source = packed.getvalue(), source | {"archive": "zip"}
    return Case(kind, rows, {"kind": "file", "path": "x_{first}", **source}, data, aliases)


# --- mutations: each takes bytes and gives bytes


def flip(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + bytes([line[at] ^ (1 << chance.randrange(8))]) + line[at + 1 :]


def replaced(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + bytes([chance.randrange(256)]) + line[at + 1 :]


def inserted(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line) + 1)
    piece = chance.choice(STRAY_BYTES)
    return line[:at] + piece + line[at:]


def deleted(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + line[at + chance.randint(1, 8) :]


def special_lost(chance: random.Random, line: bytes) -> bytes:
    """One delimiter, quote or line end is lost or becomes another character."""
    places = [at for at, byte in enumerate(line) if byte in b'",;|\t\r\n{}[]:\\']
    if not places:
        return line
    at = chance.choice(places)
    return line[:at] + chance.choice([b"", b"", b'"', b",", b";", b"\t", b"\n", b"\r", b" ", b"\\"]) + line[at + 1 :]


def cut_short(chance: random.Random, line: bytes) -> bytes:
    return line[: chance.randrange(len(line))] + b"\n"


def long_cell(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line) + 1)
    return line[:at] + chance.choice([b"x", b",", b" ", b"0", b'"']) * chance.choice([300, 70_000]) + line[at:]


def other_encoding(chance: random.Random, line: bytes) -> bytes:
    """The line as another program would have written it, among lines of the file's own encoding."""
    for encoding in ("utf-8", "gb18030"):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.encode(
            chance.choice(["gb18030", "utf-8", "utf-16"] if encoding == "utf-8" else ["utf-8", "utf-16"])
        )
    return line


IN_A_LINE: list[Callable[[random.Random, bytes], bytes]] = [
    flip,
    flip,
    replaced,
    inserted,
    inserted,
    deleted,
    special_lost,
    special_lost,
    special_lost,
    cut_short,
    long_cell,
    other_encoding,
]


def mutate_lines(case: Case, chance: random.Random, data: bytes) -> bytes:
    """Damage some lines, each once and none beside another, as a program that knows nothing of cells sees lines."""
    lines = re.split(rb"(?<=\n)", data)
    places = list(range(len(lines) - (not lines[-1])))
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        if not places:
            break
        place = chance.choice(places)
        # Lines between are left whole, or a row of several lines would be damaged twice.
        places = [other for other in places if abs(other - place) > 8]
        mutation = chance.choice(IN_A_LINE)
        lines[place] = mutation(chance, lines[place]) if lines[place] else b""
        case.mutations.append(mutation.__name__)
    return b"".join(lines)


def blocks_moved(case: Case, chance: random.Random, data: bytes) -> bytes:
    """Whole rows lost, doubled or moved: pages of an export that went wrong."""
    rows = whole_rows(data)
    if len(rows) < 6:
        return data
    start = chance.randrange(1, len(rows) - 2)
    stop = chance.randrange(start + 1, len(rows))
    block, kind = rows[start:stop], chance.choice(["lost", "doubled", "moved", "turned"])
    case.mutations.append(f"block_{kind}")
    rest = rows[:start] + rows[stop:]
    at = chance.randrange(1, len(rest) + 1)
    moved = {
        "lost": rest,
        "doubled": rows[:stop] + block + rows[stop:],
        "moved": rest[:at] + block + rest[at:],
        "turned": rows[:start] + block[::-1] + rows[stop:],
    }[kind]
    return b"".join(moved)


def whole_rows(data: bytes) -> list[bytes]:
    """Lines, those within quotes together."""
    rows: list[bytes] = []
    for line in re.split(rb"(?<=\n)", data):
        if rows and rows[-1].count(b'"') % 2:
            rows[-1] += line
        elif line:
            rows.append(line if line.endswith(b"\n") else line + b"\n")
    return rows


def header_edited(case: Case, chance: random.Random, data: bytes) -> bytes:
    """The header, somewhere among the first lines: a name changed, lost, doubled, blank, or the whole of it gone."""
    label, _, _ = COLUMNS[chance.choice(list(COLUMNS))]
    kind = chance.choice(["renamed", "gone", "doubled", "spaced", "below", "again"])
    case.mutations.append(f"header_{kind}")
    for encoding in ("utf-8", "gb18030"):
        name = label.encode(encoding)
        if name not in data:
            continue
        head, _, rest = data.partition(b"\n")
        if kind == "renamed":
            return data.replace(name, chance.choice(["", "新列", "日期", label + "2"]).encode(encoding), 1)
        if kind == "gone":
            return rest
        if kind == "doubled":
            return data.replace(name, name + chance.choice([b",", b";", b"\t", b"|"]) + name, 1)
        if kind == "spaced":
            return data.replace(name, f" {label[:2]}\u3000{label[2:]} ".encode(encoding), 1)
        if kind == "below":
            return "说明\n".encode(encoding) * chance.choice([3, 60]) + data
        return data + b"\n" + head + b"\n" + rest
    return data


def re_encoded(case: Case, chance: random.Random, data: bytes) -> bytes:
    case.mutations.append("re_encoded")
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        try:
            return data.decode(encoding).encode(chance.choice(["utf-8", "gb18030", "utf-16", "utf-16-be", "utf-8-sig"]))
        except UnicodeError:
            continue
    return data


def cut_off(case: Case, chance: random.Random, data: bytes) -> bytes:
    case.mutations.append("cut_off")
    return data[: chance.randrange(len(data))]


def newlines_changed(case: Case, chance: random.Random, data: bytes) -> bytes:
    case.mutations.append("newlines_changed")
    return data.replace(b"\r\n", chance.choice([b"\n", b"\r", b"\r\r\n", b"\n\n"]))


def mutate_text(case: Case, chance: random.Random, data: bytes) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and chance.random() < 0.7:
        # Lines of UTF-16 are damaged as text, or half of a line end would turn all that follows into noise.
        return "\ufeff".encode("utf-16-le") + mutate_text(case, chance, data.decode("utf-16").encode()).decode(
            errors="replace"
        ).encode("utf-16-le")
    mutation = chance.choices(
        [mutate_lines, blocks_moved, header_edited, re_encoded, cut_off, newlines_changed],
        weights=[60, 10, 10, 6, 7, 7],
    )[0]
    if case.kind == "json" and mutation in (blocks_moved, newlines_changed):
        mutation = mutate_lines
    return mutation(case, chance, data)


def mutate_packed(case: Case, chance: random.Random, data: bytes) -> bytes:
    """Bytes of the archive itself, or the content of a member that is packed anew with checksums that fit."""
    if chance.random() < 0.4:
        case.mutations.append("archive_bytes")
        for _ in range(chance.randint(1, 3)):
            data = chance.choice([flip, replaced, deleted])(chance, data)
        return data if chance.random() < 0.7 else cut_off(case, chance, data)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if case.kind == "zip":
                content = mutate_text(case, chance, content)
            elif name.startswith("xl/worksheets/") or name.endswith("sharedStrings.xml"):
                content = mutate_xml(case, chance, content)
            new.writestr(name, content)
    return packed.getvalue()


def mutate_xml(case: Case, chance: random.Random, content: bytes) -> bytes:
    """Damage the text of one cell. Numbers of shared strings are references; a text without a tag is in many cells."""
    pieces = re.split(rb"(<t[^>]*>[^<]*</t>)", content)
    texts = [at for at in range(1, len(pieces), 2) if b"[" in pieces[at]]
    if not texts:
        return content
    at = chance.choice(texts)
    mutation = chance.choice([flip, replaced, inserted, deleted])
    case.mutations.append(f"xml_{mutation.__name__}")
    pieces[at] = mutation(chance, pieces[at])
    return b"".join(pieces)


def mutate(case: Case, chance: random.Random) -> None:
    case.data = (mutate_packed if case.kind in ("zip", "xlsx") else mutate_text)(case, chance, case.data)


# --- reading and judging


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine in memory: what is tried here are readers and rules, not the encrypted spool."""
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute("set timezone = 'Asia/Shanghai'")
        yield engine


@dataclass
class Result:
    number: int
    kind: str
    mutations: list[str]
    seconds: float = 0
    unreadable: bool = False
    accepted: int = 0
    held: int = 0
    touched: int = 0
    wrong: list[str] = field(default_factory=list)
    crash: str = ""


def as_text(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return re.sub(r"\.?0+$", "", text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def judge(row: Row, case: Case, absent: list[str]) -> str:
    """'' for a row as it was meant, 'touched', or what is wrong with it."""
    by_number = {each["record_number"]: (at, each) for at, each in enumerate(case.rows, start=1)}
    tags = Counter(found[0] for name in TEXTS for found in tags_in(row[name] or ""))
    number, meant = by_number.get(row["record_number"], (0, {}))
    if tags and (not meant or tags.most_common(1)[0][0] != number):
        number = tags.most_common(1)[0][0]
        meant = case.rows[number - 1]
    if not meant:
        return "belongs to no row"
    differing = []
    for at, (name, cell) in enumerate(meant.items()):
        if name in absent:
            continue
        got = as_text(row[name])
        cell = load_code_list("service_categories")[cell] if name == "category" else cell
        if foreign := tags_in(got) - {(number, at)}:
            return f"{name} holds a part of {sorted(foreign)}, in row {number}"
        if re.sub("[\r\n]+", "\n", got.strip()) != re.sub("[\r\n]+", "\n", as_text(cell).strip()):
            differing.append(name)
            others = {as_text(each[name]) for each in case.rows} - {""}
            if name in ("amount_yuan", "record_number") and got in others:
                return f"{name} is another row's, in row {number}"
    if len(differing) > MOST_CELLS_ONE_DAMAGE_TOUCHES:
        return f"{', '.join(differing)} differ in row {number}"
    return "touched" if differing else ""


def run(number: int, seed: int, is_mutated: bool = True) -> Result:
    chance = random.Random(f"{seed}-{number}")
    case = made(chance)
    if is_mutated:
        mutate(case, chance)
    result = Result(number, case.kind, case.mutations)
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(SECONDS_A_FILE)
    started = time.perf_counter()
    try:
        with patch.object(checks.spool, "engine", _engine):
            delivered = read(io.BytesIO(case.data), case.feed, CONTRACT, INTERVAL)
            with checks.check(delivered, case.feed, CONTRACT, INTERVAL, SECRETS) as checked:
                accepted = checked.accepted_rows().read_all().to_pylist()
                result.held = checked.held
        for row in accepted:
            verdict = judge(row, case, delivered.summary.absent)
            result.accepted += 1
            if verdict == "touched":
                result.touched += 1
            elif verdict:
                result.wrong.append(verdict)
        if not is_mutated and (len(accepted) != len(case.rows) or result.touched):
            result.wrong.append(f"untouched delivery: {len(case.rows)} rows, {len(accepted)} accepted")
    except UnreadableDelivery:
        result.unreadable = True
        if not is_mutated:
            result.wrong.append("untouched delivery refused")
    except Exception as error:
        result.crash = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
        result.seconds = time.perf_counter() - started
    return result


def _out_of_time(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"more than {SECONDS_A_FILE} s")


CONTRACT = contract()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    seeds = [arguments.seed] * arguments.files
    with ProcessPoolExecutor(arguments.processes) as pool:
        clean = list(pool.map(run, range(300), [arguments.seed] * 300, [False] * 300, chunksize=20))
        mutated = list(pool.map(run, range(arguments.files), seeds, chunksize=20))
    print(
        f"{'deliveries':<22}{'files':>7}{'unreadable':>12}{'accepted':>10}{'held':>8}{'touched':>9}{'wrong':>7}"
        f"{'crashes':>9}{'longest':>9}"
    )
    for label, results in [("as written", clean), ("mutated", mutated)] + [
        (f"  {kind}", [result for result in mutated if result.kind == kind])
        for kind in ("csv", "zip", "xlsx", "ndjson", "json")
    ]:
        print(
            f"{label:<22}{len(results):>7}{sum(result.unreadable for result in results):>12}"
            f"{sum(result.accepted for result in results):>10}{sum(result.held for result in results):>8}"
            f"{sum(result.touched for result in results):>9}{sum(len(result.wrong) for result in results):>7}"
            f"{sum(bool(result.crash) for result in results):>9}"
            f"{max((result.seconds for result in results), default=0):>8.2f}s"
        )
    failures = [result for result in clean + mutated if result.wrong or result.crash]
    for result in failures[:20]:
        print(
            f"file {result.number} ({result.kind}, {', '.join(result.mutations) or 'as written'}): "
            f"{result.crash or result.wrong[0]}"
        )
    return 1 if failures or not mutated else 0


if __name__ == "__main__":
    sys.exit(main())
