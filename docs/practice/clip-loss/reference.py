import torch
import torch.nn.functional as F


def clip_loss(image, text, temperature=0.07):
    image = F.normalize(image, dim=-1)
    text = F.normalize(text, dim=-1)
    logits = image @ text.T / temperature  # (n, n)：行是图，列是文
    pair = torch.arange(len(logits))
    to_text = -torch.log_softmax(logits, dim=1)[pair, pair].mean()
    to_image = -torch.log_softmax(logits, dim=0)[pair, pair].mean()
    return (to_text + to_image) / 2
