"""像 GitHub Pages 那样压缩着发的服务器：基准用它数字节，或按慢网络的快慢发。"""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

LATENCY, RATE = 0.15, 200_000
"""慢网络：每个请求的往返（秒）与每秒的字节。"""


@dataclass
class Traffic:
    """服务器发出去的：地址与压缩后的字节。"""

    sent: list[tuple[str, int]] = field(default_factory=list)

    def total(self) -> int:
        return sum(size for _, size in self.sent)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serve_compressed(site: Path, slow: bool = False) -> Iterator[tuple[str, Traffic]]:
    """像 GitHub Pages 那样压缩着发，数字节；slow 时按慢网络的往返与带宽发。"""
    traffic, line = Traffic(), threading.Lock()
    kinds = {".html": "text/html", ".css": "text/css"}
    kinds |= dict.fromkeys((".js", ".mjs"), "text/javascript")
    kinds |= {".json": "application/json", ".svg": "image/svg+xml"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            file = site / urlsplit(self.path).path.lstrip("/")
            file = file / "index.html" if file.is_dir() else file
            if slow:
                time.sleep(LATENCY)
            if not file.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = gzip.compress(file.read_bytes(), mtime=0)
            traffic.sent.append((self.path, len(body)))
            self.send_response(200)
            self.send_header("Content-Type", kinds.get(file.suffix, "application/octet-stream"))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if slow:
                with line:
                    time.sleep(len(body) / RATE)
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """安静。"""

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", traffic
    server.shutdown()
