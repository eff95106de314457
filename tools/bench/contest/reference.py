"""The definitions (docs/spec.md) in float64 for some queries, with PyTorch.
Shares nothing with the compiler or with a peer."""


def sample_queries(torch, tokens, count, device):
    """Ascending, the same on every device."""
    generator = torch.Generator().manual_seed(7)
    return torch.randperm(tokens, generator=generator)[:count].sort().values.to(device)


def pool(torch, x, block):
    """Means of `block` rows of [N, D]; the last block averages what there is."""
    full = x.shape[0] // block * block
    means = x[:full].reshape(-1, block, x.shape[1]).mean(1)
    if full == x.shape[0]:
        return means
    return torch.cat([means, x[full:].mean(0, keepdim=True)])


def attend(torch, q, sources, scale):
    """One softmax over sources for the queries [S, D]. A source is keys, values
    and weights, [n, D] and [n] for all queries or [S, n, D] and [S, n] for each;
    a weight of 0 hides a key."""
    scores = []
    for keys, _, weights in sources:
        form = "sd,nd->sn" if keys.dim() == 2 else "sd,snd->sn"
        scores.append(scale * torch.einsum(form, q, keys) + torch.log(weights))
    shares = torch.softmax(torch.cat(scores, 1), -1).split([part.shape[1] for part in scores], 1)
    out = torch.zeros_like(q)
    for share, (_, values, _) in zip(shares, sources):
        out += torch.einsum("sn,nd->sd" if values.dim() == 2 else "sn,snd->sd", share, values)
    return out


def llsa_rows(torch, q, k, v, queries, indices, block=16, scale=None):
    """Rows `queries` of LLSA for one head ([N, D] in float64). `indices`: the
    selection of every level from 1 up, [N_l, k_l], -1 for none; no levels is
    full attention."""
    tokens, dim = k.shape
    scale = dim**-0.5 if scale is None else scale
    levels = [(k, v)]
    for _ in indices:
        levels.append(tuple(pool(torch, x, block) for x in levels[-1]))

    def weights(level, ids):  # the tokens that a token of a level averages
        return (tokens - ids * block**level).clamp(0, block**level).double()

    sources = []
    for level in range(len(indices)):
        rows = indices[level][queries // block ** (level + 1)].long()
        ids = (rows.unsqueeze(-1) * block + torch.arange(block, device=k.device)).flatten(1)
        count = levels[level][0].shape[0]
        seen = (rows >= 0).repeat_interleave(block, 1) & (ids < count)
        ids = ids.clamp(0, count - 1)
        sources.append((levels[level][0][ids], levels[level][1][ids], weights(level, ids) * seen))
    top = len(indices)
    keys, values = levels[top]
    sources.append((keys, values, weights(top, torch.arange(keys.shape[0], device=k.device))))
    return attend(torch, q[queries], sources, scale)


def relative_error(torch, inputs, output, indices, queries, block=16):
    """|o - reference| / |reference| over the sampled queries of all heads.
    `inputs` and `output`: [B, H, N, D]; `indices`: [B, H, N_l, k_l] by level."""
    q, k, v = inputs
    wrong = right = 0.0
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            expected = llsa_rows(torch, *(x[b, h].double() for x in (q, k, v)), queries,
                                 [level[b, h] for level in indices], block)
            got = output[b, h][queries].double()
            wrong += float(((got - expected) ** 2).sum())
            right += float((expected**2).sum())
    return (wrong / right) ** 0.5


def query_gradient_error(torch, inputs, output_gradient, gradient, indices, queries, block=16):
    """|dq - reference| / |reference| over the sampled queries of all heads; the
    reference by autograd in float64. Tensors as of relative_error."""
    q, k, v = inputs
    wrong = right = 0.0
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            rows = q[b, h].double().requires_grad_()
            with torch.enable_grad():
                out = llsa_rows(torch, rows, k[b, h].double(), v[b, h].double(), queries,
                                [level[b, h] for level in indices], block)
                (expected,) = torch.autograd.grad(out, rows, output_gradient[b, h][queries].double())
            expected = expected[queries]
            got = gradient[b, h][queries].double()
            wrong += float(((got - expected) ** 2).sum())
            right += float((expected**2).sum())
    return (wrong / right) ** 0.5
