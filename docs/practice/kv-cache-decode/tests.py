import numpy as np
import torch
from judge import Case
from torch import nn

H, A, MAX = 6, 2, 7


def put_weights(layer, seed):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return nn.Parameter(torch.from_numpy(rng.standard_normal(shape) / H**0.5))

    layer.qkv.weight, layer.qkv.bias = draw(3 * H, H), draw(3 * H)
    layer.out.weight, layer.out.bias = draw(H, H), draw(H)
    layer.pos.weight = nn.Parameter(torch.from_numpy(rng.standard_normal((MAX, H))))


def feed(layer, x, cuts):
    """按 cuts 切块依次喂，返回各块的输出拼起来。"""
    layer.start(x.shape[0])
    return torch.cat([layer(part) for part in x.split(cuts, 1)], 1)


def make(cls):
    layer = cls(H, A, MAX)
    put_weights(layer, 7)
    return layer


def changed(cls, x):
    """预填充之后换一套权重再解码：历史的 K、V 应来自缓存。"""
    layer = make(cls)
    layer.start(x.shape[0])
    first = layer(x[:, :3])
    put_weights(layer, 8)
    return first, layer(x[:, 3:])


def again(cls, x, y):
    layer = make(cls)
    return feed(layer, x, [3, 1]), feed(layer, y, [2, 1])


def overflow(cls, x):
    layer = make(cls)
    layer.start(x.shape[0])
    outputs = [layer(x[:, :5])]
    try:
        layer(x[:, 5:8])
    except ValueError:
        outputs.append(layer(x[:, 5:7]))
        return torch.cat(outputs, 1)
    return "没有抛出 ValueError"


def make_cases():
    rng = np.random.default_rng(2)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, b, cuts):
        x = draw(b, sum(cuts), H)
        shown = {"x": x, "cuts": cuts}
        cases.append(Case(name, lambda s: feed(make(s.CachedAttention), x, cuts), shown))

    add("一次预填充", 1, [4])
    add("预填充 3 个，再逐个解码", 2, [3, 1, 1])
    add("从头就逐个解码，正好写满", 1, [1] * MAX)
    add("分块预填充：每块好几个", 3, [2, 3, 2])

    def add_story(name, story, *inputs):
        shown = dict(zip("xy", inputs, strict=False))
        cases.append(Case(name, lambda s: story(s.CachedAttention, *inputs), shown))

    add_story("中途换了权重：历史的 K、V 不重算", changed, draw(2, 5, H))
    add_story("再次 start：从头来，批大小也变", again, draw(2, 4, H), draw(3, 3, H))
    add_story("写不下时抛 ValueError，之后还能接着写满", overflow, draw(1, 8, H))
    return cases
