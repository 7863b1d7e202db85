def beam_search(log_probs, beam, max_len, eos, alpha=0.0):
    def normalised(tokens, score):
        return score / ((5 + len(tokens)) / 6) ** alpha

    live, done = [((), 0.0)], []
    for _ in range(max_len):
        grown = [
            ((*tokens, token), score + logp)
            for tokens, score in live
            for token, logp in enumerate(log_probs(tokens))
        ]
        grown.sort(key=lambda item: -item[1])
        done += [item for item in grown[:beam] if item[0][-1] == eos]
        live = [item for item in grown if item[0][-1] != eos][:beam]
    best = max(done + live, key=lambda item: normalised(*item))
    return list(best[0]), float(normalised(*best))
