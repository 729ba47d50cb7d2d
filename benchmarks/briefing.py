"""What an edition of the briefing costs, beside Chromium's print-to-PDF and Typst on the same content.

    python -m benchmarks.briefing 2025-W43 [--times 5] [--editions 16] [--chromium PATH] [--typst-python PATH]

Reads the published build (`bin/demo` makes one) and writes into a folder of its own. Chromium prints the HTML that we
typeset; Typst compiles what html_to_typst.py makes of it, to PDF/A-3a as we do. Only our file is held against the
marts, carries its figures and has an HTML version beside it; all of that is in our time, and the making of their input
is in nobody's. Typst is no part of this project: make a virtual environment with `pip install typst`. Medians of
--times runs; processor time and memory are of the whole process tree (memory as the sum of proportional set sizes).
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pypdfium2
import yaml

from benchmarks.html_to_typst import convert
from worker_services.briefing.config import load_config
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.render import Printing, paper_page
from worker_services.intervals import Week
from worker_services.settings import Settings

RENDER = """
import sys
from pathlib import Path
from worker_services.briefing.editions import render_all
from worker_services.intervals import Week
from worker_services.settings import Settings
if __name__ == "__main__":
    render_all(Settings(*map(Path, sys.argv[1:4])), Week.parse(sys.argv[4]), sys.argv[5:])
"""
WARM = """
import json, sys, time
from pathlib import Path
from worker_services.briefing.render import render
from worker_services.intervals import Week
from worker_services.settings import Settings
settings, week = Settings(*map(Path, sys.argv[1:4])), Week.parse(sys.argv[4])
render(settings, week, "city")
cpu, wall = time.process_time(), time.perf_counter()
render(settings, week, "city")
print(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}))
"""
TYPST = """
import sys, typst
source, output, fonts = sys.argv[1:]
typst.compile(source, output=output, font_paths=[fonts], ignore_system_fonts=True, pdf_standards="a-3a")
"""
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--no-pdf-header-footer",
)
COUNTED = ("cpu_s", "wall_s", "peak_mb", "size_kb")


def measure(command: list[str], output: Path) -> dict[str, float]:
    """Run a command and watch its process tree. Raises CalledProcessError when it fails."""
    output.unlink(missing_ok=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        memory = 0
        with contextlib.suppress(psutil.Error):
            for each in [process, *process.children(recursive=True)]:
                times = each.cpu_times()
                seen[each.pid] = times.user + times.system
                memory += each.memory_full_info().pss
        peak = max(peak, memory)
        time.sleep(0.05)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    waited_for = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    # What nobody waits for (Chromium's helpers) is only seen; what ends between two looks is only waited for.
    return {
        "cpu_s": max(waited_for, sum(seen.values())),
        "wall_s": wall,
        "peak_mb": peak / 2**20,
        "size_kb": output.stat().st_size / 1024,
    }


def house(folder: Path, settings: Settings, editions: int) -> Settings:
    """Our settings with that many editions, all of them the city's, and a folder of its own for the reports."""
    root = folder / "root"
    shutil.copytree(settings.project_root / "config", root / "config")
    (root / "templates").symlink_to(settings.project_root / "templates")
    path = root / "config" / "briefing.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    city = config["editions"]["city"]
    config["editions"] = {"city": city} | {f"city_{n}": city for n in range(2, editions + 1)}
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "warehouse").symlink_to(settings.warehouse)  # but a ledger of its own
    return Settings(root, folder / "data", folder / "reports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("week", type=Week.parse)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--editions", type=int, default=16)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--typst-python")
    chosen = parser.parse_args()
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = house(folder, Settings.load(), chosen.editions)
        fonts = settings.project_root / "templates" / "fonts"
        briefing = read_briefing(build_path(settings), load_config(settings), "city", chosen.week)
        html = paper_page(settings, briefing, Printing(briefing.language))
        page, pdf = folder / "page.html", BriefingFiles.at(settings, chosen.week, "city").pdf
        page.write_text(html.replace("<head>", f'<head><base href="file://{fonts.parent / "briefing"}/">'), "utf-8")
        markup = folder / "page.typ"
        markup.write_text(convert(html, folder), encoding="utf-8")
        roots = [str(root) for root in (settings.project_root, settings.data_root, settings.reports_root)]
        script = [sys.executable, "-c"]
        commands: dict[str, tuple[list[str], Path]] = {
            "ours, one edition": ([*script, RENDER, *roots, str(chosen.week), "city"], pdf),
            f"ours, {chosen.editions} editions at once": ([*script, RENDER, *roots, str(chosen.week)], pdf),
        }
        if chosen.chromium:
            printed = folder / "chromium.pdf"
            command = [chosen.chromium, *CHROMIUM, f"--print-to-pdf={printed}", page.as_uri()]
            commands["Chromium, one edition"] = (command, printed)
        if chosen.typst_python:
            compiled = folder / "typst.pdf"
            command = [chosen.typst_python, "-c", TYPST, str(markup), str(compiled), str(fonts)]
            commands["Typst, one edition"] = (command, compiled)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for _ in range(chosen.times):
            for name, (command, output) in commands.items():  # by turns, so that a busy minute falls on all of them
                runs[name].append(measure(command, output))
        warm = json.loads(
            subprocess.run([*script, WARM, *roots, str(chosen.week)], capture_output=True, check=True).stdout
        )
        pages = {name: count_pages(output) for name, (_, output) in commands.items()}
    cost = {name: {key: statistics.median(run[key] for run in ran) for key in COUNTED} for name, ran in runs.items()}
    ours = cost["ours, one edition"]
    print(f"{'':28}" + "".join(f"{key:>10}" for key in COUNTED) + f"{'pages':>8}   times ours (cpu, wall, peak, size)")
    for name, values in cost.items():
        ratios = "  ".join(f"{values[key] / ours[key]:.2f}" for key in COUNTED)
        print(f"{name:28}" + "".join(f"{values[key]:10.2f}" for key in COUNTED) + f"{pages[name]:8}   {ratios}")
    print(
        f"ours, one more edition in the same process: {warm['cpu_s']:.2f} s of processor time, {warm['wall_s']:.2f} s"
    )


def count_pages(pdf: Path) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


if __name__ == "__main__":
    main()
