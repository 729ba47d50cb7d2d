python3 - <<'EOF'
import hashlib, json, sys
previous, number, key = "0" * 64, 0, None
for line in open("ledger.ndjson", encoding="utf-8"):
    entry = json.loads(line)
    number += 1
    text = json.dumps(
        {name: value for name, value in entry.items() if name not in ("hash", "signature")},
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )
    if entry["seq"] != number or entry["previous_hash"] != previous:
        sys.exit(f"entry {entry['seq']} does not follow the one before it")
    if hashlib.sha256(text.encode()).hexdigest() != entry["hash"]:
        sys.exit(f"entry {number} is not what its hash says")
    if key not in (None, entry["public_key"]):
        sys.exit(f"entry {number} is signed with a key that no entry before it names")
    previous = entry["hash"]
    key = entry["details"]["public_key"] if entry["action"] == "ledger.rotate" else entry["public_key"]
if not number:
    sys.exit("the ledger is empty")
print(f"{number} entries follow each other; the last is {number}:{previous}")
EOF
