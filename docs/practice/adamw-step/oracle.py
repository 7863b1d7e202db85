"""独立的见证：torch.optim.AdamW，把状态放进去走一步。"""

import torch


def adamw_step(theta, grad, m, v, t, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    parameter = torch.nn.Parameter(theta.clone())
    parameter.grad = grad.clone()
    optimizer = torch.optim.AdamW(
        [parameter], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay
    )
    state = {"step": torch.tensor(t - 1.0), "exp_avg": m.clone(), "exp_avg_sq": v.clone()}
    optimizer.state[parameter] = state
    optimizer.step()
    return parameter.detach(), state["exp_avg"], state["exp_avg_sq"]
