"""构建：先写到目标旁边的 `<目标>.next/`，严格构建与审计都通过才换上；失败时旧的站不动。"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from mianjing.audit import audit_site
from mianjing.built_page import read_pages
from mianjing.dates import run_git
from mianjing.edition import CARDS_WANTED, SITE, environment_for, run_mkdocs
from mianjing.integrity import check_integrity
from mianjing.offline import OfflineError, write_offline
from mianjing.pdf import PDF_WANTED, MissingBrowserError, print_briefs
from mianjing.problem import Problem


def build_site(root: Path, site: Path, with_pdf: bool = False, with_cards: bool = False) -> int:
    """把仓库 root 构建成 site，返回退出码；站点地址取自环境变量 SITE_URL。

    with_pdf 时另把「面试前 30 分钟」打印成 PDF，页面里有它们的链接；链接的文件在不在由审计看。
    with_cards 时做分享卡片，页面里有它们的绝对地址；不知道站点地址时不做，说出来。
    """
    fresh, old = site.with_name(f"{site.name}.next"), site.with_name(f"{site.name}.old")
    shutil.rmtree(fresh, ignore_errors=True)
    environment = environment_for(SITE) | read_epoch(root)
    for name in (PDF_WANTED, CARDS_WANTED):
        environment.pop(name, None)
    if with_pdf:
        environment[PDF_WANTED] = "1"
    if with_cards and os.environ.get("SITE_URL"):
        environment[CARDS_WANTED] = "1"
    elif with_cards:
        print("没有设 SITE_URL：分享卡片要写绝对地址，这次不做", file=sys.stderr)
    if code := run_mkdocs(root, fresh, environment):
        print(f"构建没有通过，{site.name}/ 保持原样", file=sys.stderr)
        return code
    if with_pdf:
        try:
            print(f"打印了 {len(print_briefs(fresh))} 份 PDF")
        except MissingBrowserError as error:
            print(f"{error}；{site.name}/ 保持原样", file=sys.stderr)
            return 1
    problems = audit_built(fresh, read_base(os.environ.get("SITE_URL", "")))
    if problems:
        print("\n".join(map(str, problems)), file=sys.stderr)
        print(f"审计发现 {len(problems)} 个问题，{site.name}/ 保持原样", file=sys.stderr)
        return 1
    try:
        write_offline(root, fresh)
    except OfflineError as error:
        print(f"离线的清单没有做成，{site.name}/ 保持原样：{error}", file=sys.stderr)
        return 1
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)
    print(f"构建、审计、链接检查都通过：{site.name}/ 已更新")
    return 0


def read_epoch(root: Path) -> dict[str, str]:
    """构建的时刻：环境变量 SOURCE_DATE_EPOCH，其次最后一次提交的时刻；同一次提交逐字节相同。

    不是 git 仓库时什么也不设，站点地图里写的是当天。
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return {}
    seconds = run_git(root, "log", "-1", "--format=%ct")
    return {"SOURCE_DATE_EPOCH": seconds.strip()} if seconds and seconds.strip() else {}


def audit_built(site: Path, base: str) -> list[Problem]:
    """构建好的站的全部审计：链接与会执行的东西。"""
    pages = read_pages(site)
    return sorted({*audit_site(site, base, pages), *check_integrity(site, pages)})


def read_base(site_url: str) -> str:
    """站点地址里的路径，首尾都有斜杠：`https://a.b/kb` → `/kb/`，空串 → `/`。"""
    return f"{urlsplit(site_url).path.rstrip('/')}/"
