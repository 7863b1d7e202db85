from judge import Case


def pairs(*merges):
    return [tuple(part.encode() for part in merge.split("+")) for merge in merges]


def make_cases():
    cases = []

    def add(name, text, merges):
        inputs = {"text": text, "merges": merges}
        cases.append(Case(name, lambda s: s.encode(text, merges), inputs))

    def add_decode(name, ids, merges):
        inputs = {"ids": ids, "merges": merges}
        cases.append(Case(name, lambda s: s.decode(ids, merges), inputs))

    add("按优先级，不是最长匹配", "abcd", pairs("b+c", "a+b", "c+d"))
    add("先合并的不一定是拼出来更长的", "rspqrs", pairs("r+s", "p+q", "q+rs"))
    words = pairs("e+s", "es+t", "l+o", "lo+w", "n+e", "ne+w", "i+d", "w+id", "wid+est")
    add("newest、lowest、widest", "newest lowest widest", words)
    add("重复的字符：不重叠", "aaaaa baaa", pairs("a+a", "aa+a", "b+aa"))
    zhong = "中".encode()  # e4 b8 ad
    cross = [(zhong[2:], zhong[:1]), (zhong[:1], zhong[1:2]), (zhong[:2], zhong[2:])]
    add("汉字：从字节开始，合并可以跨字", "中中a", cross)
    edge = ["", "a", "xyz😀"]
    case = Case(
        "空串、单个字节、没有可合并的",
        lambda s: [s.encode(text, words) for text in edge],
        {"text": edge, "merges": words},
    )
    cases.append(case)
    add_decode("解码：汉字切在几个 token 里", [97, 0xE4, 0xB8, 0xAD, 256, 0xE4, 257], cross)
    add_decode("解码：半个汉字", [257, 98, 0xE4], cross)
    round_trip = "今天 newest，中中 Ünïcode"
    case = Case(
        "先编码再解码",
        lambda s: s.decode(s.encode(round_trip, cross), cross),
        {"text": round_trip, "merges": cross},
    )
    return [*cases, case]
