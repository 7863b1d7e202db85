"""断行：公式后面的句读不落到行首，前面的开括号不留在行尾。"""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.first_view import LAID
from tests.server import SiteServer

pytestmark = pytest.mark.browser
WIDTHS = range(320, 480, 16)
TORN = """() => {
  const range = document.createRange();
  const place = (text, at) => {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect();
  };
  const pick = (node) => (node?.matches?.(".katex, .mj-tie") ? node : undefined);
  const list = (formula) => [...(formula?.querySelectorAll(".katex-base") ?? [])];
  const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const [torn, seen] = [[], []];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const { previousSibling, nextSibling, data } = text;
    const last = list(pick(previousSibling) ?? pick(previousSibling?.lastChild)).at(-1);
    if (last && /^[，。；：、！？）」』》】”…％]/.test(data)) {
      seen.push(data);
      const broken = place(text, 0).top > last.getBoundingClientRect().bottom;
      if (broken) torn.push(`行首：${data.slice(0, 12)}`);
    }
    const [first] = list(pick(nextSibling));
    if (first && /[（「『《【“]$/.test(data)) {
      seen.push(data);
      const broken = place(text, data.length - 1).bottom < first.getBoundingClientRect().top;
      if (broken) torn.push(`行尾：${data.slice(-12)}`);
    }
  }
  return [seen.length, torn];
}"""


@pytest.mark.parametrize(
    "path", ["topics/normalization/", "questions/rope-derivation/", "practice/rope/"]
)
def test_punctuation_stays_with_its_formula(
    context: BrowserContext, server: SiteServer, path: str
) -> None:
    page = context.new_page()
    page.goto(server.url(path))
    page.wait_for_function(LAID)
    torn = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        seen, found = page.evaluate(TORN)
        assert seen > 5
        if found:
            torn[width] = found
    assert torn == {}
