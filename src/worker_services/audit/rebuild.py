"""A past moment built again from landing, in a folder of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from worker_services.files import make_folder_of_process
from worker_services.settings import Settings
from worker_services.warehouse.build import BuildResult, build

READ = ("landing", "outcomes", "quarantine", "printed")
"""What a build reads of the data root: not the compacted months, which are only a copy."""


@contextmanager
def rebuilt(settings: Settings, as_of: datetime, is_demo: bool) -> Iterator[tuple[Settings, BuildResult]]:
    """Yield a clean house, which goes with the block, and the build of a moment in it. Raises BuildFailed."""
    folder = make_folder_of_process(".rebuild-", settings.data_root)  # beside the data: a build may be large
    clean = Settings(settings.project_root, folder / "data", folder / "reports", copy_of=settings)
    try:
        clean.data_root.mkdir()
        for name in READ:
            (clean.data_root / name).symlink_to(settings.data_root / name)
        if is_demo:
            (clean.data_root / "DEMO").touch()
        yield clean, build(clean, as_of, full_refresh=True)
    finally:
        shutil.rmtree(folder)
