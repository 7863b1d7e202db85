def zero_memory(psi, n, stage, grad_bytes=2):
    shard = -(-psi // n)  # 每卡 ⌈ψ/n⌉ 个
    return {
        "param": 2 * (shard if stage >= 3 else psi),
        "grad": grad_bytes * (shard if stage >= 2 else psi),
        "optimizer": 12 * (shard if stage >= 1 else psi),
    }


def min_devices(psi, budget, stage, grad_bytes=2):
    if stage == 0:
        return 1 if (14 + grad_bytes) * psi <= budget else None
    split = 12 + (grad_bytes if stage >= 2 else 0) + (2 if stage >= 3 else 0)
    fixed = (14 + grad_bytes - split) * psi  # 不随卡数下降
    most = (budget - fixed) // split  # 每卡最多拿几个参数
    return -(-psi // most) if most > 0 else None
