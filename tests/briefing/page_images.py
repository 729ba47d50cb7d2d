"""Pages of a PDF as small grey images, and how far two of them are apart.

`python tests/briefing/page_images.py` makes the reference images (reference/) anew from the fixture's issue; look at
them before you commit them.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageFilter, ImageStat

DPI = 50
REFERENCE = Path(__file__).with_name("reference")
GREYS = 64


def by_pdfium(pdf: Path, folder: Path) -> list[Image.Image]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L") for page in document]


def by_poppler(pdf: Path, folder: Path) -> list[Image.Image]:
    return _by_program(["pdftoppm", "-r", str(DPI), "-gray", pdf, folder / "poppler"], folder, "poppler-*.pgm")


def by_mupdf(pdf: Path, folder: Path) -> list[Image.Image]:
    draw = ["mutool", "draw", "-q", "-N", "-r", str(DPI), "-c", "gray", "-o", folder / "mupdf-%03d.pgm", pdf]
    return _by_program(draw, folder, "mupdf-*.pgm")


def _by_program(command: list[str | Path], folder: Path, pattern: str) -> list[Image.Image]:
    run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    assert run.stderr == "", run.stderr  # a font or an object that the renderer could not make sense of
    return [Image.open(path).convert("L") for path in sorted(folder.glob(pattern))]


def ink(image: Image.Image) -> float:
    """Share of the page that is darker than the watermark."""
    return sum(image.histogram()[:200]) / (image.width * image.height)


def distance(one: Image.Image, two: Image.Image) -> float:
    """Of the ink of both pages, the share that is in one of them only; edges are smoothed differently everywhere."""
    two = two if one.size == two.size else two.resize(one.size)
    one, two = (image.filter(ImageFilter.BoxBlur(2)) for image in (one, two))
    apart = ImageStat.Stat(ImageChops.difference(one, two)).sum[0]
    both = sum(255 * image.width * image.height - ImageStat.Stat(image).sum[0] for image in (one, two))
    return apart / both if both else 0.0


def reference_pages() -> list[Image.Image]:
    return [Image.open(path).convert("L") for path in sorted(REFERENCE.glob("page-*.png"))]


def remake() -> None:
    from conftest import settings_in
    from rpt_marts import BUILD_ID, WEEK

    from worker_services.briefing.render import render

    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    for old in REFERENCE.glob("page-*.png"):
        old.unlink()
    REFERENCE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pdf = render(settings_in(Path(folder)), WEEK, "city", BUILD_ID).pdf
        for number, image in enumerate(by_pdfium(pdf, Path(folder)), 1):
            image.quantize(GREYS).save(REFERENCE / f"page-{number:02}.png", optimize=True)
            sys.stdout.write(f"{REFERENCE.name}/page-{number:02}.png\n")


if __name__ == "__main__":
    remake()
