"""What an issue was made with: the build, packages, and each file of code, templates, fonts and configuration."""

from dataclasses import dataclass
from hashlib import sha256

from weasyprint.text.ffi import pango

from worker_services import __version__
from worker_services.briefing.model import Briefing
from worker_services.briefing.remarks import remarks_path
from worker_services.briefing.seal import publication
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse.provenance import packages, source_files

SET_WITH = ("templates/briefing", "templates/fonts", "locales", "config/briefing.yaml", "config/briefing_rules.yaml")
CODE = ("src/worker_services", "expectations/contracts")
PACKAGES = ("weasyprint", "pydyf", "fonttools", "jinja2", "segno", "markdown-it-py", "duckdb")


@dataclass(frozen=True)
class Rendering:
    """`files` are paths in the project with their SHA-256; `ledger_number` is what the seal says of the build."""

    build_id: str
    pdf_sha256: str
    ledger_number: int | None
    code_version: str
    packages: dict[str, str]
    files: dict[str, str]


def of_rendering(settings: Settings, briefing: Briefing, pdf: bytes) -> Rendering:
    """What the issue that was just set was made with: names no time and no machine, so that it can be made again."""
    published = publication(settings, briefing.marts.build_id)
    remarks = remarks_path(briefing.config.root / briefing.config.remarks, briefing.week, briefing.edition_id)
    return Rendering(
        build_id=briefing.marts.build_id,
        pdf_sha256=sha256(pdf).hexdigest(),
        ledger_number=published.seq if published else None,
        code_version=__version__,
        packages=packages(PACKAGES) | {"pango": str(pango.pango_version())},
        files=source_files(*CODE, root=PROJECT_ROOT)
        | source_files(*SET_WITH, str(remarks.relative_to(briefing.config.root)), root=settings.project_root),
    )
