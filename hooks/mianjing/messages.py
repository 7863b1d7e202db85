"""面经的规则说的话：检查、贡献页的表单（JavaScript）、issue 的回复用同一份。

值用 `str.format` 的花括号；表单那边的规则是另写的一份，测试拿随机输入逐条比对。
"""

from __future__ import annotations

MESSAGES = {
    "too_big": "文件有 {size} 字节，超过 {limit}：请拆成几页",
    "control_line": "含控制或不可见字符 U+{point}（第 {column} 列）：请删掉它",
    "control_field": "含控制字符 U+{point}：请删掉它",
    "markup": "「{value}」含 HTML 或脚本（{found}）：字段里只写文本",
    "missing": "缺少必填字段「{key}」：请补上，不知道就写 unknown",
    "quote": "「{value}」含 {found}：改用「」或去掉它",
    "format": "「{value}」不合格式，应是{shape}",
    "month": "「{value}」不是月份：写成 2023-03，不知道就写 unknown",
    "integer": "「{value}」应是 {low} 到 {high} 的整数，不知道就写 unknown",
    "key": "键「{key}」应是小写字母、数字与连字符",
    "topic_or_form": "topic 与 form 至少写一个",
    "future": "「{value}」在未来：请检查年份",
    "period_order": "起「{start}」晚于止「{end}」：请对调",
    "round_count": "min {low} 大于 max {high}：请对调",
    "round_order": "「{index}」没有接在前一轮之后：轮次按时间写，编号递增",
    "round_over": "「{index}」超过 round_count.max {max}",
    "topic": "「{value}」不是考点，{hint}",
    "asked_twice": "同一考点与形式既写在 asked 又写在 not_asked：只留原文说的那个",
    "anchor": "正文里没有 id「{anchor}」：在说到它的那一段后面单独写一行 {{ #{anchor} }}",
    "file_shape": "文件名「{name}」应是 {shape}，同年第二篇加 -2",
    "nearest": "最接近的是「{value}」",
    "options": "可用：{values}",
    "options_more": "可用：{values} 等",
    "no_options": "现在一项也没有",
    "long_line": "这一行超过 {limit} 个字：分成几段",
    "template": "不收模板的记号「{found}」：直接写出值；要写出来就放进反引号",
    "contact": "像是{name}「{shown}」：删掉它，不写任何人的联系方式与证件",
    "named": "「{shown}」像是点了「{name}」的名：写角色，如「团队负责人」；"
    "确是公开身份，请维护者加进 hooks/mianjing/privacy.yml",
    "exact_pay": "薪资「{shown}」写得太准：写成区间，如「40～60 万」，或只写印象",
    "pay_band": "「{text}」里没有区间：写成「40～60 万」，只有印象就把 kind 写成 impression",
    "odd": "第 {column} 列的「{char}」是 U+{point}（{kind}），不是看上去的字：{fix}",
    "odd_plain": "写成「{plain}」",
    "odd_other": "换成通用的字",
    "odd_latin": "写成拉丁字母「{plain}」",
    "odd_cyrillic": "这里不用西里尔字母",
}


def say(name: str, /, **values: object) -> str:
    """填好的一句。"""
    return MESSAGES[name].format(**values)
