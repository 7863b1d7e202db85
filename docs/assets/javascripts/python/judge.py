"""判题：一道题是几个 Case，每个 Case 用同一段调用分别跑答案与参考答案，再逐项比较。

网页（Pyodide）与测试（CPython，真的 PyTorch 或子集）用的是同一份代码。
"""

import math
import reprlib
import traceback
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

ANSWER = "你的答案"
"""答案的代码在出错信息里叫什么。"""


@dataclass
class Case:
    """一个测试：run 用题目要求的名字去调用，check 或参考答案说对不对。

    inputs 只为给人看；里面的数组不许被答案改动，除非 mutates。
    check(got) 返回空串或错在哪里；没有 check 时，与 run(参考答案) 比。
    """

    name: str
    run: object
    inputs: dict = field(default_factory=dict)
    check: object = None
    rtol: float = 1e-7
    atol: float = 1e-9
    mutates: bool = False


@dataclass
class Result:
    """一个测试的结果；通过时 message 是空串。"""

    name: str
    message: str
    inputs: str = ""
    expected: str = ""
    got: str = ""
    error: str = ""
    """答案抛了异常时的全文。"""


def load(source, name=ANSWER):
    """执行一份代码，返回它定义的名字。"""
    namespace = {"__name__": "answer"}
    exec(compile(source, name, "exec"), namespace)
    return SimpleNamespace(**{k: v for k, v in namespace.items() if not k.startswith("__")})


def judge(answer, reference, make_cases):
    """逐个测试给出 Result。make_cases() 每次给出一套新的、相同的 Case，所以两边互不影响。"""
    for mine, theirs in zip(make_cases(), make_cases(), strict=True):
        yield judge_case(answer, reference, mine, theirs)


def judge_case(answer, reference, mine, theirs):
    """一个测试。答案抛的异常是结果，不往外传。"""
    shown = "\n".join(f"{name} = {show(value)}" for name, value in mine.inputs.items())
    before = {name: _freeze(value) for name, value in mine.inputs.items()}
    expected = None if mine.check else theirs.run(reference)
    wanted = "" if mine.check else show(expected)
    try:
        got = mine.run(answer)
    except Exception as error:
        return Result(mine.name, _describe_error(error), shown, wanted, "", _trace(error))
    try:
        message = mine.check(got) if mine.check else compare(expected, got, mine.rtol, mine.atol)
    except Exception as error:
        message = f"返回的东西没法检查：{_kind(got)}（{type(error).__name__}：{error}）"
    if not message and not mine.mutates:
        changed = [n for n, v in mine.inputs.items() if compare(before[n], _freeze(v), 0, 0)]
        if changed:
            message = f"改动了输入 {'、'.join(changed)}：不要原地修改，先复制"
    return Result(mine.name, message, shown, wanted, show(got))


def same_behaviour(one, other, make_cases):
    """两份答案在全部测试上是否给出一样的东西（包括一样的异常种类）。"""
    for first, second in zip(make_cases(), make_cases(), strict=True):
        a, b = _outcome(first, one), _outcome(second, other)
        if type(a) is not type(b):
            return False
        if isinstance(a, Exception):
            continue
        if compare(a, b, first.rtol, first.atol):
            return False
    return True


def compare(expected, got, rtol=1e-7, atol=1e-9):
    """空串表示相同；否则说第一处不同在哪里。"""
    expected, got = _plain(expected), _plain(got)
    if isinstance(expected, (np.ndarray, np.generic)) and expected.ndim == 0:
        expected = expected.item()
    if isinstance(got, (np.ndarray, np.generic)) and got.ndim == 0 and not _is_array(expected):
        got = got.item()
    if _is_array(expected):
        return _compare_arrays(expected, got, rtol, atol)
    if isinstance(expected, (list, tuple)):
        return _compare_sequences(expected, got, rtol, atol)
    if isinstance(expected, dict):
        return _compare_dicts(expected, got, rtol, atol)
    if isinstance(expected, bool) or isinstance(got, bool):
        return "" if expected == got and isinstance(got, bool) else _differ(expected, got)
    if isinstance(expected, (int, float)):
        if not isinstance(got, (int, float)):
            return f"应是一个数，得到 {_kind(got)}"
        return "" if _close(expected, got, rtol, atol) else _differ(expected, got)
    if type(expected) is not type(got):
        return f"应是 {_kind(expected)}，得到 {_kind(got)}"
    return "" if expected == got else _differ(expected, got)


def show(value):
    """给人看的写法：数组写形状、类型与前几个数。"""
    value = _plain(value)
    if _is_array(value):
        text = np.array2string(value, precision=4, threshold=24, edgeitems=3, suppress_small=True)
        return f"{text}  {value.dtype}{list(value.shape)}"
    if isinstance(value, (list, tuple)) and any(_is_array(_plain(v)) for v in value):
        return "(" + ",\n ".join(show(v) for v in value) + ")"
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = 400
    brief.maxlist = brief.maxtuple = brief.maxdict = brief.maxset = 24
    return brief.repr(value)


class _Script:
    """代替 rng：按给定的路径依次给出整数，好把全部可能走一遍。"""

    def __init__(self, path):
        self.path, self.sizes = path, []

    def integers(self, low, high=None):
        low, high = (0, low) if high is None else (low, high)
        if low >= high:
            raise ValueError("rng.integers(a, b) 要求 a < b")
        if len(self.sizes) == len(self.path):
            self.path.append(0)
        self.sizes.append(high - low)
        return low + self.path[len(self.sizes) - 1]

    def __getattr__(self, name):
        raise AttributeError(f"随机数只用 rng.integers(a, b)，不用 rng.{name}")


def distribution(run):
    """run(rng) 在全部随机数下的结果：{结果: 概率}，概率是精确的；给「随机」的题当测试用。"""
    chance, path = {}, []
    for _ in range(20_000):
        script = _Script(path)
        result = run(script)
        chance[result] = chance.get(result, 0) + 1 / math.prod(script.sizes)
        while path and path[-1] + 1 == script.sizes[len(path) - 1]:
            path.pop()
        if not path:
            return chance
        path[-1] += 1
    raise RuntimeError("取的随机数太多，可能的结果列不完")


def _plain(value):
    if hasattr(value, "detach"):
        value = value.detach()
    return value.numpy() if hasattr(value, "numpy") else value


def _is_array(value):
    return isinstance(value, np.ndarray)


def _freeze(value):
    value = _plain(value)
    if _is_array(value):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(_freeze(v) for v in value)
    if isinstance(value, dict):
        return {key: _freeze(v) for key, v in value.items()}
    return set(value) if isinstance(value, set) else value


def _compare_arrays(expected, got, rtol, atol):
    if not _is_array(got):
        return f"应是形状 {expected.shape} 的数组，得到 {_kind(got)}"
    if expected.shape != got.shape:
        return f"形状应是 {expected.shape}，得到 {got.shape}"
    if expected.dtype.kind != got.dtype.kind or expected.dtype.itemsize != got.dtype.itemsize:
        return f"dtype 应是 {expected.dtype}，得到 {got.dtype}"
    if expected.dtype.kind not in "fc":
        wrong = expected != got
    else:
        wrong = ~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return ""
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    if expected.dtype.kind in "fc" and np.isnan(got[where]):
        return f"{list(where)} 处是 NaN，应是 {expected[where]:.6g}"
    count = int(wrong.sum())
    first = f"应是 {expected[where]:.6g}，得到 {got[where]:.6g}"
    return f"{count} 个数不对，第一个在 {list(where)}：{first}"


def _compare_sequences(expected, got, rtol, atol):
    if not isinstance(got, (list, tuple)):
        return f"应是 {_kind(expected)}，得到 {_kind(got)}"
    if len(expected) != len(got):
        return f"应有 {len(expected)} 项，得到 {len(got)} 项"
    for number, (a, b) in enumerate(zip(expected, got, strict=True)):
        if message := compare(a, b, rtol, atol):
            return f"第 {number} 项（从 0 起）：{message}"
    return ""


def _compare_dicts(expected, got, rtol, atol):
    if not isinstance(got, dict):
        return f"应是 dict，得到 {_kind(got)}"
    if expected.keys() != got.keys():
        missing = sorted(map(repr, expected.keys() - got.keys()))
        extra = sorted(map(repr, got.keys() - expected.keys()))
        return f"键不对：缺 {'、'.join(missing) or '无'}，多 {'、'.join(extra) or '无'}"
    for key in expected:
        if message := compare(expected[key], got[key], rtol, atol):
            return f"键 {key!r}：{message}"
    return ""


def _close(expected, got, rtol, atol):
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if math.isinf(expected) or math.isinf(got):
        return expected == got
    return abs(expected - got) <= atol + rtol * abs(expected)


def _differ(expected, got):
    return f"应是 {show(expected)}，得到 {show(got)}"


def _kind(value):
    return "None" if value is None else type(value).__name__


def _outcome(case, answer):
    try:
        return case.run(answer)
    except Exception as error:
        return error


def _describe_error(error):
    if isinstance(error, AttributeError) and "SimpleNamespace" in str(error):
        return f"没有定义 {error.name}：名字要与题目给的一样"
    return f"抛出 {type(error).__name__}：{str(error)[:500]}"


def _trace(error):
    """只留答案里的帧与最后一帧。"""
    lines = traceback.TracebackException.from_exception(error, limit=-12)
    mine = [f for f in lines.stack if f.filename == ANSWER]
    lines.stack = traceback.StackSummary.from_list(mine or lines.stack[-1:])
    return "".join(lines.format())[-4000:]
