"""构建：先写到 `site.next/`，严格构建与审计都通过，才换成 `site/`；失败时旧的 `site/` 不动。"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from mianjing.audit import audit_site


def build_site(root: Path) -> int:
    """构建并换上新站，返回退出码。"""
    fresh, current, old = root / "site.next", root / "site", root / "site.old"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(fresh)]
    code = subprocess.run(command, cwd=root, check=False).returncode
    if code:
        print("构建没有通过，site/ 保持原样", file=sys.stderr)
        return code
    problems = audit_site(fresh, base=urlsplit(os.environ.get("SITE_URL", "/")).path or "/")
    if problems:
        print("\n".join(map(str, problems)), file=sys.stderr)
        print(f"审计发现 {len(problems)} 个问题，site/ 保持原样", file=sys.stderr)
        return 1
    shutil.rmtree(old, ignore_errors=True)
    if current.exists():
        current.rename(old)
    fresh.rename(current)
    shutil.rmtree(old, ignore_errors=True)
    print("构建、审计、链接检查都通过：site/ 已更新")
    return 0
