def encode(text, merges):
    # merges: [(bytes, bytes), …] → [id, …]
    ...


def decode(ids, merges):
    # → str
    ...
