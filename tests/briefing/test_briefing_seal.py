"""The string by which a document is checked, and its QR code on the page."""

from hashlib import sha256

import pypdfium2
import segno
from layout import read_pages, words
from rpt_marts import BUILD_ID, WEEK

from worker_services.audit import ledger
from worker_services.briefing.config import load_config
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.render import render
from worker_services.briefing.seal import make_seal


def seal_of(settings):
    briefing = read_briefing(build_path(settings, BUILD_ID), load_config(settings), "city", WEEK)
    return make_seal(settings, briefing, BriefingFiles.at(settings, WEEK, "city").figures_csv.read_bytes())


def test_the_hash_on_the_page_is_that_of_the_attached_figures(issue):
    files, last = BriefingFiles.at(issue, WEEK, "city"), words(read_pages(issue, WEEK)[-1:])
    document = pypdfium2.PdfDocument(files.pdf)
    attached = [document.get_attachment(i) for i in range(document.count_attachments())]
    [figures] = [bytes(one.get_data()) for one in attached if one.get_name().endswith(".csv")]
    assert sha256(figures).hexdigest() in last
    assert "尚未登记发布，本文件仅供核对，不得印发" in last


def test_the_code_on_the_page_says_the_string(issue):
    """Module by module: the page as a reader's camera would have it, against the code of the expected string."""
    seal = seal_of(issue)
    assert seal.text == (
        f"worker-services-briefing/1 issue=22 week=2025-W43 edition=city build={BUILD_ID} figures=sha256:{seal.sha256}"
    )
    wanted = [list(row) for row in segno.make(seal.text, error="m", micro=False).matrix]
    document = pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf)
    scale = 8
    picture = document[len(document) - 1].render(scale=scale).to_pil().convert("L").point(lambda p: 255 * (p < 128))
    head = next(c for c in read_pages(issue, WEEK)[-1].chars if c.text == "核")
    below = round((842 - head.bottom) * scale) + scale
    left, top, right, bottom = picture.crop((0, below, round(49 * 72 / 25.4 * scale), below + 90 * scale)).getbbox()
    step = (right - left) / len(wanted)
    assert abs((right - left) - (bottom - top)) < step
    read = [
        [
            int(picture.getpixel((round(left + (x + 0.5) * step), round(below + top + (y + 0.5) * step))) > 127)
            for x in range(len(wanted))
        ]
        for y in range(len(wanted))
    ]
    assert read == wanted


def test_the_seal_names_the_ledger_entry_that_published_the_build(house):
    settings = house()
    BriefingFiles.at(settings, WEEK, "city").figures_csv.parent.mkdir(parents=True)
    BriefingFiles.at(settings, WEEK, "city").figures_csv.write_bytes(b"figures")
    ledger.append(settings, "someone", "quarantine.release", "batch")
    assert seal_of(settings).published is None
    entry = ledger.append(settings, "someone", "warehouse.publish", BUILD_ID)
    ledger.append(settings, "someone", "warehouse.rollback", BUILD_ID)
    assert seal_of(settings).published == entry
    assert entry.seq == 2


def test_the_page_carries_the_signed_entry_and_says_the_same_however_the_ledger_goes_on(house):
    settings = house()
    entry = ledger.append(settings, "someone", "warehouse.publish", BUILD_ID)
    files = render(settings, WEEK, "city", BUILD_ID)
    before = files.pdf.read_bytes()
    text = words(read_pages(settings, WEEK)[-1:])
    for said in (f"审计台账第{entry.seq}号", entry.hash, entry.signature[:44], entry.signature[44:], entry.public_key):
        assert said in text
    ledger.append(settings, "someone", "warehouse.rollback", BUILD_ID)
    render(settings, WEEK, "city", BUILD_ID)
    assert files.pdf.read_bytes() == before
