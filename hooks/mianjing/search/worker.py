"""索引在另一个进程里建：页面还在转成 HTML，转好的各页那边已经在数词了。"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from mianjing.search.documents import Document
from mianjing.search.index import count_section, write_index
from mianjing.search.sections import Section

_BATCH = 100_000
"""攒够这么多字送一次：一页一送，两个进程光是互相叫醒就要一秒。"""


class IndexWorker:
    """一次构建用的进程：先数词，最后写索引；出的错在 `wait` 抛出。"""

    def __init__(self) -> None:
        with_spawn = get_context("spawn")  # mkdocs serve 有线程，不能 fork
        # 几百万个对象，没有环：垃圾回收一遍遍数它们，占去三成的时间
        self.pool = ProcessPoolExecutor(1, mp_context=with_spawn, initializer=gc.disable)
        self.tasks: list[Future[None]] = []
        self.texts: list[str] = []
        self.size = 0

    def count(self, sections: Iterable[Section]) -> None:
        """先数好一页各节的词，写索引时用；没有数过的那时再数。"""
        for section in sections:
            self.texts.append(section.text)
            self.size += len(section.text)
        if self.size > _BATCH:
            self._send()

    def write(self, documents: list[Document], synonyms: dict[str, str], folder: Path) -> None:
        """把索引的全部文件写到 folder 之下；不等写完就返回。"""
        self._send()
        self.tasks.append(self.pool.submit(write_index, documents, synonyms, folder))

    def wait(self) -> None:
        """等它做完，收掉这个进程；没有做成时抛出原因。"""
        self.pool.shutdown()
        for task in self.tasks:
            task.result()

    def _send(self) -> None:
        self.tasks.append(self.pool.submit(_count_sections, self.texts))
        self.texts, self.size = [], 0


def _count_sections(texts: list[str]) -> None:
    for text in texts:
        count_section(text)
