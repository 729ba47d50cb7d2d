python3 - <<'EOF'
import base64, hashlib, json, pathlib, subprocess, sys, tempfile
folder, checked = pathlib.Path(tempfile.mkdtemp()), 0
for line in open("ledger.ndjson", encoding="utf-8"):
    entry = json.loads(line)
    (folder / "hash").write_text(entry["hash"])
    (folder / "signature").write_bytes(base64.b64decode(entry["signature"]))
    key = pathlib.Path("keys", hashlib.sha256(entry["public_key"].encode()).hexdigest()[:16] + ".pem")
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin"]
    command += ["-in", str(folder / "hash"), "-sigfile", str(folder / "signature")]
    if entry["public_key"] not in key.read_text() or subprocess.run(command, capture_output=True).returncode:
        sys.exit(f"entry {entry['seq']} has no signature of its key")
    checked += 1
print(f"{checked} signatures hold")
EOF
