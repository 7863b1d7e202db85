import numpy as np


def mlm_mask(ids, special, mask_id, vocab_size, rng, rate=0.15):
    # ids: (b, s) → inputs、labels，各 (b, s)
    ...
