"""公式里的小于号：`$m<p$` 的 `<p` 像一个标签。

Python-Markdown 会一直找到下一个 `>`，中间直接写的 HTML 就不认了，外面多套一层 `<p>`。
赶在它找之前空一格，写成 `$m< p$`：TeX 不看空格，公式一样。
"""

from __future__ import annotations

import re

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from pymdownx.arithmatex import RE_DOLLAR_BLOCK, RE_SMART_DOLLAR_INLINE

_PIECE = re.compile(
    rf"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)|{RE_DOLLAR_BLOCK}|{RE_SMART_DOLLAR_INLINE}", re.DOTALL
)
"""行内代码或公式；代码也要认出来，里面的 `$` 不是公式。"""
_OPENING = re.compile(r"<(?=[A-Za-z/!?])")
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")


class MathSigns(Extension):
    """Python-Markdown 的扩展。"""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """排在代码围栏（25）之后、直接写的 HTML（20）之前。"""
        md.preprocessors.register(_Space(md), "mianjing_math_signs", 22)


class _Space(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        paragraphs = "\n".join(lines).split("\n\n")
        return "\n\n".join(_PIECE.sub(_space, one) for one in paragraphs).split("\n")


def _space(piece: re.Match[str]) -> str:
    """两个 `$` 之间有完整的标签，那不是公式，是一段 HTML 里的两个价钱。"""
    text = piece[0]
    return text if text.startswith("`") or _TAG.search(text) else _OPENING.sub("< ", text)
