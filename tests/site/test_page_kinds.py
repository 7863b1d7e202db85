"""每一种页面打开一次，部件都打开：axe-core 查两色、两宽，再放大一倍；代码的每种颜色都看得清。"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.server import SiteServer
from tests.site.axe import find_violations
from tests.site.page_kinds import PAGE_KINDS, PageKind, open_kind, switch_scheme
from tests.site.zoom import find_moving, find_zoom_faults

pytestmark = pytest.mark.browser

WIDTHS = (390, 1440)
SCHEMES = ("default", "slate")
SAME_AT_ANY_WIDTH = ("pre code *", ".mj-claims > div:nth-child(n + 9)")
CODE = """(least) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colors) => {
    canvas.fillStyle = "#fff";
    canvas.fillRect(0, 0, 1, 1);
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const bend = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((v) => bend(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.body.appendChild(document.createElement("span"));
  const real = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const names = new Set();
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules)
      for (const name of rule.style ?? [])
        if (/^--md-code-(hl-\\w+-color|fg-color)$/.test(name)) names.add(name);
  const back = [real("--md-default-bg-color"), real("--md-code-bg-color")];
  const faint = [];
  const marked = [...back, real("--md-code-hl-color--light")];
  for (const name of names)
    for (const [where, layers] of [["代码块", back], ["标出的行", marked]]) {
      const [a, b] = [light(over([...layers, real(name)])), light(over(layers))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < least) faint.push(`${name} 在${where}上只有 ${ratio.toFixed(2)}`);
    }
  probe.remove();
  return [names.size, faint];
}"""


@pytest.mark.parametrize("kind", PAGE_KINDS, ids=lambda kind: kind.name)
def test_nothing_is_in_the_way_of_anyone(
    server: SiteServer, browser: Browser, kind: PageKind
) -> None:
    """没有东西在动；放大到 200% 不横滚，不裁字；axe 一处违规也没有。"""
    with open_kind(browser, server, kind) as page:
        moving = find_moving(page)
        faults = find_zoom_faults(page)
        violations = {
            f"{width} {scheme}": lines
            for width in WIDTHS
            for scheme in SCHEMES
            if (lines := _look(page, width, scheme))
        }
    assert (moving, faults, violations) == ([], [], {})


def test_every_colour_of_code_is_readable(server: SiteServer, browser: Browser) -> None:
    """代码的颜色都是变量，逐个量：axe 只看得到页面上出现的那些。"""
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(server.url(""))
        for scheme in SCHEMES:
            switch_scheme(page, scheme)
            count, faint = page.evaluate(CODE, 4.5)
            assert count >= 10
            assert faint == [], scheme


def _look(page: Page, width: int, scheme: str) -> list[str]:
    """换上这个宽度与颜色再查；换了宽度还是那样的（代码的字、账本后面的行）只在窄的里看，省一半时间。"""
    page.set_viewport_size({"width": width, "height": 844})
    switch_scheme(page, scheme)
    return find_violations(page, SAME_AT_ANY_WIDTH if width > WIDTHS[0] else ())
