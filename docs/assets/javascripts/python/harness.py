"""浏览器里执行读者的代码：收输出，收图，限时，出错时指到读者自己的那一行。

由线程（worker.js）载入 Pyodide 之后执行一次；`emit(种类, 文字)` 由线程给，把东西发回网页。
"""

import ast
import io
import json
import linecache
import os
import sys
import time
import traceback
import types
from dataclasses import asdict

OUTPUT_LIMIT = 200_000
"""一次运行最多显示的字符数；多出来的不显示，但照样执行。"""
_TOOL = 4  # sys.monitoring 留给外部工具的编号之一
_EVERY = 64  # 每隔多少次跳转看一次钟
_spaces = {}
_emit = None


class TimeIsUp(BaseException):
    """超过时限：不是 Exception，`except Exception` 拦不住；拦住了，下一次跳转再抛。"""


class _Stream(io.TextIOBase):
    """替代 sys.stdout / sys.stderr：立即发给网页，超过上限就不再发。"""

    left = OUTPUT_LIMIT

    def __init__(self, kind):
        self.kind = kind

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        shown = text[: _Stream.left] if _Stream.left else ""
        if shown:
            _emit(self.kind, shown)
        if _Stream.left and len(text) >= _Stream.left:
            _emit("limit", f"输出超过 {OUTPUT_LIMIT:,} 个字符，后面的不再显示")
        _Stream.left -= len(shown)
        return len(text)


def start(emit):
    """接上网页：此后的输出都经 emit 发出。"""
    global _emit
    _emit = emit
    sys.stdout, sys.stderr = _Stream("stdout"), _Stream("stderr")
    os.environ["MPLBACKEND"] = "svg"


def reset(space):
    """丢掉一个名字空间里的全部变量。"""
    _spaces.pop(space, None)


def run(source, name, space, seconds):
    """在名字空间 space 里执行 source，最多 seconds 秒。

    返回错误（种类、消息、行号、全文）；没有错时返回 None。
    """
    _Stream.left = OUTPUT_LIMIT
    namespace = _spaces.setdefault(space, {"__name__": "__main__"})
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        tree = ast.parse(source, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = compile(ast.Expression(tree.body.pop().value), name, "eval")
        body = compile(tree, name, "exec")
    except (SyntaxError, ValueError, RecursionError) as error:
        return _describe(error, name)
    try:
        with _Deadline(seconds):
            exec(body, namespace)
            value = eval(last, namespace) if last else None
            if value is not None:
                print(repr(value))
        _show_figures()
    except BaseException as error:
        _close_figures()
        return _describe(error, name)
    return None


def install(name, source):
    """把一份源装成模块 name；带 install() 的（torch 的子集）再调用它。"""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    if hasattr(module, "install"):
        module.install()


def submit(exercise, source, seconds):
    """判一份答案：每个测试一完就发出一条 "case"；返回的错误只说答案载入不了或超过时限。

    exercise 有 reference、tests、mutants。全部判完、没有全过时，再看它与哪个已知的错误一模一样。
    """
    import judge

    _Stream.left = OUTPUT_LIMIT
    name = judge.ANSWER
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    make_cases = judge.load(exercise["tests"], "tests.py").make_cases
    reference = judge.load(exercise["reference"], "reference.py")
    _emit("cases", json.dumps([case.name for case in make_cases()]))
    try:
        with _Deadline(seconds):
            answer = judge.load(source)
            passed = True
            for result in judge.judge(answer, reference, make_cases):
                passed = passed and not result.message
                _emit("case", json.dumps(asdict(result)))
            if not passed:
                for mutant in exercise["mutants"]:
                    wrong = exercise["reference"].replace(mutant["old"], mutant["new"])
                    if judge.same_behaviour(answer, judge.load(wrong, "mutant.py"), make_cases):
                        _emit("mistake", mutant["why"])
                        break
    except BaseException as error:
        return _describe(error, name)
    return None


_HERE = run.__code__.co_filename


class _Deadline:
    """到时候就在下一次跳转或进入函数时抛 TimeIsUp，直到真的停下。"""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds
        self.count = 0

    def __enter__(self):
        events = sys.monitoring.events
        sys.monitoring.use_tool_id(_TOOL, "time limit")
        for event in (events.JUMP, events.PY_START, events.PY_RESUME):
            sys.monitoring.register_callback(_TOOL, event, self._look)
        sys.monitoring.set_events(_TOOL, events.JUMP | events.PY_START | events.PY_RESUME)

    def __exit__(self, *details):
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)

    def _look(self, code, *details):
        if code.co_filename == _HERE:
            return
        self.count += 1
        if self.count >= _EVERY:
            if time.monotonic() > self.end:
                raise TimeIsUp
            self.count = 0


def _figures():
    return sys.modules.get("matplotlib.pyplot")


def _show_figures():
    if plt := _figures():
        for number in plt.get_fignums():
            buffer = io.StringIO()
            plt.figure(number).savefig(buffer, format="svg")
            _emit("figure", buffer.getvalue())
        plt.close("all")


def _close_figures():
    if plt := _figures():
        plt.close("all")


def _describe(error, name):
    """错误的种类、消息、读者代码里最后一处行号、像 Python 那样的全文（不含本模块的帧）。"""
    kind = type(error).__name__
    if isinstance(error, TimeIsUp):
        line = _line(error.__traceback__, name)
        return {"kind": kind, "message": "", "line": line, "trace": ""}
    error.__traceback__ = _own_frames(error.__traceback__)
    line = error.lineno if isinstance(error, SyntaxError) else _line(error.__traceback__, name)
    try:
        message = str(error)
        trace = "".join(traceback.format_exception(error))
    except BaseException as broken:
        message, trace = f"（这个异常自己也显示不出来：{type(broken).__name__}）", kind
    return {
        "kind": kind,
        "message": message[:2_000],
        "line": line,
        "trace": trace[-8_000:],
    }


def _own_frames(tb):
    """跳过最前面属于本模块的帧。"""
    while tb is not None and tb.tb_frame.f_code.co_filename == _HERE:
        tb = tb.tb_next
    return tb


def _line(tb, name):
    found = None
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == name:
            found = tb.tb_lineno
        tb = tb.tb_next
    return found
