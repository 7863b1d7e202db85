from judge import Case


def make_cases():
    cases = []

    def add(name, function, steps, **options):
        def run(s):
            return [getattr(s, function)(step, **options) for step in steps]

        cases.append(Case(name, run, {"函数": function, "steps": list(steps), **options}))

    add("cosine：没有预热，降到 0", "cosine_lr", range(21), total=20, warmup=0, peak=1.0)
    add("cosine：预热与下限", "cosine_lr", range(31), total=30, warmup=8, peak=3.0, low=0.3)
    add("cosine：超过总步数", "cosine_lr", (12, 13, 18, 60), total=12, warmup=2, peak=1.0, low=0.1)
    add("cosine：预热只有 1 步", "cosine_lr", range(6), total=5, warmup=1, peak=2.0)
    add("WSD：三段", "wsd_lr", range(31), total=30, warmup=6, decay=9, peak=1.0)
    add("WSD：降到下限", "wsd_lr", range(21), total=20, warmup=4, decay=5, peak=2.0, low=0.2)
    steps = (9, 10, 11, 40)
    add("WSD：超过总步数", "wsd_lr", steps, total=10, warmup=0, decay=4, peak=1.0, low=0.1)
    add("WSD：没有平的一段", "wsd_lr", range(13), total=12, warmup=4, decay=8, peak=1.0, low=0.5)
    return cases
