python3 - <<'EOF'
import hashlib, json, pathlib, sys
checked = 0
for path in pathlib.Path("data/provenance").glob("*.json"):
    stated = json.loads(path.read_text(encoding="utf-8"))
    for model in stated.get("models", {}).values():
        sql = pathlib.Path("models", path.stem, f"{model['name']}.sql")
        if model.get("compiled") and hashlib.sha256(sql.read_bytes()).hexdigest() != model["compiled_sha256"]:
            sys.exit(f"{sql} is not the SQL that was run")
        checked += bool(model.get("compiled"))
    for name, digest in stated["files"].items():
        source = pathlib.Path("project", name)
        if "models" in stated and source.exists():
            if hashlib.sha256(source.read_bytes()).hexdigest() != digest:
                sys.exit(f"{source} is not the file that the models were made by")
            checked += 1
print(f"{checked} models and files of the project are those that the ledger's provenance names")
EOF
