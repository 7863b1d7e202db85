"""「面试前 30 分钟」的 PDF：构建好的站在本机发出来，无界面的 Chromium 一页一页打印。"""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from mianjing.briefs import FOLDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PDF_WANTED = "MIANJING_PDF"
"""设了这个环境变量的构建，页面里带 PDF 的链接。"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class MissingBrowserError(Exception):
    """没有 Chromium 或驱动它的 Playwright。"""


def print_briefs(site: Path) -> list[Path]:
    """把 site 里每一页「面试前 30 分钟」打印成它旁边的 `<键>.pdf`，返回写下的文件。"""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        message = "没有 Playwright：用 make publish，它会装好测试用的依赖"
        raise MissingBrowserError(message) from error
    path = find_browser()
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=sandbox)
        try:
            return print_pages(browser, site, site)
        finally:
            browser.close()


def find_browser() -> str:
    """PATH 上的 Chromium；没有时抛 MissingBrowserError。"""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise MissingBrowserError(f"PATH 上没有 {'、'.join(BROWSERS)}，打印不了 PDF")
    return path


def print_pages(browser: Browser, site: Path, target: Path) -> list[Path]:
    """用开着的浏览器打印 site 里的各页，写进 target 下相同的位置。"""
    names = sorted(p.parent.name for p in (site / FOLDER).glob("*/index.html"))
    handler = partial(_QuietHandler, directory=str(site))
    written = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # 打印只要 HTML 与样式：不执行脚本，也就不会换页、不会等索引
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.emulate_media(media="print")
        try:
            for name in names:
                page.goto(f"http://127.0.0.1:{server.server_port}/{FOLDER}/{name}/")
                page.evaluate("document.fonts.ready")
                file = target / FOLDER / name / f"{name}.pdf"
                file.parent.mkdir(parents=True, exist_ok=True)
                page.pdf(path=file, prefer_css_page_size=True)
                written.append(file)
        finally:
            context.close()
            server.shutdown()
    return written


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """安静。"""
