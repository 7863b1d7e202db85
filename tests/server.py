"""测试用的静态服务器：像 GitHub Pages 那样把站发在一个项目路径之下。"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Faults:
    """此刻哪里坏了，以及问过哪些路径（不带项目路径）。"""

    down: bool = False
    """一律不答，像断了网。"""
    half: set[str] = field(default_factory=set)
    """只给一半，也不说应有多长。"""
    cut: set[str] = field(default_factory=set)
    """说了有多长，给一半就断。"""
    held: dict[str, threading.Event] = field(default_factory=dict)
    """给了一半就等着，放行才给完。"""
    no_cache: bool = False
    """浏览器自己的缓存每次都要回来问。"""
    asked: list[str] = field(default_factory=list)


class _Handler(SimpleHTTPRequestHandler):
    """去掉项目路径的前缀；找不到时回 404.html，状态码仍是 404。"""

    def __init__(self, *args: Any, mount: str, **kwargs: Any) -> None:
        self.mount = mount
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        faults: Faults = self.server.faults  # type: ignore[attr-defined]
        name = self.path.partition("?")[0].removeprefix(self.mount)
        faults.asked.append(name)
        if faults.down:
            self.close_connection = True
        elif name in faults.half:
            self._send_half(declares_length=False)
        elif name in faults.cut:
            self._send_half(declares_length=True)
        elif name in faults.held:
            rest = self._send_half(declares_length=True)
            self.wfile.flush()
            if faults.held[name].wait(timeout=30):
                self.wfile.write(rest)
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        if not self.server.faults.down:  # type: ignore[attr-defined]
            super().do_HEAD()

    def end_headers(self) -> None:
        if self.server.faults.no_cache:  # type: ignore[attr-defined]
            self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def _send_half(self, *, declares_length: bool) -> bytes:
        """写出一半，返回另一半。"""
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        body = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        if declares_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        return body[len(body) // 2 :]

    def translate_path(self, path: str) -> str:
        inside = path.startswith(self.mount)
        return super().translate_path("/" + path[len(self.mount) :] if inside else "/outside")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """安静。"""


class _Http(ThreadingHTTPServer):
    """浏览器换页时会断开没读完的连接，那不是错误；别的错误照常打印。"""

    faults: Faults

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class SiteServer:
    """正在运行的服务器。"""

    def __init__(self, site: Path, mount: str, port: int, faults: Faults) -> None:
        self.site = site
        self.mount = mount
        self.port = port
        self.faults = faults

    def url(self, path: str) -> str:
        """站内路径（不带项目路径）的完整地址。"""
        return f"http://127.0.0.1:{self.port}{self.mount}{path}"


MOUNTS = ("/", "/kb/")
SITES = pytest.StashKey[dict[str, SiteServer]]()
"""两个站点路径的服务器，站在用到时才构建（tests/site/conftest.py）；几个测试进程共用。"""


@contextmanager
def serve_site(site: Path, mount: str = "/") -> Iterator[SiteServer]:
    """在空闲端口上把 site 发在 mount 之下；目录可以稍后才出现。"""
    handler = partial(_Handler, directory=str(site), mount=mount)
    with _Http(("127.0.0.1", 0), handler) as http:
        http.faults = Faults()
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield SiteServer(site, mount, http.server_port, http.faults)
        finally:
            http.shutdown()
            thread.join()
