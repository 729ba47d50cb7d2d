"""How a reader checks that a document is the one that was made: a string of what is known before the PDF is written."""

import io
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import segno
from markupsafe import Markup

from worker_services.audit import ledger
from worker_services.briefing.model import Briefing
from worker_services.settings import Settings
from worker_services.warehouse.publish import PUBLISH

SEAL = "worker-services-briefing/1"


@dataclass(frozen=True)
class Seal:
    """`sha256` is of the CSV of figures that the PDF carries; `published` the entry that published the build."""

    text: str
    sha256: str
    published: ledger.Entry | None
    qr_code: Markup


def make_seal(settings: Settings, briefing: Briefing, figures_csv: bytes) -> Seal:
    """The string to check a document by, and the same as a QR code in SVG."""
    digest = sha256(figures_csv).hexdigest()
    fields = {
        "issue": briefing.issue,
        "week": briefing.week,
        "edition": briefing.edition_id,
        "build": briefing.marts.build_id,
        "figures": f"sha256:{digest}",
    }
    text = " ".join([SEAL, *(f"{name}={value}" for name, value in fields.items())])
    qr_code = _draw(text, briefing.language.gettext("核验字符串二维码"))
    return Seal(text, digest, publication(settings, briefing.marts.build_id), qr_code)


@lru_cache(maxsize=1)  # the same on paper and on the screen
def _draw(text: str, title: str) -> Markup:
    drawn = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(drawn, kind="svg", scale=2, border=2, title=title, xmldecl=False, nl=False)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by the library


def publication(settings: Settings, build_id: str) -> ledger.Entry | None:
    """The signed entry that first published a build: it binds the ledger up to then, and is the same for every copy."""
    return next(iter(ledger.about(settings, PUBLISH, build_id)), None)
