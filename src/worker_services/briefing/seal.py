"""How a reader checks that a document is the one that was made: a string of what is known before the PDF is written."""

import io
from dataclasses import dataclass
from hashlib import sha256

import segno
from markupsafe import Markup

from worker_services.audit import ledger
from worker_services.briefing.model import Briefing
from worker_services.settings import Settings

SEAL = "worker-services-briefing/1"


@dataclass(frozen=True)
class Seal:
    """`sha256` is of the CSV of figures that the PDF carries; `ledger_number` of the entry that published the build."""

    text: str
    sha256: str
    ledger_number: int | None
    qr_code: Markup


def make_seal(settings: Settings, briefing: Briefing, figures_csv: bytes) -> Seal:
    """The string to check a document by, and the same as a QR code in SVG."""
    digest = sha256(figures_csv).hexdigest()
    published = ledger.first_about(settings, briefing.marts.build_id)
    fields = {
        "issue": briefing.issue,
        "week": briefing.week,
        "edition": briefing.edition_id,
        "build": briefing.marts.build_id,
        "figures": f"sha256:{digest}",
    }
    text = " ".join([SEAL, *(f"{name}={value}" for name, value in fields.items())])
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", scale=2, border=2, title="核验字符串二维码", xmldecl=False, nl=False
    )
    qr_code = Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by the library
    return Seal(text, digest, published.seq if published else None, qr_code)
