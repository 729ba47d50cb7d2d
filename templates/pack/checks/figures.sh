python3 - <<'EOF'
import csv, hashlib, json, pathlib, sys
compared = 0
standing = {}
for path in sorted(pathlib.Path("data/printed").glob("*-W*/*.json")):
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["number"] >= standing.get((record["week"], record["edition"]), {"number": 0})["number"]:
        standing[record["week"], record["edition"]] = record
for (week, edition), record in standing.items():
    issue = pathlib.Path("reports/briefings", week)
    if hashlib.sha256((issue / f"{edition}.pdf").read_bytes()).hexdigest() != record["pdf_sha256"]:
        sys.exit(f"{week}/{edition}: the PDF is not the one on record")
    recorded = {each["id"]: (each["value"] or "", each["printed"]) for each in record["figures"]}
    stated = json.loads((issue / f"{edition}.figures.json").read_text(encoding="utf-8"))["figures"]
    if recorded != {each["id"]: (each["value"] or "", each["printed"]) for each in stated}:
        sys.exit(f"{week}/{edition}: the figures are not those on record")
    with (issue / f"{edition}.figures.csv").open(encoding="utf-8-sig", newline="") as file:
        if recorded != {row["id"]: (row["value"], row["printed"]) for row in csv.DictReader(file)}:
            sys.exit(f"{week}/{edition}: the CSV does not say what is on record")
    compared += len(recorded)
if not compared:
    sys.exit("there was no figure to check")
print(f"{compared} figures of {len(standing)} editions are those on record")
EOF
