python3 - <<'EOF'
import hashlib, json, pathlib, sys
named = {}
for line in open("ledger.ndjson", encoding="utf-8"):
    details = json.loads(line)["details"]
    named.update(details.get("files") or {})
    for name in details.get("deleted") or []:
        named.pop(name, None)
checked = 0
for path in sorted(path for top in ("data", "reports") for path in pathlib.Path(top).rglob("*") if path.is_file()):
    if named.get(path.as_posix()) != hashlib.sha256(path.read_bytes()).hexdigest():
        sys.exit(f"{path} is not the file that the ledger names")
    checked += 1
entries = {entry["seq"]: entry["hash"] for entry in map(json.loads, open("ledger.ndjson", encoding="utf-8"))}
heads = [*pathlib.Path("reports").rglob("*.figures.json"), *pathlib.Path("data/ledger").rglob("*.json")]
for path in heads:
    head = json.loads(path.read_text(encoding="utf-8"))
    head = head.get("ledger", head)
    if head and entries.get(head["seq"], head["hash"]) != head["hash"]:
        sys.exit(f"{path} holds another entry {head['seq']} than the ledger")
if not checked or not heads:
    sys.exit("there was no file to check")
print(f"{checked} files are those that the ledger names; {len(heads)} heads fit")
EOF
