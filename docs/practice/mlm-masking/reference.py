import numpy as np


def mlm_mask(ids, special, mask_id, vocab_size, rng, rate=0.15):
    inputs, labels = ids.copy(), np.full_like(ids, -100)
    selected = (rng.random(ids.shape) < rate) & ~np.isin(ids, special)
    labels[selected] = ids[selected]
    u = rng.random(ids.shape)  # 另抽一次，定怎么换
    inputs[selected & (u < 0.8)] = mask_id
    randomised = selected & (u >= 0.9)
    inputs[randomised] = rng.integers(vocab_size, size=randomised.sum())
    return inputs, labels
