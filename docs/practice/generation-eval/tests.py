from judge import Case


def make_cases():
    cases = []

    def clean(name, *texts):
        cases.append(Case(name, lambda s: [s.normalize(t) for t in texts], {"各段": list(texts)}))

    def vote(name, *ballots):
        cases.append(
            Case(name, lambda s: [s.majority(one) for one in ballots], {"各组": list(ballots)})
        )

    def score(name, samples, references):
        inputs = {"samples": samples, "references": references}
        cases.append(Case(name, lambda s: s.evaluate(samples, references), inputs))

    clean(
        "归一化：大小写、标点、空白", "  New   York. ", '"Paris!"', "1,024", "well-known", "\t42\n"
    )
    clean("归一化：冠词只删整词", "The theory of an atom", "A banana", "U.S.A.", "Athens", "the")
    clean("归一化：全角变半角", "４２", "ＡＢＣ（１）", "北京  大学")
    vote("投票：写法不同的算一票", ["Lyon", "lyon.", "Paris", "The Paris", "paris!"])
    vote("投票：同票取最先出现的", ["8", "7", "7.", "8", "9"], ["b", "c", "c", "b", "d", "d"])
    vote("投票：空答案弃权，也可以全部弃权", ["", "...", " ", "12", "the", "12"], ["", "?"])
    score(
        "打分：三题，各三个回答",
        [["4", "4", "5"], ["Rome", "Milan", "Milan"], ["x", "y", "z"]],
        [["4"], ["Rome"], ["w"]],
    )
    score(
        "打分：几个可接受的答案，参考也要归一化",
        [["NYC", "nyc", "boston"], ["big apple", "an apple"]],
        [["New York City", "N.Y.C."], ["The Apple"]],
    )
    score("打分：各题回答个数不同", [["1"], ["2", "3", "3", "3", "2", "3"]], [["1"], ["2"]])
    return cases
