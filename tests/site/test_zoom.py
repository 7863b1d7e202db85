"""字放大一倍、少动：每一种页面都不横滚、不裁字、不动。"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.server import SiteServer
from tests.site.page_kinds import PAGE_KINDS, PageKind, open_kind

pytestmark = pytest.mark.browser

OVERFLOW = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
CLIPPED = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const owner = node.parentElement;
    const visible = { opacityProperty: true, visibilityProperty: true };
    if (!node.data.trim() || !owner.checkVisibility(visible)) continue;
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects())
      for (let box = owner; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        const { overflowX, overflowY } = style;
        const edge = box.getBoundingClientRect();
        const short = style.webkitLineClamp !== "none" || style.textOverflow === "ellipsis";
        if (edge.width < 2 || short) break;
        const wide = overflowX === "hidden" || overflowX === "clip";
        const tall = overflowY === "hidden" || overflowY === "clip";
        const cut =
          (wide && (right > edge.right + 1 || left < edge.left - 1)) ||
          (tall && (bottom > edge.bottom + 4 || top < edge.top - 4));
        if (cut) {
          found.push(`${box.tagName}.${box.className}：${node.data.trim().slice(0, 20)}`);
          break;
        }
        if (overflowX !== "visible" || style.position === "fixed") break;
      }
  }
  return [...new Set(found)];
}"""
"""被容器裁掉的字；自己写明省略的（省略号、几行为限）不算，容器能滚的也不算。"""
MEASURED = """async () => {
  for (const editor of document.querySelectorAll(".cm-editor")) {
    editor.scrollIntoView();
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  }
}"""
"""编辑器不在屏幕上时不重新量字高，看到它才量。"""
MOVING = """() => [...document.querySelectorAll("*")].flatMap((one) =>
  ["", "::before", "::after"].flatMap((part) => {
    const style = getComputedStyle(one, part || null);
    const { animationName, transitionDuration, transitionDelay } = style;
    const longest = (text) => Math.max(...text.split(",").map(parseFloat));
    const what = [
      animationName !== "none" && longest(style.animationDuration) > 0.01 && animationName,
      longest(transitionDuration) + longest(transitionDelay) > 0.01 && `过渡 ${transitionDuration}`,
      style.scrollBehavior === "smooth" && "平滑滚动",
    ].filter(Boolean);
    return what.map((text) => `${one.tagName}.${one.className}${part} ${text}`);
  })).concat(document.getAnimations().map((one) => `在动：${one.animationName ?? one.id}`))"""


@pytest.mark.parametrize("kind", PAGE_KINDS, ids=lambda kind: kind.name)
def test_text_of_twice_the_size_and_no_motion(
    server: SiteServer, browser: Browser, kind: PageKind
) -> None:
    """手机上字放大到 200%，桌面上整页放大到 200%（1440 px 成了 720 px）：不横滚，不裁字。"""
    with open_kind(browser, server, kind) as page:
        assert page.evaluate(MOVING) == []
        page.set_viewport_size({"width": 720, "height": 450})
        assert page.evaluate(OVERFLOW) <= 0, "整页放大到 200%"
        assert page.evaluate(CLIPPED) == [], "整页放大到 200%"
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("""() => {
          const root = document.documentElement;
          root.style.fontSize = `${2 * parseFloat(getComputedStyle(root).fontSize)}px`;
        }""")
        page.evaluate(MEASURED)
        assert page.evaluate(OVERFLOW) <= 0, "字放大到 200%"
        assert page.evaluate(CLIPPED) == [], "字放大到 200%"
