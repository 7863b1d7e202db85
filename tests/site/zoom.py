"""字放大一倍、少动：打开着的一页横滚了没有、裁了哪些字、什么在动。"""

from __future__ import annotations

from playwright.sync_api import Page

OVERFLOW = """async () => {
  const measure = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const end = performance.now() + 3000;
  while (measure() > 0 && performance.now() < end) await new Promise(requestAnimationFrame);
  return measure();
}"""
"""窗口变了，主题过 400 毫秒才锁住搜索下面的页面；等一等，还宽才算。"""
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
RESIZE = """(times) => {
  const root = document.documentElement;
  root.style.fontSize = `${times * parseFloat(getComputedStyle(root).fontSize)}px`;
}"""
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


def find_moving(page: Page) -> list[str]:
    """读者要少动，还在动的，一处一行。"""
    found: list[str] = page.evaluate(MOVING)
    return found


def find_zoom_faults(page: Page) -> list[str]:
    """手机上字放大到 200%，桌面上整页放大到 200%（1440 px 成了 720 px）：横滚与裁掉的字，一处一行。

    看完字变回原来的大小，宽是 390 px。
    """
    page.set_viewport_size({"width": 720, "height": 450})
    found = _find_faults(page, "整页放大到 200%")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(RESIZE, 2)
    page.evaluate(MEASURED)
    found += _find_faults(page, "字放大到 200%")
    page.evaluate(RESIZE, 0.5)
    return found


def _find_faults(page: Page, where: str) -> list[str]:
    wide = page.evaluate(OVERFLOW)
    scrolled = [f"{where}：横滚 {wide} px"] if wide > 0 else []
    return scrolled + [f"{where}：裁掉了 {text}" for text in page.evaluate(CLIPPED)]
