"""All editions of an issue at once, in processes of their own."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from worker_services.briefing.config import load_config
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.intervals import Week
from worker_services.settings import Settings


def render_all(
    settings: Settings, week: Week, editions: Sequence[str] = (), build_id: str | None = None
) -> dict[str, BriefingFiles]:
    """Render the editions given, or all that are configured, from one build, as many at a time as there are cores.

    Each edition that can be rendered is. Raises UnknownEdition and NoPublishedBuild before anything is written, and
    BriefingError afterwards, with the reason for every edition that failed.
    """
    config = load_config(settings)
    chosen = list(dict.fromkeys(editions or config.editions))
    for edition in chosen:
        config.edition(edition)
    build_id = build_path(settings, build_id).stem  # the same for all, whatever is published meanwhile
    if len(chosen) == 1:
        return {chosen[0]: _render(settings, week, chosen[0], build_id)}
    # Forked from a server that is started afresh and imports what they need, once: a fork of the caller would inherit
    # the locks and threads of whatever it has open.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["worker_services.briefing.render"])
    workers = min(len(chosen), os.cpu_count() or 1)
    rendered: dict[str, BriefingFiles] = {}
    failed: list[str] = []
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = {edition: pool.submit(_render, settings, week, edition, build_id) for edition in chosen}
        for edition, future in futures.items():
            try:
                rendered[edition] = future.result()
            except (BriefingError, OSError) as error:
                failed.append(f"{edition}: {error}")
    if failed:
        raise BriefingError(f"{len(failed)} of {len(chosen)} editions were not rendered: " + "; ".join(failed))
    return rendered


def _render(settings: Settings, week: Week, edition: str, build_id: str) -> BriefingFiles:
    from worker_services.briefing.render import render

    return render(settings, week, edition, build_id)
