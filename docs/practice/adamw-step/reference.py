import torch


def adamw_step(theta, grad, m, v, t, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    b1, b2 = betas
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * grad * grad
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    update = m_hat / (torch.sqrt(v_hat) + eps)
    theta = theta * (1 - lr * weight_decay) - lr * update
    return theta, m, v
