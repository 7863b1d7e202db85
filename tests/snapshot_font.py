"""快照里的字都用 npm 包里的思源黑体：各台机器装的字体不同，拍出来也一样。"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, Route

PACKAGE = Path(__file__).resolve().parents[1] / "node_modules/@fontsource-variable/noto-sans-sc"
FAMILY = "Noto Sans SC Variable"
FOLDER = "__snapshot_font__"
"""站里没有的文件夹，由 route 接住。"""
# 滚动条与光标也各台不同；日期、年龄每天在变
STYLE = f"""
:root, [data-md-color-scheme] {{ --md-text-font: "{FAMILY}"; --md-code-font: "{FAMILY}"; }}
* {{ caret-color: transparent !important; scrollbar-width: none !important; }}
.md-source-file, .mj-facts + .mj-note {{ visibility: hidden; }}
"""


def use_snapshot_font(page: Page) -> None:
    """换上字体，藏起会变的字；要在页面打开之后，页面的上下文要 bypass_csp。"""
    rules = (PACKAGE / "index.css").read_text(encoding="utf-8")
    fonts = re.sub(r"url\(\./files/", f"url({_base(page)}{FOLDER}/", rules)
    page.add_style_tag(content=fonts + STYLE)
    page.evaluate("document.fonts.ready")


def serve_snapshot_font(page: Page) -> None:
    """接住字体的请求。"""
    page.route(f"**/{FOLDER}/*", _fulfill)


def _fulfill(route: Route) -> None:
    name = Path(unquote(urlsplit(route.request.url).path)).name
    route.fulfill(path=PACKAGE / "files" / name, content_type="font/woff2")


def _base(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}/"


def read_fonts(page: Page) -> str:
    """第一个标题实际用了哪些字体，写进失败的消息。"""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "h1"})["nodeId"]
    used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return "、".join(font["familyName"] for font in used)
