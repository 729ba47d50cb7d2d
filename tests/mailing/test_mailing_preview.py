"""The page on which templates are worked on."""

import re
import shutil
import threading
from collections.abc import Iterator

import httpx
import pytest
from rpt_marts import WEEK

from worker_services.briefing.errors import UnknownEdition
from worker_services.mailing import preview
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def own(house: Settings, tmp_path) -> Settings:
    """A house with templates and configuration of its own."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT_ROOT / "config", root / "config")
    for kind in ("briefing", "mail"):
        shutil.copytree(PROJECT_ROOT / "templates" / kind, root / "templates" / kind)
    (root / "templates" / "fonts").symlink_to(PROJECT_ROOT / "templates" / "fonts")
    return Settings(root, house.data_root, house.reports_root)


@pytest.fixture
def browser(own: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A client of the running page; the server is told to end when the test is over."""
    servers, opened = [], []
    started = threading.Event()

    class Server(preview.uvicorn.Server):
        def __init__(self, config) -> None:
            super().__init__(config)
            servers.append(self)

        def install_signal_handlers(self) -> None:
            """Only the main thread may."""

    def open_page(url: str) -> None:
        opened.append(url)
        started.set()

    monkeypatch.setattr(preview.uvicorn, "Server", Server)
    thread = threading.Thread(target=preview.serve, args=(own, WEEK, "city", None, 0, open_page), daemon=True)
    thread.start()
    assert started.wait(60)
    with httpx.Client(base_url=opened[0].removesuffix("/city"), timeout=120, trust_env=False) as client:
        yield client
    servers[0].should_exit = True
    thread.join(60)
    assert not thread.is_alive()


def test_the_page_shows_pdf_and_mail_and_follows_every_change(own, browser):
    assert browser.base_url.host == "127.0.0.1"
    before = {path: path.stat().st_mtime_ns for path in own.reports_root.rglob("*")}
    page = browser.get("/city").text
    assert "【演示】工会服务职工实事项目推进会工作简报第22期" in page
    assert 'href="/city" class="here"' in page
    assert browser.get("/city/issue.pdf").content.startswith(b"%PDF-")
    assert browser.get("/city/chart.png").content.startswith(b"\x89PNG")
    mail = browser.get("/city/mail.html").text
    assert "主要指标" in mail and 'src="chart.png"' in mail
    assert "主要指标" in browser.get("/city/mail.txt").text
    assert browser.get("/nowhere").status_code == 404
    (version,) = re.findall(r"/changes\?version=(\d+)", page)

    template = own.project_root / "templates" / "mail" / "summary.txt.j2"
    text = template.read_text(encoding="utf-8")
    with browser.stream("GET", f"/changes?version={version}") as signs:
        assert signs.headers["content-type"].startswith("text/event-stream")
        template.write_text(text.replace("主要指标", "本周指标"), encoding="utf-8")
        sign = next(line for line in signs.iter_lines() if line.startswith("data:"))
    assert int(sign.removeprefix("data:")) > int(version)
    assert "本周指标" in browser.get("/city/mail.txt").text

    version = sign.removeprefix("data:").strip()
    with browser.stream("GET", f"/changes?version={version}") as signs:
        template.write_text(text + "{{ b.nothing_of_the_kind }}", encoding="utf-8")
        next(line for line in signs.iter_lines() if line.startswith("data:"))
    page = browser.get("/city").text
    assert "UndefinedError" in page and "nothing_of_the_kind" in page and 'class="fault"' in page
    assert browser.get("/city/mail.html").status_code == 500
    assert {path: path.stat().st_mtime_ns for path in own.reports_root.rglob("*")} == before, "nothing is written"


def test_what_cannot_be_shown_is_said_at_once(house):
    with pytest.raises(UnknownEdition, match="no edition 'nowhere'"):
        preview.serve(house, WEEK, "nowhere")
