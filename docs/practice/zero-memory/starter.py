def zero_memory(psi, n, stage, grad_bytes=2):
    # 返回 {"param": 字节, "grad": 字节, "optimizer": 字节}
    ...


def min_devices(psi, budget, stage, grad_bytes=2):
    # 返回卡数；多少张都装不下时返回 None
    ...
