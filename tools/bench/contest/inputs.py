"""q, k and v on the GPU: independent random numbers, or smooth clustered data
built like that of llsa-run --input=structured (tools/io/Tokens.h)."""

# Octaves of the smooth curve: a random vector every 2^shift tokens, its weight.
OCTAVES = ((10, 1.0), (7, 0.6), (4, 0.3))
CENTRES = 24
NOISE = 0.15


def random_tokens(torch, shape, seed, device, dtype):
    generator = torch.Generator(device).manual_seed(seed)
    return [torch.randn(shape, generator=generator, device=device, dtype=torch.float32).to(dtype) for _ in range(3)]


def smooth_field(torch, tokens, dim, generator, device):
    """[tokens, dim]: the sum of octaves, each a smooth blend between random
    vectors; the slowest octave's vectors are drawn from few centres."""
    position = torch.arange(tokens, device=device)
    total = torch.zeros(tokens, dim, device=device)
    for number, (shift, weight) in enumerate(OCTAVES):
        cells = (tokens >> shift) + 2
        vectors = torch.randn(CENTRES if number == 0 else cells, dim, generator=generator, device=device)
        if number == 0:
            vectors = vectors[torch.randint(CENTRES, (cells,), generator=generator, device=device)]
        cell = position >> shift
        t = (position - (cell << shift)).float().div_(1 << shift)
        blend = (t * t * (3 - 2 * t)).unsqueeze(1)
        total += weight * torch.lerp(vectors[cell], vectors[cell + 1], blend)
    return total


def structured_tokens(torch, shape, seed, device, dtype):
    """q follows k, so that queries have clear favourites, and neighbouring query
    blocks select the same blocks."""
    batch, heads, tokens, dim = shape
    generator = torch.Generator(device).manual_seed(seed)
    q, k, v = (torch.empty(shape, device=device, dtype=dtype) for _ in range(3))
    for b in range(batch):
        for h in range(heads):
            keys = smooth_field(torch, tokens, dim, generator, device)
            values = smooth_field(torch, tokens, dim, generator, device)
            for out, field in ((q, keys), (k, keys), (v, values)):
                noise = torch.rand(tokens, dim, generator=generator, device=device) * 2 - 1
                out[b, h] = (field + NOISE * noise).to(dtype)
    return [q, k, v]


MAKERS = {"random": random_tokens, "structured": structured_tokens}


def input_sets(torch, kind, shape, count, device, dtype):
    """`count` copies of one input set, each in memory of its own: runs that take
    turns find little of what they read in the L2."""
    first = MAKERS[kind](torch, shape, 1, device, dtype)
    return [first] + [[tensor.clone() for tensor in first] for _ in range(count - 1)]


def result_gradients(torch, sets):
    """Gradients of the results, one for each set, in the type of q."""
    q = sets[0][0]
    generator = torch.Generator(q.device).manual_seed(2)
    first = torch.randn(q.shape, generator=generator, device=q.device, dtype=torch.float32).to(q.dtype)
    return [first] + [first.clone() for _ in sets[1:]]
