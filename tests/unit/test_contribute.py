"""贡献页的模板记录真的能用：复制下来就是合格的面经，词表与代码里的一致。"""

from __future__ import annotations

import re
from pathlib import Path

from mianjing.blocks import render_blocks
from mianjing.vocabulary import FIELD_TERMS, read_vocabulary

from tests.library import EXPERIENCE, FILES, write_library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contribute" / "index.md").read_text(encoding="utf-8")


def test_template_record_is_valid(tmp_path: Path) -> None:
    template = re.search(r"^```yaml\n(---\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert template is not None
    record = template.group(1).replace("multi-head-attention", "attention")
    catalog = write_library(tmp_path, FILES | {EXPERIENCE: record}).catalog()
    experience = catalog.experiences["example-2026"]
    assert experience.rounds[0].asked[0].form == "handwriting"
    assert experience.all_not_asked[0].form == "leetcode"


def test_vocabulary_of_the_page_is_the_vocabulary_of_the_checks() -> None:
    catalog, _ = read_site_library()
    html = render_blocks("<!-- mianjing: vocabulary -->", catalog, lambda page, anchor: page)
    for field, name in FIELD_TERMS.items():
        assert f"<code>{field}</code>" in html
        for term in read_vocabulary()[name]:
            assert f"<code>{term.key}</code> {term.label}" in html
