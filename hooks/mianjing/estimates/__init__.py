"""候选人被要求估的量：参数、FLOPs、KV cache、显存、气泡、通信、评测的误差……

账本的重算与页面里的计算器用同一份。每个函数都是纯函数，单位写在说明里：
FLOPs 一律按一次乘加 2 次计；字节就是字节，换成 GB（10⁹）还是 GiB（2³⁰）由用的人写明。
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from mianjing.estimates import (
    alignment,
    attention,
    data,
    evaluation,
    models,
    normalization,
    parallelism,
    training,
)
from mianjing.estimates.presets import Preset, read_presets

_MODULES = (
    attention,
    normalization,
    parallelism,
    models,
    training,
    data,
    evaluation,
    alignment,
)


def _collect() -> dict[str, Callable[..., float]]:
    found: dict[str, Callable[..., float]] = {}
    for module in _MODULES:
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_"):
                if name in found:
                    raise ValueError(
                        f"两个模块都有「{name}」：{found[name].__module__}、{module.__name__}"
                    )
                found[name] = function
    return found


ESTIMATES = _collect()
"""账本的 `compute.function` 可以写的名字：各模块里全部公开的函数，名字不重复。"""


class EstimateError(ValueError):
    """重算写得不对：没有这个函数、缺参数、参数不是数。"""


def run_estimate(function: str, arguments: Mapping[str, str]) -> float:
    """按账本里的写法算一次；写得不对时抛 EstimateError，说明哪个参数错在哪里。"""
    if function not in ESTIMATES:
        raise EstimateError(f"没有「{function}」这个函数，可用：{'、'.join(sorted(ESTIMATES))}")
    parameters = inspect.signature(ESTIMATES[function], eval_str=True).parameters
    for name in arguments:
        if name not in parameters:
            raise EstimateError(f"{function} 没有参数「{name}」，可用：{'、'.join(parameters)}")
    values: dict[str, object] = {}
    for name, parameter in parameters.items():
        if name in arguments:
            values[name] = _read_argument(name, arguments[name], parameter.annotation)
        elif parameter.default is inspect.Parameter.empty:
            raise EstimateError(f"{function} 缺少参数「{name}」")
    return ESTIMATES[function](**values)


def _read_argument(name: str, text: str, kind: object) -> object:
    if kind is Preset:
        presets = read_presets()
        if text not in presets:
            raise EstimateError(f"没有「{text}」这个模型，可用：{'、'.join(presets)}")
        return presets[text]
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        raise EstimateError(f"参数「{name}」的值「{text}」不是数") from None
