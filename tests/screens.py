"""说明里的图：python -m tests.screens 站的目录，写进 docs/assets/screens/。

只拍自己的站，表单里填的是虚构的内容。站先用 `make build` 构建好，
设 REPO_URL 才有打开编辑器的那一步。
另给一个文件夹，就在那里拼出各种页面在三种宽度、浅深两色下的样子，改样式的人打开看：
python -m tests.screens site --sheets /tmp/sheets
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.chromium import launch_chromium
from tests.pictured import PICTURED
from tests.server import SiteServer, serve_site

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "assets" / "screens"
WIDTH = 720
PHONES = ("experience", "question", "practice", "review")
"""README 里并排的四种。"""
SIZES = {390: 844, 820: 1100, 1440: 900}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
GAP = 16


def write_screens(site: Path) -> list[Path]:
    """拍首页、手机上的四种页面，与表单的三步：填一轮、改错、提交。返回写下的文件。"""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serve_site(site) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        home = _shoot(browser, server, ("home",), 1440, "light")
        phones = _shoot(browser, server, PHONES, 390, "light")
        files = [
            _save("home", home[0].reduce(2)),
            _save("phones", _join([shot.reduce(2) for shot in phones], len(phones))),
        ]
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light", locale="zh-CN"
        )
        page.goto(server.url("contribute/experience/"))
        page.get_by_role("button", name="检查并提交").wait_for()
        page.add_style_tag(
            content=".md-header, .md-top { display: none !important; }"
            "[data-form-bar] { position: static !important; }"
        )
        files.append(_write("form-round", _fill_round(page)))
        page.get_by_role("button", name="检查并提交").click()
        files.append(_write("form-problems", page.locator("[data-form-summary]")))
        page.get_by_label("从哪个月").fill("2026-03")
        page.get_by_label("公司类型").select_option("startup")
        page.get_by_label("给新公司起一个键（必填）").fill("example-ai")
        page.get_by_role("button", name="检查并提交").click()
        files.append(_write("form-ready", page.locator("[data-form-ready]")))
        browser.close()
    return files


def _fill_round(page: Page) -> Locator:
    page.get_by_label("公司（必填）").fill("示例公司")
    page.get_by_label("从哪个月").fill("三月")
    page.get_by_role("button", name="加一轮").click()
    one = page.locator("ol[data-list=rounds] > li").first
    one.get_by_label("这一轮是什么").select_option("technical")
    one.get_by_label("面试官的角色").fill("算法组")
    one.get_by_label("多少分钟").fill("60")
    one.get_by_label("这一轮的经过").fill("先问做过的项目。\n再手写 MHA，写到合并头时卡住。")
    one.get_by_role("button", name="加一项问到的").click()
    asked = one.locator("[data-list=asked] > li").first
    asked.get_by_label("考点").fill("多头注意力")
    asked.get_by_label("形式").select_option("handwriting")
    asked.get_by_label("问了什么").fill("手写 MHA")
    asked.get_by_label("答得怎样").select_option("partly")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    return one


def write_sheets(site: Path, folder: Path) -> list[Path]:
    """各种页面的第一屏，一种宽度、一套颜色拼一张。返回写下的文件。"""
    folder.mkdir(parents=True, exist_ok=True)
    names = tuple(kind.name for kind in PICTURED)
    files = []
    with serve_site(site) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for width in SIZES:
            for scheme in SCHEMES:
                shots = _shoot(browser, server, names, width, scheme)
                file = folder / f"{width}-{scheme}.png"
                _join(shots, 6 if width == 390 else 3).save(file)
                files.append(file)
        browser.close()
    return files


def _shoot(
    browser: Browser,
    server: SiteServer,
    names: tuple[str, ...],
    width: int,
    scheme: Literal["light", "dark"],
) -> list[Image.Image]:
    """这几种页面的第一屏。"""
    shots = []
    size = {"width": width, "height": SIZES[width]}
    with browser.new_context(viewport=size, color_scheme=scheme, locale="zh-CN") as context:  # type: ignore[arg-type]
        page = context.new_page()
        for kind in PICTURED:
            if kind.name in names:
                page.goto(server.url(kind.path))
                page.locator(kind.ready).first.wait_for(state="attached")
                page.wait_for_load_state("networkidle")
                with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as image:
                    shots.append(image.convert("RGB"))
    return shots


def _join(shots: list[Image.Image], columns: int) -> Image.Image:
    """排成几列。"""
    width, height = shots[0].width + GAP, shots[0].height + GAP
    rows = -(-len(shots) // columns)
    sheet = Image.new("RGB", (width * columns - GAP, height * rows - GAP), "#888")
    for number, shot in enumerate(shots):
        sheet.paste(shot, (number % columns * width, number // columns * height))
    return sheet


def _write(name: str, element: Locator) -> Path:
    with Image.open(io.BytesIO(element.screenshot())) as image:
        return _save(name, image.convert("RGB"))


def _save(name: str, image: Image.Image) -> Path:
    """存成不带元数据的 WebP。"""
    file = FOLDER / f"{name}.webp"
    image.save(file, "WEBP", quality=80, method=6)
    return file


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=Path)
    parser.add_argument("--sheets", type=Path)
    options = parser.parse_args()
    written = (
        write_sheets(options.site, options.sheets)
        if options.sheets
        else write_screens(options.site)
    )
    for file in written:
        print(f"{file}：{file.stat().st_size // 1024} KB")
