import numpy as np
from judge import Case


class Key:
    """会数比较次数的键。"""

    compared = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        Key.compared += 1
        return isinstance(other, Key) and self.number == other.number


def drive(cache, script):
    """("get", 键) 的结果依次记下。"""
    found = []
    for name, *arguments in script:
        if name == "get":
            found.append(cache.get(*arguments))
        else:
            cache.put(*arguments)
    return found


def parse(text):
    """「1=10 1? 2=20」：写 1、读 1、写 2。"""
    script = []
    for word in text.split():
        key, sign, value = word.partition("=")
        script.append(("put", int(key), int(value)) if sign else ("get", int(key[:-1])))
    return script


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, capacity, script):
        inputs = {"capacity": capacity, "script": script}
        cases.append(Case(name, lambda s: drive(s.LRUCache(capacity), script), inputs))

    add("满了淘汰最旧的", 2, parse("1=10 2=20 3=30 1? 2? 3?"))
    add("读过的不算旧", 2, parse("1=10 2=20 1? 3=30 1? 2? 3?"))
    add("更新：换值、变新、不淘汰", 2, parse("1=10 2=20 1=11 1? 2? 1=12 3=30 1? 2? 3?"))
    add("没找到的 get 不改变次序", 2, parse("1=10 2=20 9? 3=30 1? 2? 3?"))
    add("容量 1", 1, parse("1=10 1? 2=20 1? 2? 2=21 2?"))
    add("容量 0", 0, parse("1=10 1? 1=11 1?"))
    script = []
    for key, kind, value in rng.integers(0, [7, 2, 100], (300, 3)).tolist():
        script.append(("get", key) if kind else ("put", key, value))
    add("300 次随机读写，容量 4", 4, script)

    def count(s):
        """键的比较次数，平均到每次操作，够不够少。"""
        cache, operations = s.LRUCache(300), 0
        Key.compared = 0
        for number in [*range(400), *range(150, 350), *range(400)]:
            cache.put(Key(number), number)
            cache.get(Key(number // 2))
            operations += 2
        return Key.compared < 8 * operations

    def few(got):
        return "" if got else "平均每次要比较 8 回以上的键：查找或移动是 O(n)"

    cases.append(Case("容量 300：比较次数与容量无关", count, {"capacity": 300}, few))
    return cases
