import torch


def pack(docs, length, pad=0):
    chunks = [doc[i : i + length] for doc in docs for i in range(0, len(doc), length)]
    rows = []
    for number, chunk in enumerate(chunks):
        row = next((row for row in rows if len(row) + len(chunk) <= length), None)
        if row is None:
            row = []
            rows.append(row)
        for position, token in enumerate(chunk):
            label = token if position > 0 else -100
            row.append((token, label, position, number))
    rows = [row + [(pad, -100, 0, -1)] * (length - len(row)) for row in rows]
    return torch.tensor(rows, dtype=torch.long).reshape(-1, length, 4).unbind(-1)


def document_mask(doc_ids):
    s = doc_ids.shape[-1]
    same = doc_ids[:, :, None] == doc_ids[:, None, :]  # (n, s, s)
    return same & torch.ones(s, s, dtype=torch.bool).tril()
