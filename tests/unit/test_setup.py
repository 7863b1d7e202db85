"""`.ci/setup`：没有合适的 Python 或缺 venv 时，用一行中文说清找到了什么、怎么办。"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "cat", "cksum", "dirname", "id", "rm", "sed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """一台什么都没装的机器：只有基本命令，仓库里只有 .ci/setup。"""
    commands = tmp_path / "bin"
    commands.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (commands / tool).symlink_to(found)
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci" / "setup")
    return tmp_path


def add_python(machine: Path, name: str, version: str, fits: bool, venv: bool = True) -> None:
    """放一个假的 Python：只回答 setup 会问的三句话。"""
    script = machine / "bin" / name
    script.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f"  *version_info*) exit {0 if fits else 1} ;;\n"
        f"  *python_version*) echo {version} ;;\n"
        f"  *ensurepip*) exit {0 if venv else 1} ;;\n"
        "  *) echo 不该走到这里; exit 9 ;;\n"
        "esac\n"
    )
    script.chmod(0o755)


def run(machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    if locale := os.environ.get("LC_ALL"):
        environment["LC_ALL"] = locale
    return subprocess.run(
        ["sh", ".ci/setup", "serve"],
        cwd=machine,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python_is_said_in_one_line(machine: Path) -> None:
    process = run(machine)
    assert process.returncode != 0
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    assert "需要 Python ≥ 3.11.5，本机找到的是： 无" in process.stderr
    assert "apt install python3" in process.stderr


def test_too_old_pythons_are_named(machine: Path) -> None:
    add_python(machine, "python3", "3.9.2", fits=False)
    add_python(machine, "python3.11", "3.11.4", fits=False)
    process = run(machine)
    assert process.returncode != 0
    assert "python3=3.9.2 python3.11=3.11.4" in process.stderr


def test_missing_venv_module_is_said_in_one_line(machine: Path) -> None:
    add_python(machine, "python3", "3.9.2", fits=False)
    add_python(machine, "python3.12", "3.12.1", fits=True, venv=False)
    process = run(machine)
    assert process.returncode != 0
    assert process.stderr.count("\n") == 1
    assert "python3.12（3.12.1）缺少 venv 模块" in process.stderr
    assert "apt install python3-venv" in process.stderr
    assert not (machine / ".venv").exists()


def test_unknown_purpose_is_refused(machine: Path) -> None:
    process = subprocess.run(
        ["sh", ".ci/setup", "everything"], cwd=machine, capture_output=True, text=True, check=False
    )
    assert process.returncode != 0
    assert "不认识的用途「everything」" in process.stderr
