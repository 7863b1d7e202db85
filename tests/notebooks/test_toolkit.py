"""推导共用的小工具：核对抓得住错与 NaN，有限差分的误差是二阶，画图的数与机器无关。"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebooks.cells import NOTEBOOKS, prepare

pytestmark = pytest.mark.notebooks


@pytest.fixture(scope="module")
def toolkit() -> ModuleType:
    prepare()
    assert str(NOTEBOOKS) in sys.path
    import toolkit  # type: ignore[import-not-found]

    module: ModuleType = toolkit
    return module


def test_gap_wants_the_same_shape(toolkit: ModuleType) -> None:
    assert toolkit.gap([1.0, 2.0], [1.0, 2.5]) == 0.5
    with pytest.raises(AssertionError, match=r"形状不同：\(2,\) 与 \(1, 2\)"):
        toolkit.gap(np.zeros(2), np.zeros((1, 2)))


@pytest.mark.parametrize("actual", [1.1, np.nan])
def test_check_fails_on_what_is_wrong(toolkit: ModuleType, actual: float) -> None:
    """NaN 与任何数比较都是假，也要算错。"""
    with pytest.raises(AssertionError, match="名字：最大误差"):
        toolkit.check("名字", np.array([actual]), np.array([1.0]))


def test_check_prints_a_verdict_and_no_rounding_error(
    toolkit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    toolkit.check("名字", np.array([1.0 + 1e-15]), np.array([1.0]))
    assert capsys.readouterr().out == "名字：最大误差 < 1e-12，通过\n"


def test_numeric_gradient_is_second_order_and_leaves_x_alone(toolkit: ModuleType) -> None:
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    kept = x.copy()
    errors = [
        np.abs(toolkit.numeric_gradient(lambda z: float(np.exp(z).sum()), x, h) - np.exp(x)).max()
        for h in (1e-2, 5e-3)
    ]
    assert 3.9 < errors[0] / errors[1] < 4.1
    assert np.array_equal(x, kept)


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=6))
def test_four_digits_absorb_the_last_bits(values: list[float]) -> None:
    prepare()
    import toolkit

    rounded: Any = toolkit.four_digits(values)
    assert rounded.shape == (len(values),)
    assert np.allclose(rounded, values, rtol=5.1e-4, atol=0)
    assert np.array_equal(toolkit.four_digits(rounded), rounded)


def test_figures_share_one_style(toolkit: ModuleType) -> None:
    figure, axes = toolkit.figure(1, 2, size=(6.4, 3.0))
    assert tuple(figure.get_size_inches()) == (6.4, 3.0)
    assert len(axes) == 2
    assert not axes[0].spines["top"].get_visible()
    assert figure.get_facecolor()[3] == 0
    sys.modules["matplotlib.pyplot"].close("all")
