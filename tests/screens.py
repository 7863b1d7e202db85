"""贡献说明里的图：python -m tests.screens 站的目录，写进 docs/assets/images/screens/。

只拍自己的站，填的是虚构的内容；站先用 `make build` 构建好（设 REPO_URL 才有打开编辑器的那一步）。
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from tests.chromium import launch_chromium
from tests.server import serve_site

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "assets" / "images" / "screens"
WIDTH = 720


def write_screens(site: Path) -> list[Path]:
    """拍三张：填一轮、改错、提交。返回写下的文件。"""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serve_site(site) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light", locale="zh-CN"
        )
        page.goto(server.url("contribute/experience/"))
        page.get_by_role("button", name="检查并提交").wait_for()
        page.add_style_tag(content=".md-header, .md-top { display: none !important; }")
        files = [_write("form-round", _fill_round(page))]
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


def _write(name: str, element: Locator) -> Path:
    """存成不带元数据的 WebP。"""
    file = FOLDER / f"{name}.webp"
    with Image.open(io.BytesIO(element.screenshot())) as image:
        image.convert("RGB").save(file, "WEBP", quality=80, method=6)
    return file


if __name__ == "__main__":
    for written in write_screens(Path(sys.argv[1])):
        print(f"{written}：{written.stat().st_size // 1024} KB")
