"""命令行：`python -m mianjing 命令`，有哪些见 --help。"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """解析命令并返回退出码。"""
    parser = argparse.ArgumentParser(prog="mianjing", description="面经站的检查、构建与执行")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="检查全部数据，一次列出所有问题")
    build = commands.add_parser("build", help="严格构建到 site.next/，审计通过后换成 site/")
    build.add_argument("--pdf", action="store_true", help="另打印「面试前 30 分钟」的 PDF")
    build.add_argument("--cards", action="store_true", help="另画各页的分享卡片（要 SITE_URL）")
    audit = commands.add_parser("audit", help="扫描构建好的站：链接、锚点、外部主机")
    audit.add_argument("site", type=Path)
    execute = commands.add_parser("execute", help="重新执行推导，写出 .ipynb")
    execute.add_argument("names", nargs="*", help="只执行这几本；缺省为全部")
    typography = commands.add_parser("typography", help="中西文空格与标点；--fix 自动改好")
    typography.add_argument("--fix", action="store_true")
    commands.add_parser("publish", help="把现在的页面地址加进发布过的清单")
    difference = commands.add_parser("diff", help="两份检出的目录之差，写成 Markdown")
    difference.add_argument("base", type=Path)
    difference.add_argument("head", type=Path)
    review = commands.add_parser("review", help="审阅的一屏：走哪条道、问题、公开什么、大小")
    review.add_argument("base", type=Path)
    review.add_argument("--head", type=Path, default=ROOT)
    review.add_argument("--paths", type=Path, required=True, help="改动的路径，一行一个")
    commands.add_parser("assets", help="取来浏览器里的 Python，放进 docs/assets/pyodide/")
    issue = commands.add_parser("issue", help="回复一篇面经 issue：读事件的 JSON，打印回复")
    issue.add_argument("event", type=Path)
    commands.add_parser("issue-forms", help="由词表生成 .github/ISSUE_TEMPLATE/")
    commands.add_parser("zip", help="构建从文件打开的一版，装成 docs/offline.zip")
    options = parser.parse_args(arguments)
    if options.command == "check":
        return run_check(ROOT)
    if options.command == "build":
        return run_build(ROOT, options.pdf, options.cards)
    if options.command == "audit":
        return run_audit(options.site)
    if options.command == "typography":
        return run_typography(ROOT, options.fix)
    if options.command == "publish":
        return run_publish(ROOT)
    if options.command == "diff":
        return run_diff(options.base, options.head)
    if options.command == "review":
        return run_review(options.base, options.head, options.paths)
    if options.command == "assets":
        return run_assets(ROOT)
    if options.command == "issue":
        return run_issue(ROOT, options.event)
    if options.command == "issue-forms":
        return run_issue_forms(ROOT)
    if options.command == "zip":
        return run_zip(ROOT)
    return run_execute(ROOT, options.names)


def run_check(root: Path) -> int:
    """检查数据；有问题时全部打印并返回 1。在 GitHub Actions 里写成注解。"""
    from mianjing.annotations import render_annotation
    from mianjing.library import read_library
    from mianjing.verdicts import KeptVerdicts

    verdicts = KeptVerdicts(root / ".cache" / "verdicts.json")
    catalog, problems = read_library(root, verdicts=verdicts)
    verdicts.write()
    annotated = os.environ.get("GITHUB_ACTIONS") == "true"
    for problem in problems:
        print(render_annotation(problem) if annotated else problem, file=sys.stderr)
    if problems:
        print(f"共 {len(problems)} 个问题", file=sys.stderr)
        return 1
    print(
        f"数据没有问题：{len(catalog.experiences)} 篇面经、{len(catalog.topics)} 个考点、"
        f"{len(catalog.questions)} 道题、{len(catalog.derivations)} 本推导"
    )
    return 0


def run_build(root: Path, with_pdf: bool = False, with_cards: bool = False) -> int:
    """构建、审计，全部通过才替换 site/。"""
    from mianjing.build import build_site

    return build_site(root, root / "site", with_pdf, with_cards)


def run_audit(site: Path) -> int:
    """扫描构建好的站（站点地址取自环境变量 SITE_URL）；有问题时全部打印并返回 1。"""
    from mianjing.build import audit_built, read_base

    problems = audit_built(site, read_base(os.environ.get("SITE_URL", "")))
    for problem in problems:
        print(problem, file=sys.stderr)
    summary = f"共 {len(problems)} 个问题" if problems else "链接、锚点、外部主机与脚本都没有问题"
    print(f"{site}：{summary}")
    return 1 if problems else 0


def run_typography(root: Path, fix: bool) -> int:
    """检查排版；fix 时改好。有没改好的返回 1。"""
    from mianjing.typography import find_all_changes, write_changes

    changes = find_all_changes(root)
    if fix:
        write_changes(root, changes)
        print(f"排版：改好 {len(changes)} 行")
        return 0
    for change in changes:
        print(change.problem(), file=sys.stderr)
    print(f"排版：{f'{len(changes)} 行要改' if changes else '没有问题'}")
    return 1 if changes else 0


def run_publish(root: Path) -> int:
    """把现在的页面地址加进发布过的清单。"""
    from mianjing.library import read_library
    from mianjing.published import write_published

    catalog, _ = read_library(root)
    print(f"发布过的地址：新加 {write_published(root, catalog)} 个")
    return 0


def run_diff(base: Path, head: Path) -> int:
    """打印两份检出的目录之差。"""
    from mianjing.difference import render_difference
    from mianjing.library import read_library

    print(render_difference(base, head, read_library(base)[0], read_library(head)[0]))
    return 0


def run_review(base: Path, head: Path, paths: Path) -> int:
    """打印审阅的一屏；有问题时返回 1。"""
    from mianjing.review import render_review

    text, count = render_review(base, head, paths.read_text(encoding="utf-8").splitlines())
    print(text)
    return 1 if count else 0


def run_assets(root: Path) -> int:
    """取来浏览器里的 Python；有一个文件不对就返回 1。"""
    from mianjing.assets import fetch_assets

    return fetch_assets(root)


def run_issue(root: Path, event: Path) -> int:
    """打印给 issue 的回复（仓库名取自环境变量 GITHUB_REPOSITORY）；不是面经表单时什么也不打印。"""
    from datetime import date

    from mianjing.issue_form import answer_issue, has_form
    from mianjing.library import read_library

    body = json.loads(event.read_text(encoding="utf-8"))["issue"]["body"] or ""
    if has_form(body):
        catalog, _ = read_library(root)
        repository = os.environ["GITHUB_REPOSITORY"]
        print(answer_issue(body, catalog, date.today().isoformat(), repository), end="")
    return 0


def run_issue_forms(root: Path) -> int:
    """写出 issue 表单。"""
    from mianjing.issue_templates import write_templates

    write_templates(root)
    return 0


def run_zip(root: Path) -> int:
    """做离线包；构建或审计没有通过时返回非零。"""
    from mianjing.archive import make_archive

    return make_archive(root)


def run_execute(root: Path, names: list[str]) -> int:
    """执行推导，写出 .ipynb。"""
    from mianjing.execute import execute_notebooks

    return execute_notebooks(root / "notebooks", names)


if __name__ == "__main__":
    raise SystemExit(main())
