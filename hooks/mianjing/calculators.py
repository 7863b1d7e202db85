"""页面里的计算器：读 `calculators.yml`，按缺省值算好一遍；浏览器里用同名的函数接着算。"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mianjing.estimates import ESTIMATES, run_estimate
from mianjing.estimates.presets import read_presets
from mianjing.frontmatter import Mapping, Node, Scalar, Sequence, read_table

UNITS = ("count", "bytes", "flops", "days", "seconds", "percent", "plain")
_PATH = Path(__file__).with_name("calculators.yml")


@dataclass(frozen=True)
class Input:
    """一个输入框。"""

    name: str
    label: str
    kind: str
    default: str
    low: str
    high: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Result:
    """一个结果：算的函数、显示的单位、代入数字的写法。"""

    label: str
    function: str
    unit: str
    shown: str


@dataclass(frozen=True)
class Calculator:
    """一个计算器。"""

    key: str
    title: str
    note: str
    inputs: tuple[Input, ...]
    results: tuple[Result, ...]

    @property
    def defaults(self) -> dict[str, str]:
        """各输入的缺省值。"""
        return {one.name: one.default for one in self.inputs}


@cache
def read_calculators() -> tuple[Calculator, ...]:
    """全部计算器；文件写得不对时抛 ValueError。"""
    table, problems = read_table(f"hooks/mianjing/{_PATH.name}", _PATH.read_bytes())
    if table is None or problems:
        raise ValueError("\n".join(map(str, problems)))
    return tuple(_read_calculator(key, _mapping(node)) for key, node in table.entries.items())


def run_result(result: Result, values: dict[str, str]) -> float:
    """按输入算一个结果；函数不要的输入不传。"""
    names = ESTIMATES[result.function].__annotations__
    return run_estimate(result.function, {k: v for k, v in values.items() if k in names})


def show_number(value: float, unit: str) -> str:
    """给读者看的写法，与浏览器里的 `showNumber` 相同。"""
    if unit == "percent":
        return f"{100 * value:.4g}%"
    if unit == "bytes":
        return f"{value:,.0f} 字节 = {value / 1e9:.4g} GB = {value / 2**30:.4g} GiB"
    if unit == "flops":
        return f"{value:.4g} FLOPs"
    if unit == "days":
        return f"{value:.4g} 天"
    if unit == "seconds":
        return f"{value:.4g} 秒"
    if unit == "count":
        return f"{value:,.0f}（{value / 1e9:.4g} B）"
    return f"{value:.4g}"


def _read_calculator(key: str, node: Mapping) -> Calculator:
    inputs = tuple(
        _read_input(name, _mapping(one))
        for name, one in _mapping(node.entries["inputs"]).entries.items()
    )
    listed = node.entries["results"]
    if not isinstance(listed, Sequence):
        raise ValueError(f"{_PATH.name}:{listed.line}: results 应是列表")
    results = tuple(
        Result(**{k: _text(v) for k, v in _mapping(one).entries.items()}) for one in listed.items
    )
    for one in results:
        if one.function not in ESTIMATES or one.unit not in UNITS:
            raise ValueError(f"{_PATH.name}: {key} 的「{one.label}」：函数或单位不认识")
    title, note = _text(node.entries["title"]), _text(node.entries["note"])
    return Calculator(key, title, note, inputs, results)


def _read_input(name: str, node: Mapping) -> Input:
    values = {k: _text(v) for k, v in node.entries.items() if isinstance(v, Scalar)}
    options: tuple[tuple[str, str], ...] = ()
    if values["kind"] == "preset":
        options = tuple((key, preset.name) for key, preset in read_presets().items())
    elif values["kind"] == "choice":
        chosen = _mapping(node.entries["options"]).entries
        options = tuple((key, _text(label)) for key, label in chosen.items())
    low, high = values.get("min", ""), values.get("max", "")
    return Input(name, values["label"], values["kind"], values["default"], low, high, options)


def _mapping(node: Node) -> Mapping:
    if not isinstance(node, Mapping):
        raise ValueError(f"{_PATH.name}:{node.line}: 应是映射")
    return node


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise ValueError(f"{_PATH.name}:{node.line}: 应是文本")
    return node.text
