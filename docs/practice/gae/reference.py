import torch


def gae(rewards, values, dones, last_value, gamma=0.99, lam=0.95):
    adv = torch.zeros_like(rewards)
    next_value, next_adv = last_value, torch.zeros_like(last_value)  # (b,)
    for t in reversed(range(rewards.shape[1])):
        alive = 1.0 - dones[:, t].double()
        delta = rewards[:, t] + gamma * alive * next_value - values[:, t]
        next_adv = delta + gamma * lam * alive * next_adv
        next_value = values[:, t]
        adv[:, t] = next_adv
    return adv, adv + values
