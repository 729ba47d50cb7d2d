"""What the pages of the quality site are made with."""

import jinja2

from worker_services.settings import Settings


def environment(settings: Settings) -> jinja2.Environment:
    """Templates of templates/quality, which know the site's `styles`; an undefined name is an error."""
    templates = settings.project_root / "templates" / "quality"
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["styles"] = (templates / "site.css").read_text(encoding="utf-8")
    return made
