import re
import string
import unicodedata
from collections import Counter


def normalize(text):
    # 字符串 → 字符串
    ...


def majority(answers):
    # 一列字符串 → 票最多的归一化答案
    ...


def evaluate(samples, references):
    # 每题一列回答，每题一列参考 → {"em": …, "maj": …}
    ...
