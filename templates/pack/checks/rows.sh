python3 - <<'EOF'
import csv, json, pathlib, sys
from decimal import Decimal
def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
(folder,) = pathlib.Path("rows").iterdir()
by_measure = {}
for cell in read(folder / "cells.csv"):
    cell |= {"counted": 0, "sum": Decimal(0), "seen": set()}
    by_scope = by_measure.setdefault(cell["measure"], {})
    by_scope.setdefault((cell["scope_column"], cell["scope_code"] if cell["scope_column"] else ""), []).append(cell)
parts, whole, partly = {}, 0, 0
for measure, by_scope in by_measure.items():
    for row in read(folder / f"{measure}.csv"):
        for scope in ("", "organisation_code", "partner_id", "project_id"):
            for cell in by_scope.get((scope, row[scope] if scope else ""), ()):
                if (not cell["first_day"] or row["counted_on"] >= cell["first_day"]) and row["counted_on"] <= cell["last_day"]:
                    cell["counted"] += 1
                    if cell["aggregation"] == "count_distinct":
                        cell["seen"].add(row["counted_value"])
                    else:
                        cell["sum"] += Decimal(row["counted_value"])
    for cell in (cell for cells in by_scope.values() for cell in cells):
        hidden, counted = int(cell["rows_not_listed"]), cell["counted"]
        place = f"{cell['metric']} of {cell['scope_code']} in {cell['week']}, {cell['mart_column']}"
        if counted + hidden != int(cell["rows"]):
            sys.exit(f"{place}: {counted} rows, and {hidden} not listed, are not {cell['rows']}")
        amount = len(cell["seen"]) if cell["aggregation"] == "count_distinct" else cell["sum"]
        if not hidden and amount != Decimal(cell["amount"] or 0):
            sys.exit(f"{place}: its rows come to {amount}, not to {cell['amount']}")
        whole, partly = whole + (not hidden), partly + bool(hidden)
        key = (cell["metric"], cell["scope_type"], cell["scope_code"], cell["week"], cell["mart_column"])
        parts.setdefault(key, {})[cell["part"]] = cell["amount"] and Decimal(cell["amount"])
printed = 0
for path in sorted(pathlib.Path("data/printed", folder.name).glob("*.json")):
    for figure in json.loads(path.read_text(encoding="utf-8"))["figures"]:
        made = parts.get(tuple(figure[name] for name in ("metric_id", "scope_type", "scope_code", "week", "figure")))
        if made is None or not figure["value"]:
            continue
        value = made.get("value")
        if value is None:
            value = (made["numerator"] / made["denominator"]).quantize(Decimal("1e-10"))
        if value != Decimal(figure["value"]):
            sys.exit(f"{path}: {figure['id']} was printed as {figure['value']}, its rows come to {value}")
        printed += 1
if not whole or not printed:
    sys.exit("there was nothing to count")
print(f"{whole} cells counted from their rows, {partly} as far as they are listed; {printed} printed figures agree")
EOF
