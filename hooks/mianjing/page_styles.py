"""一页的 head 里带上它用到的样式：一项能力的、公式用到的几份字体的。"""

from __future__ import annotations

from collections.abc import Iterable

from mianjing import math_fonts

BUNDLE = "assets/bundle"
STYLES = {
    "atlas": "mj-atlas",
    "katex": 'class="katex',
    "brief": "mj-brief",
    "contribute": "data-experience-form",
    "offline": 'class="mj-offline"',
    "study": "mj-study",
}
"""只在用到的页面才取的样式：`docs/assets/stylesheets/pages/` 里的名字 → 有这段字的页面才带上。"""
_FACES = f"{BUNDLE}/faces.js"
"""在样式之后开始解公式的字体。"""
_LATER = "katex-answers"
"""有这个类名的页面，公式稍后才放进来，字体用到才取。"""


def link_styles(html: str, root: str, fonts: Iterable[str]) -> str:
    """套好的一页带上样式；root 是到站点根的相对路径，fonts 是公式用到的字体文件。"""
    names = [f"{name}.css" for name, marker in STYLES.items() if marker in html]
    faces = [math_fonts.face_of(font) for font in fonts]
    names += faces
    if _LATER in html:
        names.append(math_fonts.LATER)
    links = "".join(f'<link rel="stylesheet" href="{root}{BUNDLE}/{name}">' for name in names)
    if faces:
        links += f'<script src="{root}{_FACES}"></script>'
    return html.replace("</head>", f"{links}</head>", 1)
