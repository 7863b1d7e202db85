"""候选人被要求估的量：参数、FLOPs、KV cache、显存、气泡、通信……账本的重算与页面里的计算器用同一份。

每个函数都是纯函数；单位写在说明里。FLOPs 一律按一次乘加 2 次计；字节是字节，不是 GB 或 GiB。
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping


class EstimateError(ValueError):
    """重算写得不对：没有这个函数、缺参数、参数不是数。"""


def softmax_scale_variance(head_dim: int) -> float:
    """q、k 各分量独立、零均值、单位方差时点积的方差，等于每头维度。"""
    return float(head_dim)


ESTIMATES: dict[str, Callable[..., float]] = {
    function.__name__: function for function in (softmax_scale_variance,)
}
"""账本的 `compute.function` 可以写的名字。"""


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
    if kind is str:
        return text
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        raise EstimateError(f"参数「{name}」的值「{text}」不是数") from None
