"""PyTorch 的一个小子集，只有前向，底下是 NumPy：给网页里的手写题用。

名字、参数与结果照 PyTorch；没有的名字会说没有。测试用真的 PyTorch 逐题核对。
"""

import difflib
import math
import sys
import types

import numpy as np

float16, float32, float64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
int64, int32, bool = np.dtype("int64"), np.dtype("int32"), np.dtype("bool")
long, double, float = int64, float64, float32
inf = math.inf
_default = float32
_builtin_bool, _builtin_float = (1 == 1).__class__, (1.0).__class__


class Tensor:
    """多维数组。"""

    __array_priority__ = 1000

    def __init__(self, data):
        self._a = np.asarray(data)

    def __getattr__(self, name):
        raise AttributeError(_no_such("Tensor", name, dir(Tensor)), name=name)

    # 形状与类型
    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    T = property(lambda self: Tensor(self._a.T))
    mT = property(lambda self: Tensor(self._a.swapaxes(-1, -2)))

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def dim(self):
        return self._a.ndim

    def numel(self):
        return self._a.size

    def numpy(self):
        return self._a

    def detach(self):
        return self

    def contiguous(self):
        return Tensor(np.ascontiguousarray(self._a))

    def clone(self):
        return Tensor(self._a.copy())

    def item(self):
        return self._a.item()

    def tolist(self):
        return self._a.tolist()

    def to(self, target):
        target = target.dtype if isinstance(target, Tensor) else target
        return Tensor(self._a.astype(target))

    def float(self):
        return self.to(float32)

    def double(self):
        return self.to(float64)

    def long(self):
        return self.to(int64)

    def bool(self):
        return self.to(bool)

    def view(self, *shape):
        return self.reshape(*shape)

    def reshape(self, *shape):
        return Tensor(self._a.reshape(_sizes(shape)))

    def flatten(self, start_dim=0, end_dim=-1):
        end = end_dim % self.ndim
        return self.reshape(*self.shape[:start_dim], -1, *self.shape[end + 1 :])

    def transpose(self, a, b):
        return Tensor(self._a.swapaxes(a, b))

    def permute(self, *dims):
        return Tensor(self._a.transpose(_sizes(dims)))

    def unsqueeze(self, dim):
        return Tensor(np.expand_dims(self._a, dim))

    def squeeze(self, dim=None):
        if dim is not None and self.shape[dim] != 1:
            return self
        return Tensor(np.squeeze(self._a, axis=dim))

    def expand(self, *sizes):
        sizes = _sizes(sizes)
        own = (1,) * (len(sizes) - self.ndim) + self.shape
        return Tensor(np.broadcast_to(self._a, [o if s == -1 else s for o, s in zip(own, sizes)]))

    def repeat(self, *sizes):
        return Tensor(np.tile(self._a, _sizes(sizes)))

    def repeat_interleave(self, repeats, dim=None):
        return Tensor(np.repeat(self._a, _raw(repeats), axis=dim))

    def chunk(self, chunks, dim=0):
        size = -(-self.shape[dim] // chunks)
        return self.split(size, dim)

    def split(self, size, dim=0):
        sizes = size if isinstance(size, (list, tuple)) else None
        points = np.cumsum(sizes)[:-1] if sizes else range(size, self.shape[dim], size)
        return tuple(map(Tensor, np.split(self._a, list(points), axis=dim)))

    def unbind(self, dim=0):
        return tuple(Tensor(a) for a in np.moveaxis(self._a, dim, 0))

    # 下标
    def __getitem__(self, index):
        return Tensor(self._a[_index(index)])

    def __setitem__(self, index, value):
        self._a[_index(index)] = _raw(value)

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return map(Tensor, iter(self._a))

    def gather(self, dim, index):
        return Tensor(np.take_along_axis(self._a, _raw(index), axis=dim))

    def scatter(self, dim, index, src):
        return self.clone().scatter_(dim, index, src)

    def scatter_(self, dim, index, src):
        src = np.broadcast_to(np.asarray(_raw(src), dtype=self.dtype), _raw(index).shape)
        np.put_along_axis(self._a, _raw(index), src, axis=dim)
        return self

    def index_add_(self, dim, index, source):
        np.add.at(np.moveaxis(self._a, dim, 0), _raw(index), np.moveaxis(_raw(source), dim, 0))
        return self

    def masked_fill(self, mask, value):
        return Tensor(np.where(_raw(mask), np.asarray(_raw(value), dtype=self.dtype), self._a))

    def masked_fill_(self, mask, value):
        self._a[np.broadcast_to(_raw(mask), self.shape)] = _raw(value)
        return self

    def nonzero(self):
        return Tensor(np.argwhere(self._a))

    # 归约
    def sum(self, dim=None, keepdim=False):
        return _reduce(np.sum, self, dim, keepdim)

    def mean(self, dim=None, keepdim=False):
        return _reduce(np.mean, self, dim, keepdim)

    def any(self, dim=None, keepdim=False):
        return _reduce(np.any, self, dim, keepdim)

    def all(self, dim=None, keepdim=False):
        return _reduce(np.all, self, dim, keepdim)

    def amax(self, dim=None, keepdim=False):
        return _reduce(np.max, self, dim, keepdim)

    def var(self, dim=None, unbiased=True, keepdim=False, correction=None):
        ddof = int(unbiased) if correction is None else correction
        return _reduce(
            lambda a, axis, keepdims: np.var(a, axis, ddof=ddof, keepdims=keepdims),
            self,
            dim,
            keepdim,
        )

    def std(self, dim=None, unbiased=True, keepdim=False, correction=None):
        return self.var(dim, unbiased, keepdim, correction).sqrt()

    def max(self, dim=None, keepdim=False):
        return _extreme(np.max, np.argmax, self, dim, keepdim)

    def min(self, dim=None, keepdim=False):
        return _extreme(np.min, np.argmin, self, dim, keepdim)

    def argmax(self, dim=None, keepdim=False):
        return _reduce(np.argmax, self, dim, keepdim)

    def norm(self, dim=None, keepdim=False):
        return (self * self).sum(dim, keepdim).sqrt()

    def cumsum(self, dim):
        return Tensor(np.cumsum(self._a, axis=dim))

    def sort(self, dim=-1, descending=False):
        order = np.argsort(-self._a if descending else self._a, axis=dim, kind="stable")
        return _Pair(Tensor(np.take_along_axis(self._a, order, dim)), Tensor(order))

    def argsort(self, dim=-1, descending=False):
        return self.sort(dim, descending).indices

    def topk(self, k, dim=-1):
        values, indices = self.sort(dim, descending=True)
        take = np.arange(k)
        return _Pair(*(Tensor(np.take(_raw(one), take, axis=dim)) for one in (values, indices)))

    # 逐元素
    def exp(self):
        return _unary(np.exp, self)

    def log(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return _unary(np.log, self)

    def sqrt(self):
        return _unary(np.sqrt, self)

    def rsqrt(self):
        return 1 / self.sqrt()

    def abs(self):
        return Tensor(np.abs(self._a))

    def square(self):
        return self * self

    def sin(self):
        return _unary(np.sin, self)

    def cos(self):
        return _unary(np.cos, self)

    def tanh(self):
        return _unary(np.tanh, self)

    def sigmoid(self):
        return Tensor(0.5 * (np.tanh(0.5 * _floating(self._a)) + 1))

    def relu(self):
        return Tensor(np.maximum(self._a, 0))

    def pow(self, exponent):
        return self**exponent

    def clamp(self, min=None, max=None):
        return Tensor(np.clip(self._a, _raw(min), _raw(max)))

    def softmax(self, dim):
        with np.errstate(invalid="ignore"):
            e = np.exp(self._a - self._a.max(axis=dim, keepdims=True))
            return Tensor(e / e.sum(axis=dim, keepdims=True))

    def log_softmax(self, dim):
        with np.errstate(invalid="ignore", divide="ignore"):
            shifted = self._a - self._a.max(axis=dim, keepdims=True)
            return Tensor(shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)))

    def logsumexp(self, dim, keepdim=False):
        top = self._a.max(axis=dim, keepdims=True)
        safe = np.where(np.isfinite(top), top, 0.0).astype(self.dtype)
        with np.errstate(divide="ignore"):
            out = np.log(np.exp(self._a - safe).sum(axis=dim, keepdims=True)) + safe
        return Tensor(out if keepdim else out.squeeze(dim))

    def tril(self, diagonal=0):
        return Tensor(np.tril(self._a, diagonal))

    def triu(self, diagonal=0):
        return Tensor(np.triu(self._a, diagonal))

    def matmul(self, other):
        return self @ other

    def __repr__(self):
        return f"tensor({np.array2string(self._a, precision=4, separator=', ')})"

    def __bool__(self):
        return _builtin_bool(self._a)

    def __float__(self):
        return _builtin_float(self._a)

    def __int__(self):
        return self._a.item().__int__()

    def __index__(self):
        return self._a.item().__index__()

    def __hash__(self):
        return id(self)

    def __neg__(self):
        return Tensor(-self._a)

    def __invert__(self):
        return Tensor(~self._a)

    def add_(self, other):
        self._a += _raw(other)
        return self


class _Pair(tuple):
    """max、sort、topk 的结果：可以拆开，也可以用 .values、.indices。"""

    def __new__(cls, values, indices):
        return super().__new__(cls, (values, indices))

    values = property(lambda self: self[0])
    indices = property(lambda self: self[1])


def _raw(value):
    return value._a if isinstance(value, Tensor) else value


def _index(index):
    if isinstance(index, tuple):
        return tuple(_raw(i) for i in index)
    return np.asarray(_raw(index)) if isinstance(index, list) else _raw(index)


def _sizes(sizes):
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _floating(a):
    return a if a.dtype.kind == "f" else a.astype(_default)


def _unary(function, tensor):
    return Tensor(function(_floating(tensor._a)))


def _reduce(function, tensor, dim, keepdim):
    axis = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    a = tensor._a
    if function is np.sum and a.dtype.kind == "b":
        a = a.astype(int64)
    return Tensor(function(a, axis=axis, keepdims=keepdim))


def _extreme(value, place, tensor, dim, keepdim):
    if dim is None:
        return Tensor(value(tensor._a))
    values = Tensor(value(tensor._a, axis=dim, keepdims=keepdim))
    return _Pair(values, Tensor(place(tensor._a, axis=dim, keepdims=keepdim)))


def _binary(name):
    method = getattr(np.ndarray, name)

    def operate(self, other):
        other = _raw(other)
        if isinstance(other, (list, tuple)):
            return NotImplemented
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            a = self._a
            if name in ("__truediv__", "__rtruediv__") and a.dtype.kind != "f":
                a = a.astype(_default)
            if isinstance(other, _builtin_float) and a.dtype.kind != "f":
                a = a.astype(_default)
            result = method(a, other)
        return result if result is NotImplemented else Tensor(result)

    return operate


for _name in [
    "__add__",
    "__radd__",
    "__sub__",
    "__rsub__",
    "__mul__",
    "__rmul__",
    "__truediv__",
    "__rtruediv__",
    "__floordiv__",
    "__mod__",
    "__pow__",
    "__rpow__",
    "__matmul__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__and__",
    "__or__",
    "__xor__",
]:
    setattr(Tensor, _name, _binary(_name))


# 造张量
def tensor(data, dtype=None):
    a = np.array(_raw(data))
    if (
        dtype is None
        and a.dtype == float64
        and not isinstance(_raw(data), (np.ndarray, np.generic))
    ):
        a = a.astype(_default)
    return Tensor(a if dtype is None else a.astype(dtype))


def from_numpy(a):
    return Tensor(a)


def zeros(*shape, dtype=None):
    return Tensor(np.zeros(_sizes(shape), dtype or _default))


def ones(*shape, dtype=None):
    return Tensor(np.ones(_sizes(shape), dtype or _default))


def full(shape, value, dtype=None):
    return Tensor(np.full(shape, value, dtype or _default))


def zeros_like(t, dtype=None):
    return Tensor(np.zeros(t.shape, dtype or t.dtype))


def ones_like(t, dtype=None):
    return Tensor(np.ones(t.shape, dtype or t.dtype))


def eye(n, dtype=None):
    return Tensor(np.eye(n, dtype=dtype or _default))


def arange(*bounds, dtype=None):
    a = np.arange(*map(_raw, bounds))
    a = a.astype(_default) if a.dtype.kind == "f" else a.astype(int64)
    return Tensor(a if dtype is None else a.astype(dtype))


def cat(tensors, dim=0):
    return Tensor(np.concatenate([_raw(t) for t in tensors], axis=dim))


def stack(tensors, dim=0):
    return Tensor(np.stack([_raw(t) for t in tensors], axis=dim))


def where(condition, a, b):
    a, b = _raw(a), _raw(b)
    kind = next((x.dtype for x in (a, b) if isinstance(x, np.ndarray)), _default)
    if not isinstance(a, np.ndarray):
        a = np.asarray(a, dtype=kind)
    if not isinstance(b, np.ndarray):
        b = np.asarray(b, dtype=kind)
    return Tensor(np.where(_raw(condition), a, b))


def maximum(a, b):
    return Tensor(np.maximum(_raw(a), _raw(b)))


def minimum(a, b):
    return Tensor(np.minimum(_raw(a), _raw(b)))


def outer(a, b):
    return Tensor(np.outer(_raw(a), _raw(b)))


def einsum(equation, *tensors):
    return Tensor(np.einsum(equation, *map(_raw, tensors), optimize=True))


for _name in [
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "abs",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "relu",
    "pow",
    "clamp",
    "softmax",
    "log_softmax",
    "logsumexp",
    "sum",
    "mean",
    "any",
    "all",
    "amax",
    "var",
    "std",
    "max",
    "min",
    "argmax",
    "cumsum",
    "sort",
    "argsort",
    "topk",
    "tril",
    "triu",
    "matmul",
    "transpose",
    "permute",
    "reshape",
    "flatten",
    "squeeze",
    "unsqueeze",
    "gather",
    "masked_fill",
    "chunk",
    "split",
    "unbind",
    "repeat_interleave",
    "numel",
    "square",
    "norm",
    "nonzero",
]:
    globals()[_name] = getattr(Tensor, _name)


class no_grad:
    def __enter__(self):
        return self

    def __exit__(self, *details):
        return None

    def __call__(self, function):
        return function


# torch.nn
class Parameter(Tensor):
    """可学的张量；这里没有反向，只是个记号。"""

    def __init__(self, data):
        super().__init__(_raw(data))


class Module:
    """子模块与参数按赋值的名字登记。"""

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def named_parameters(self, prefix=""):
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value.named_parameters(f"{prefix}{name}.")

    def double(self):
        for _, value in self.named_parameters():
            value._a = value._a.astype(float64)
        return self


class Linear(Module):
    """y = x Wᵀ + b，weight 是 (out, in)。"""

    def __init__(self, in_features, out_features, bias=True, dtype=None):
        bound = 1 / math.sqrt(in_features)
        rng = np.random.default_rng(in_features * 1000 + out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(
            rng.uniform(-bound, bound, (out_features, in_features)).astype(dtype or _default)
        )
        self.bias = Parameter(np.zeros(out_features, dtype or _default)) if bias else None

    def forward(self, x):
        return linear(x, self.weight, self.bias)


class Embedding(Module):
    def __init__(self, num, dim, dtype=None):
        rng = np.random.default_rng(num * 1000 + dim)
        self.weight = Parameter(rng.standard_normal((num, dim)).astype(dtype or _default))

    def forward(self, index):
        return self.weight[index]


# torch.nn.functional
def linear(x, weight, bias=None):
    y = x @ weight.T
    return y if bias is None else y + bias


def silu(x):
    return x * x.sigmoid()


def gelu(x):
    erf = np.vectorize(math.erf, otypes=[_builtin_float])
    return Tensor((x._a * 0.5 * (1 + erf(x._a / math.sqrt(2)))).astype(x.dtype))


def logsigmoid(x):
    return Tensor(-np.logaddexp(np.zeros((), x.dtype), -x._a))


def softplus(x):
    return Tensor(np.logaddexp(np.zeros((), x.dtype), x._a))


def one_hot(index, num_classes):
    return Tensor(np.eye(num_classes, dtype=int64)[_raw(index)])


def normalize(x, dim=-1, eps=1e-12):
    return x / x.norm(dim, keepdim=True).clamp(min=eps)


_FUNCTIONAL = [
    "softmax",
    "log_softmax",
    "relu",
    "sigmoid",
    "tanh",
    "linear",
    "silu",
    "gelu",
    "logsigmoid",
    "softplus",
    "one_hot",
    "normalize",
]


def _no_such(owner, name, names):
    near = difflib.get_close_matches(name, [n for n in names if n[0] != "_"], 3)
    hint = f"；相近的有 {'、'.join(near)}" if near else ""
    return f"这个子集的 {owner} 没有 {name}{hint}。它只有参考答案用到的那些名字"


def _missing(module, owner):
    names = list(vars(module))

    def find(name):
        raise AttributeError(_no_such(owner, name, names), name=name)

    return find


def install():
    """装成 torch、torch.nn、torch.nn.functional。"""
    here = sys.modules[__name__]
    nn, functional = types.ModuleType("torch.nn"), types.ModuleType("torch.nn.functional")
    for name in ("Module", "Linear", "Embedding", "Parameter"):
        setattr(nn, name, getattr(here, name))
    for name in _FUNCTIONAL:
        setattr(functional, name, getattr(here, name))
    nn.functional = functional
    here.nn = nn
    for module, label in ((nn, "torch.nn"), (functional, "torch.nn.functional")):
        module.__getattr__ = _missing(module, label)
    here.__getattr__ = _missing(here, "torch")
    sys.modules |= {"torch": here, "torch.nn": nn, "torch.nn.functional": functional}
