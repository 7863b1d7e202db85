"""一篇面经离现在多久。「现在」是这份内容的提交日期，不是构建的那一天：同一次提交构建出同样的页面。"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from mianjing.dates import run_git
from mianjing.model import Period

STALE = 12
"""满这么多个月，提醒公司现状可能已变。"""


def read_today(root: Path) -> date:
    """环境变量 SOURCE_DATE_EPOCH，其次最后一次提交的日期；不是 git 仓库时才是今天。"""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.fromtimestamp(int(epoch), UTC).date()
    day = (run_git(root, "log", "-1", "--format=%cs") or "").strip()
    return date.fromisoformat(day) if day else datetime.now(UTC).date()


def count_months(period: Period, today: date) -> int | None:
    """面试结束到 today 的月数；没有写明时间时为 None，时间还没到时为 0。"""
    bound = period.end or period.start
    if bound is None:
        return None
    year, month = map(int, bound.split("-"))
    return max(0, (today.year - year) * 12 + today.month - month)


def age_label(months: int) -> str:
    """`2 个月`、`1 年`、`3 年 4 个月`。"""
    years, rest = divmod(months, 12)
    parts = [f"{years} 年"] * bool(years) + [f"{rest} 个月"] * bool(rest or not years)
    return " ".join(parts)
