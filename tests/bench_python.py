"""网页里的 Python：首次运行取多少字节、冷热各多久，每道手写题判一次多久。`make bench` 的一部分。

数字只打印，不断言。服务器像 GitHub Pages 那样压缩着发。
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, expect, sync_playwright

from tests.bench_server import serve_compressed
from tests.chromium import launch_chromium
from tests.practice.exercises import KEYS, read_exercise

KEY = "scaled-dot-product-attention"
WAIT = 180_000
TARGET_SECONDS = 1.0
"""热的时候判一道题的目标。"""


def submit(page: Page, answer: str) -> float:
    """把答案放进编辑器，提交，返回到出结果的秒数。"""
    if (start := page.get_by_role("button", name="开始写")).is_visible():
        start.click()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(answer)
    page.evaluate("document.querySelector('.mj-run [role=status]').textContent = ''")
    start_time = time.perf_counter()
    page.get_by_role("button", name="提交").click()
    expect(page.locator(".mj-run [role=status]")).to_contain_text("通过", timeout=WAIT)
    return time.perf_counter() - start_time


def measure(site: Path) -> None:
    """打印一组数字。"""
    print("网页里的 Python（Chromium，本机，压缩着发）：")
    with serve_compressed(site) as (url, traffic), sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{url}practice/{KEY}/", wait_until="networkidle")
            opened = sum(size for _, size in traffic.sent)
            cold = submit(page, read_exercise(KEY).reference)
            taken = sum(size for _, size in traffic.sent) - opened
            again = submit(page, read_exercise(KEY).reference)
            page.reload(wait_until="networkidle")
            page.wait_for_selector(".cm-content")
            warm = submit(page, read_exercise(KEY).reference)
            editor = sum(size for path, size in traffic.sent if "/editor-" in path)
            print(
                f"  首次判题：冷 {cold:.1f} s（取 {taken / 1e6:.1f} MB gz，其中编辑器 "
                f"{editor / 1e3:.0f} kB），热缓存 {warm:.1f} s，已启动 {again:.2f} s"
            )
            seconds = {}
            for number, key in enumerate(KEYS, 1):
                print(f"\r  {number}/{len(KEYS)} {key:50}", end="", file=sys.stderr, flush=True)
                page.goto(f"{url}practice/{key}/", wait_until="networkidle")
                submit(page, read_exercise(key).starter)
                seconds[key] = median(submit(page, read_exercise(key).reference) for _ in range(3))
            print(file=sys.stderr)
            slow = {k: round(s, 2) for k, s in seconds.items() if s > TARGET_SECONDS} or "没有"
            print(
                f"  {len(KEYS)} 道题判参考答案（各判三次取中位）："
                f"中位 {median(seconds.values()):.2f} s，最长 {max(seconds.values()):.2f} s；"
                f"超过 {TARGET_SECONDS:g} s 的：{slow}"
            )
        browser.close()
