"""Forward and backward of each engine. As in engines.py one function per input
set, twice: `calls` does both passes, `backward` the backward alone on what a
forward has left. Gradients of the result are given, one per set."""

import ctypes

from . import engines, timing


class PreparedGrad:
    """`gradient`: dq as the first call writes it; filled once that has run.
    `indices`: as of engines.Prepared. `versions`: {name: (calls, backward)}."""

    def __init__(self, versions, gradient=None, indices=None):
        self.versions, self.gradient, self.indices = versions, gradient, indices


def prepare(engine, case, sets, gradients):
    if isinstance(engine, engines.Ours):
        return ours(engine, case, sets, gradients)
    if isinstance(engine, engines.Prototype):
        return prototype(engine, case, sets, gradients)
    return by_autograd(engine, case, sets, gradients)


def by_autograd(engine, case, sets, gradients):
    if isinstance(engine, engines.SDPA) and case.shape[2] > 65536:
        raise engines.Unsupported("full attention's backward over more than 65,536 tokens takes seconds")
    torch, attend = engine.torch, engine.attention(case)
    calls, backward = [], []
    for inputs, gradient in zip(sets, gradients):
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        output = attend(*leaves)
        calls.append(lambda x=leaves, g=gradient: torch.autograd.grad(attend(*x), x, g))
        backward.append(lambda x=leaves, o=output, g=gradient: torch.autograd.grad(o, x, g, retain_graph=True))
    indices = engine.selections(case, sets[0])
    return PreparedGrad({"": (calls, backward)}, None if indices is None else calls[0]()[0], indices)


def ours(engine, case, sets, gradients):
    torch = engine.torch
    extra = ",indices=1" if case.levels else ""
    keep, back = (engine.kernel(case, f"{extra},pass={name}") for name in ("keep", "backward"))
    calls, backward, first = [], [], {}
    for inputs, gradient in zip(sets, gradients):
        results, workspace = engine.tensors(keep)
        made, more = engine.tensors(back)
        known = dict(zip("qkv", inputs), do=gradient)
        known.update({info.name: tensor for info, tensor in zip(keep.outputs, results)})
        launches = (keep.bind([known[info.name] for info in keep.inputs], results, workspace),
                    back.bind([known[info.name] for info in back.inputs], made, more))

        def run(launches=launches):
            for launch in launches:
                launch(torch.cuda.current_stream().cuda_stream)

        calls.append(run)
        backward.append(lambda launch=launches[1]: launch(torch.cuda.current_stream().cuda_stream))
        if not first:
            known.update({info.name: tensor for info, tensor in zip(back.outputs, made)})
            first = known
        run()  # what the backward alone reads
    return PreparedGrad({"": (calls, backward)}, first["dq"],
                        [first[f"i{level}"] for level in range(1, (case.levels or 0) + 1)])


class PrototypeArgs(ctypes.Structure):
    """`BA` of the prototype's bwd.cu."""

    TENSORS = ("q", "k", "v", "k1", "v1", "k2", "v2", "idx1", "idx2", "o", "lse", "dout", "dq", "dk", "dv", "ld", "cur",
               "lists", "items", "done", "slots", "dk1", "dv1", "part", "dk2", "dv2", "pk1", "pv1")
    _fields_ = [(name, ctypes.c_void_p) for name in TENSORS] + [("BH", ctypes.c_int), ("N", ctypes.c_int)]


def prototype_bytes(heads, tokens):
    """Bytes of what the prototype's backward writes beside gradients, D = 64."""
    blocks, blocks2 = heads * tokens // 16, heads * tokens // 256
    return {
        "ld": 8 * heads * tokens,
        "cur": 16,
        "lists": 2 * (8 * blocks + 64),
        "items": 16 * (blocks + blocks // 4),  # a block and its further 32 queries
        "done": 4 * blocks,
        "slots": 8192 * (blocks // 2 + 1),  # 16 x 64 of dk and dv for each of several items of a block
        "dk1": 256 * blocks, "dv1": 256 * blocks, "dk2": 256 * blocks2, "dv2": 256 * blocks2,
        "part": 32 * 2 * 256 * blocks2,
        "pk1": 4096 * 8 * blocks2, "pv1": 4096 * 8 * blocks2,
    }


def prototype_steps(names):
    """Chains of kernels that compute all of it, as numbers: repeatable and not."""
    number = {name: i for i, name in enumerate(names)}
    fine = [name for name in names if name.startswith("fine_")]
    coarse = [("coarse2_det_s4_7_9",), ("zero1", "coarse2_s4_7_9")]
    return {f"{parts[-1]}, {last}": [number[n] for n in ("transp_hier_det", "dq_w2_k32", *parts, last)]
            for parts in coarse if all(part in number for part in parts) for last in fine}


def fastest(torch, versions):
    """The calls of the version that takes least, measured in passing."""
    def ms(calls):
        times = [timing.event_ms(torch, lambda: [call() for call in calls]) for _ in range(4)]
        return min(times[1:])

    return min(versions.values(), key=ms)


def prototype(engine, case, sets, gradients):
    if not engine.backward:
        raise engines.Unsupported("no --prototype-backward=PATH")
    torch, (batch, heads, tokens, dim) = engine.torch, case.shape
    if dim != 64 or tokens < 16384 or (tokens // 256 // 64 + 2) % 3 or tokens > 262144:
        raise engines.Unsupported("D of 64, 16,384, 65,536 or 262,144 tokens")
    library = ctypes.CDLL(engine.backward)
    library.bname.restype, library.bname.argtypes = ctypes.c_char_p, [ctypes.c_int]
    library.brun.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    steps = prototype_steps([library.bname(i).decode() for i in range(library.bn())])
    forward = engine.prepare(case, sets)
    forward_calls = fastest(torch, forward.versions)
    for call in forward_calls:
        call()  # what the backward alone reads
    arguments = []
    for (q, k, v), memory, gradient in zip(sets, forward.memory, gradients):
        more = {name: torch.empty(count, dtype=torch.uint8, device="cuda")
                for name, count in prototype_bytes(batch * heads, tokens).items()}
        more.update(dq=torch.empty_like(q), dk=torch.empty_like(k), dv=torch.empty_like(v), dout=gradient)
        tensors = {**memory, **more}
        args = PrototypeArgs(BH=batch * heads, N=tokens, **{n: tensors[n].data_ptr() for n in PrototypeArgs.TENSORS})
        arguments.append((args, tensors))

    def calls(chain):
        def backward(args):
            stream = torch.cuda.current_stream().cuda_stream
            for number in chain:
                if code := library.brun(number, ctypes.byref(args), stream):
                    raise RuntimeError(f"{library.bname(number).decode()}: CUDA error {code}")

        alone = [lambda pair=pair: backward(pair[0]) for pair in arguments]

        def both(first, second):
            first()
            second()

        return [lambda f=f, s=s: both(f, s) for f, s in zip(forward_calls, alone)], alone

    return PreparedGrad({name: calls(chain) for name, chain in steps.items()}, arguments[0][1]["dq"], forward.indices)
