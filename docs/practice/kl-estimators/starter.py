import torch


def kl_estimate(logp, ref, mask, kind="k3"):
    # logp、ref、mask: (b, s) → 标量
    ...
