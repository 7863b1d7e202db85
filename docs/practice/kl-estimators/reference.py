import torch


def kl_estimate(logp, ref, mask, kind="k3"):
    ell = (logp - ref).clamp(-20, 20)  # log(π / ref)
    if kind == "k1":
        k = ell
    elif kind == "k2":
        k = ell * ell / 2
    elif kind == "k3":
        k = (-ell).exp() - 1 + ell
    else:
        raise ValueError(f"没有 {kind}")
    return k.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)
