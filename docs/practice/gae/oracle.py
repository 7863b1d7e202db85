"""独立的见证：各阶 n 步优势的指数加权平均，不用 TD 误差，也不递推。"""

import numpy as np
import torch


def gae(rewards, values, dones, last_value, gamma=0.99, lam=0.95):
    r, v, d = rewards.numpy(), values.numpy(), dones.numpy()
    b, s = r.shape
    adv = np.zeros((b, s))
    for i in range(b):
        ahead = np.append(v[i], last_value[i].item())
        for t in range(s):
            end = next((j for j in range(t, s) if d[i, j]), s - 1)  # 这个回合看得到的最后一步
            steps = []
            for n in range(1, end - t + 2):
                gained = sum(gamma**k * r[i, t + k] for k in range(n))
                boot = 0.0 if d[i, t + n - 1] else gamma**n * ahead[t + n]
                steps.append(gained + boot - v[i, t])
            weights = [(1 - lam) * lam**k for k in range(len(steps) - 1)]
            weights.append(lam ** (len(steps) - 1))
            adv[i, t] = np.dot(weights, steps)
    return torch.from_numpy(adv), torch.from_numpy(adv + v)
