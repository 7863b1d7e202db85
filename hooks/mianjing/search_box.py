"""让主题摆出搜索框：它只看有没有叫 `material/search` 的插件；索引与界面都是本站自己的。"""

from __future__ import annotations

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.plugins import BasePlugin


class SearchBoxConfig(Config):
    """主题读的唯一一项。"""

    enabled = config_options.Type(bool, default=True)


class SearchBox(BasePlugin[SearchBoxConfig]):
    """没有事件的插件，占住那个名字。"""

    def __init__(self) -> None:
        self.load_config({})
