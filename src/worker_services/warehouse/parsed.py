"""The dbt project as dbt parses it, kept for one state of the code: parsing takes longer than a quiet night's rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from worker_services.files import write_bytes
from worker_services.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


class ParseFailed(Exception):
    """dbt cannot read its own project; says where."""


def path(settings: Settings, code_fingerprint: str) -> Path:
    """Where the project is kept as it is parsed in that state of the code."""
    return settings.warehouse / "dbt" / f"parsed_{code_fingerprint}.msgpack"


def manifest(kept: Path, options: list[str]) -> "Manifest":
    """The project as kept there, or parsed now and kept. `options` are dbt's own, which say where it lies.

    dbt's own partial parsing is not asked: it does not see everything that a changed macro changes. Raises ParseFailed.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

    if kept.exists():
        return Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
    result = dbtRunner().invoke(["parse", "--no-partial-parse", *options])
    if not isinstance(result.result, Manifest):
        raise ParseFailed(f"dbt cannot parse its project: {result.exception}")
    for of_other_code in kept.parent.glob("parsed_*.msgpack"):
        of_other_code.unlink()
    write_bytes(kept, result.result.to_msgpack(extended_mashumaro_encoder))
    return result.result
