"""axe-core：在一页里查全部规则；Chromium 与 Firefox 的测试用同一份。"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.first_view import LAID
from tests.site.conftest import ROOT

SOURCE = ROOT / "node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NOT_ASKED: dict[str, str] = {}
"""不查的规则 → 一句话的理由。"""
RUN = """async ([tags, off, skipped = []]) => {
  const place = { include: [["html"]], exclude: skipped.map((one) => [one]) };
  const { violations } = await axe.run(place, {
    runOnly: { type: "tag", values: tags },
    rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
    resultTypes: ["violations"],
    preload: false,
  });
  const say = (id, help, { target, failureSummary }) =>
    `${id} ${target.join(" ")}：${help}；${failureSummary}`;
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => say(id, help, node)));
}"""


def find_violations(page: Page, skipped: tuple[str, ...] = ()) -> list[str]:
    """这一页此刻的违规，一处一行；skipped 是不看的元素。"""
    page.wait_for_function(LAID)  # 它边滚边看，位置要已经定了
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN, [TAGS, list(NOT_ASKED), skipped])
    return found
