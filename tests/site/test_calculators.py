"""计算器：浏览器里的每个函数与构建端的同名函数，同样的输入得同样的数；错的输入在那一格说。"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator

import pytest
from mianjing.calculators import Calculator, read_calculators, run_result, show_number
from playwright.sync_api import Browser, Page, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser

CALCULATORS = {one.key: one for one in read_calculators()}


@pytest.fixture(scope="module")
def page(server: SiteServer, browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(server.url("calculators/"))
        page.locator("form[data-calculator] [aria-invalid]").first.wait_for()
        yield page


def fill(page: Page, calculator: Calculator, values: dict[str, str]) -> list[str]:
    """填进一个计算器的全部输入，返回各个结果。"""
    shown: list[str] = page.evaluate(
        """([key, values]) => {
            const form = document.querySelector(`form[data-calculator="${key}"]`);
            for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
            form.dispatchEvent(new Event('input', {bubbles: true}));
            return [...form.querySelectorAll('output strong')].map(node => node.textContent);
        }""",
        [calculator.key, values],
    )
    return shown


def draw(calculator: Calculator, dice: random.Random) -> dict[str, str]:
    """范围内的一组输入；大范围的按数量级取。"""
    values = {}
    for one in calculator.inputs:
        if one.options:
            values[one.name] = dice.choice(one.options)[0]
            continue
        low, high = float(one.low), float(one.high)
        if high > 1_000:
            number = 10 ** dice.uniform(math.log10(max(low, 1e-9)), min(12, math.log10(high)))
        else:
            number = dice.uniform(low, high)
        values[one.name] = str(round(number)) if one.kind == "integer" else repr(number)
    return values


@pytest.mark.parametrize("key", CALCULATORS)
def test_both_sides_compute_the_same(page: Page, key: str) -> None:
    calculator = CALCULATORS[key]
    dice = random.Random(key)
    samples = [calculator.defaults] + [draw(calculator, dice) for _ in range(40)]
    for values in samples:
        expected = []
        for result in calculator.results:
            value = run_result(result, values)
            expected.append(show_number(value, result.unit) if math.isfinite(value) else "—")
        assert [_rounded(one) for one in fill(page, calculator, values)] == [
            _rounded(one) for one in expected
        ], values


def _rounded(text: str) -> str:
    """很大的整数末几位是浮点的尾数，只比前十二位。"""
    return re.sub(r"\d[\d,]{15,}", lambda m: f"{float(m.group().replace(',', '')):.12g}", text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "不是数"),
        ("四千", "不是数"),
        ("1e999", "不是数"),
        ("<b>", "不是数"),
        ("-1", "不小于 1"),
        ("0", "不小于 1"),
        ("1.5", "要整数"),
        ("1e12", "不大于"),
    ],
)
def test_bad_input_is_named_at_the_field(page: Page, value: str, message: str) -> None:
    field = page.locator("#parameters-layers")
    field.fill(value)
    expect(page.locator("#parameters-layers-error")).to_contain_text(message)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("form[data-calculator='parameters'] output strong")).to_have_text("—")
    field.fill("３２")
    expect(page.locator("#parameters-layers-error")).to_be_empty()
    expect(page.locator("form[data-calculator='parameters'] output strong")).not_to_have_text("—")


def test_numbers_are_put_into_the_formula(page: Page) -> None:
    fill(page, CALCULATORS["bubble"], CALCULATORS["bubble"].defaults | {"microbatches": "64"})
    code = page.locator("form[data-calculator='bubble'] output code").first
    expect(code).to_contain_text("(8−1)/(1·64)")


def test_defaults_are_readable_without_javascript(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("calculators/"))
        expect(page.locator("form[data-calculator='kv-cache'] output")).to_contain_text("1 GiB")
        expect(page.locator("#parameters-layers")).to_be_hidden()
