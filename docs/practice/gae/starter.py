import torch


def gae(rewards, values, dones, last_value, gamma=0.99, lam=0.95):
    # rewards、values、dones: (b, s)，last_value: (b,) → (advantages, returns)
    ...
