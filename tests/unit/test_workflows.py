"""工作流：没有密钥，权限最小，动作按提交固定，PR 的代码从不在有权限的地方跑。"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
WRITES = {
    "deploy.yml": {"pages", "id-token"},
    "weekly.yml": {"issues"},
    "experience-issue.yml": {"issues"},
}
"""哪个工作流许写什么；不在表里的什么也不写。"""


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def workflow(request: pytest.FixtureRequest) -> tuple[str, str, dict[Any, Any]]:
    text = request.param.read_text(encoding="utf-8")
    return request.param.name, text, yaml.safe_load(text)


def test_nothing_runs_with_rights_for_code_of_a_pull_request(
    workflow: tuple[str, str, dict[Any, Any]],
) -> None:
    _, text, data = workflow
    triggers = data[True]  # YAML 把 on 读成真
    names = {triggers} if isinstance(triggers, str) else set(triggers)
    assert not names & {"pull_request_target", "workflow_run", "issue_comment"}
    assert "secrets." not in text
    if "pull_request" in names:
        for job in data["jobs"].values():
            assert set(job["permissions"].values()) <= {"read"}


def test_the_rights_are_least(workflow: tuple[str, str, dict[Any, Any]]) -> None:
    name, _, data = workflow
    assert data["permissions"] == {}
    for job in data["jobs"].values():
        assert "timeout-minutes" in job
        written = {right for right, kind in job["permissions"].items() if kind != "read"}
        assert written <= WRITES.get(name, set())


def test_actions_are_pinned_by_commit(workflow: tuple[str, str, dict[Any, Any]]) -> None:
    _, text, data = workflow
    for line in re.findall(r"uses: (.+)", text):
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    for job in data["jobs"].values():
        for step in job["steps"]:
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_what_an_outsider_wrote_never_becomes_a_command(
    workflow: tuple[str, str, dict[Any, Any]],
) -> None:
    """`run` 里没有 `${{ … }}`：外来的字只经环境变量。"""
    _, _, data = workflow
    for job in data["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in str(step.get("run", "")), step


def test_every_lock_is_by_hash() -> None:
    for lock in sorted(ROOT.glob("requirements*.txt")):
        text = lock.read_text(encoding="utf-8")
        for name in re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE):
            block = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", text, re.M | re.S)
            assert block is not None
            assert "--hash=sha256:" in block[0], f"{lock.name}: {name}"
