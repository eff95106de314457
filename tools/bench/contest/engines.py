"""What is raced. An engine says which cases it takes and makes, for input sets
(q, k, v), one function per set that puts the whole forward on the current
stream. Every import of a peer happens when it is first used, so that one that is
not there costs a line of text and no more."""

import ctypes
import importlib
import importlib.util
import os
import sys


class Unsupported(Exception):
    """This engine does not do this case."""


class Engine:
    """What all have: a name, and whether the time depends on the levels (a peer
    that has none is measured once for all cases of a shape)."""

    name = ""
    has_levels = False

    def attention(self, case):
        """A function of q, k and v that autograd can go through."""
        raise Unsupported("it has no backward")

    def selections(self, case, inputs):
        """What Prepared calls indices."""
        return None


class Prepared:
    """`calls`: one per input set. `outputs`: what the first call writes; filled
    once the calls ran. `indices`: the selections of the first set by level, from
    1 up, or None where the result is no LLSA to be checked. `versions`: faster
    or slower ways to do the same, of which the fastest counts. contest/backward.py
    has the same for both passes."""

    def __init__(self, calls, output=None, indices=None, versions=None):
        self.calls, self.output, self.indices = calls, output, indices
        self.versions = versions or {}


def add_path(path):
    if path and path not in sys.path:
        sys.path.insert(0, path)


class Ours(Engine):
    """This compiler's kernels through the C interface."""

    name = "llsa"
    has_levels = True

    def __init__(self, torch, options):
        import llsa

        self.torch, self.variants = torch, options.variants
        self.context = llsa.Context(target=options.device, cache_dir=options.cache_dir, library=options.library)

    def kernel(self, case, extra=""):
        path = case.variant if os.path.exists(case.variant) else os.path.join(self.variants, case.variant + ".mlir")
        return self.context.kernel(path, case.spec + extra)

    def tensors(self, kernel):
        torch = self.torch
        outputs = [torch.empty(t.shape, dtype=getattr(torch, t.dtype), device="cuda") for t in kernel.outputs]
        workspace = torch.empty(max(kernel.workspace_bytes, 1), dtype=torch.uint8, device="cuda")
        return outputs, workspace

    def prepare(self, case, sets):
        torch, kernel = self.torch, self.kernel(case)
        calls = []
        for inputs in sets:
            outputs, workspace = self.tensors(kernel)
            launch = kernel.bind(inputs, outputs, workspace)
            calls.append(lambda launch=launch: launch(torch.cuda.current_stream().cuda_stream))
        # The same forward once more, with the indices that it selected.
        checked = self.kernel(case, ",indices=1") if case.levels else kernel
        outputs, workspace = self.tensors(checked)
        checked.bind(sets[0], outputs, workspace)(torch.cuda.current_stream().cuda_stream)
        torch.cuda.synchronize()
        named = {info.name: tensor for info, tensor in zip(checked.outputs, outputs)}
        return Prepared(calls, named["o"], [named[f"i{level}"] for level in range(1, (case.levels or 0) + 1)])

    def facts(self, case):
        """What a JSON line says about the kernel beside its time."""
        import json

        kernel = self.kernel(case)
        program = json.loads(kernel.program)
        io = sum(element_bytes(t.dtype) * product(t.shape) for t in kernel.inputs + kernel.outputs)
        flops = sum(program["kernels"][step["kernel"]].get("flops", 0) for step in program["steps"])
        return {"io_bytes": io, "flops": flops, "workspace_bytes": kernel.workspace_bytes, "target": kernel.target}


def product(shape):
    result = 1
    for size in shape:
        result *= size
    return result


def element_bytes(dtype):
    return 1 if dtype == "int8" else 4 if dtype in ("float32", "int32") else 2


class SDPA(Engine):
    """PyTorch's scaled_dot_product_attention with one backend: full attention,
    also beside the sparse cases."""

    def __init__(self, torch, options, backend):
        from torch.nn.attention import SDPBackend, sdpa_kernel

        self.torch, self.context = torch, sdpa_kernel
        self.backend = getattr(SDPBackend, backend)

    def attention(self, case):
        if case.shape[2] > 262144:
            raise Unsupported("full attention over more than 262,144 tokens takes seconds")
        attend = self.torch.nn.functional.scaled_dot_product_attention

        def call(*inputs):
            with self.context(self.backend):
                return attend(*inputs)

        return call

    def selections(self, case, inputs):
        return []

    def prepare(self, case, sets):
        call = self.attention(case)
        return Prepared([lambda i=inputs: call(*i) for inputs in sets], call(*sets[0]), [])


class SDPAFlash(SDPA):
    name = "sdpa-flash"

    def __init__(self, torch, options):
        super().__init__(torch, options, "FLASH_ATTENTION")


class SDPACudnn(SDPA):
    name = "sdpa-cudnn"

    def __init__(self, torch, options):
        super().__init__(torch, options, "CUDNN_ATTENTION")


def only_llsa(case):
    if case.levels is None:
        raise Unsupported("a sparse peer beside a dense case")


class Flex(Engine):
    """FlexAttention over 512 keys per query, 4 random blocks of 128: the density
    of two levels' selections, without selecting or pooling anything."""

    name = "flex-512"

    def __init__(self, torch, options):
        from torch.nn.attention.flex_attention import BlockMask, flex_attention

        self.torch, self.BlockMask = torch, BlockMask
        self.flex = torch.compile(flex_attention, dynamic=False)

    def prepare(self, case, sets):
        only_llsa(case)
        torch, (batch, heads, tokens, _) = self.torch, case.shape
        if tokens > 131072:
            raise Unsupported("its mask of blocks grows with the square of the tokens")
        rows, kept = tokens // 128, 4
        chosen = torch.rand(batch, heads, rows, rows, device="cuda").topk(kept, dim=-1).indices
        indices = torch.zeros(batch, heads, rows, rows, dtype=torch.int32, device="cuda")
        indices[..., :kept] = chosen.sort(-1).values.to(torch.int32)
        full = torch.full((batch, heads, rows), kept, dtype=torch.int32, device="cuda")
        mask = self.BlockMask.from_kv_blocks(torch.zeros_like(full), torch.zeros_like(indices), full, indices,
                                             BLOCK_SIZE=128)
        return Prepared([lambda i=inputs: self.flex(*i, block_mask=mask) for inputs in sets])


class Authors(Engine):
    """The LLSA authors' Triton kernels (SingleZombie/LLSA): one and two levels.
    Their package has the name of ours, so it is imported under another."""

    name = "llsa-authors"
    has_levels = True

    def __init__(self, torch, options):
        if not options.authors:
            raise Unsupported("no --llsa-authors=FOLDER")
        folder = os.path.join(options.authors, "src", "llsa")
        if not os.path.isdir(folder):
            raise Unsupported(f"there is no folder {folder}")
        self.torch = torch
        spec = importlib.machinery.ModuleSpec("llsa_authors", None, is_package=True)
        spec.submodule_search_locations = [folder]
        sys.modules["llsa_authors"] = importlib.util.module_from_spec(spec)
        load = lambda name: importlib.import_module("llsa_authors.kernel." + name)
        self.one = load("torch_op.flash_sparse_attention_res_1")
        self.two = load("torch_op.flash_sparse_attention_res_2")
        self.topk, self.pool = load("triton.topk"), load("triton.mean_pool")

    def attention(self, case):
        only_llsa(case)
        if case.levels not in (1, 2):
            raise Unsupported("one and two levels")
        if case.shape[2] > 262144:
            raise Unsupported("up to 262,144 tokens here")
        return self.one.llsa_l1 if case.levels == 1 else self.two.llsa_l2

    def selections(self, case, inputs):
        pq, pk = (self.pool.mean_pool1d(x, 16) for x in inputs[:2])
        if case.levels == 1:
            return [self.topk.gen_sparse_indices(pq, pk, 8)]
        pq2, pk2 = (self.pool.mean_pool1d(x, 16) for x in (pq, pk))
        top = self.topk.gen_sparse_indices(pq2, pk2, 8)
        return [self.topk.compute_topk_indices_sparse(pq, pk, top, 8, 8, 16), top]

    def prepare(self, case, sets):
        call = self.attention(case)
        return Prepared([lambda i=inputs: call(*i) for inputs in sets], call(*sets[0]), self.selections(case, sets[0]))


class VSA(Engine):
    """Video sparse attention (hao-ai-lab/FastVideo, Triton): 8 blocks of 64."""

    name = "vsa"

    def __init__(self, torch, options):
        add_path(options.vsa)
        os.environ["FASTVIDEO_VSA_TRITON"] = "1"
        self.torch = torch
        self.attend = importlib.import_module("fastvideo_kernel.ops").video_sparse_attn

    def attention(self, case):
        only_llsa(case)
        torch, tokens = self.torch, case.shape[2]
        if tokens > 262144:
            raise Unsupported("its map of blocks grows with the square of the tokens")
        sizes = torch.full((tokens // 64,), 64, dtype=torch.int32, device="cuda")
        return lambda *inputs: self.attend(*inputs, sizes, sizes, 8, (4, 4, 4))

    def prepare(self, case, sets):
        call = self.attention(case)
        return Prepared([lambda i=inputs: call(*i) for inputs in sets])


class SLA(Engine):
    """Sparse-linear attention (thu-ml/SLA, Triton): 8 blocks of 64."""

    name = "sla"

    def __init__(self, torch, options):
        add_path(options.sla)
        self.torch = torch
        self.module = importlib.import_module("sparse_linear_attention").SparseLinearAttention

    def attention(self, case):
        only_llsa(case)
        tokens, dim = case.shape[2:]
        if tokens > 262144:
            raise Unsupported("its map of blocks grows with the square of the tokens")
        return self.module(dim, topk=8.01 / (tokens // 64)).cuda().requires_grad_(False)

    def prepare(self, case, sets):
        call = self.attention(case)
        return Prepared([lambda i=inputs: call(*i) for inputs in sets])


class PrototypeArgs(ctypes.Structure):
    """`Args` of the prototype's proto.cu."""

    TENSORS = ("q", "k", "v", "q1", "k1", "v1", "q2", "k2", "v2", "idx1", "idx2", "o", "lse", "ul", "uc", "ur")
    _fields_ = [(name, ctypes.c_void_p) for name in TENSORS] + [("BH", ctypes.c_int), ("N", ctypes.c_int)]


class Prototype(Engine):
    """The hand-written kernels (libproto.so): two levels, block 16, 8 kept."""

    name = "prototype"
    has_levels = True

    def __init__(self, torch, options):
        if not options.prototype:
            raise Unsupported("no --prototype=PATH")
        self.torch, self.library = torch, ctypes.CDLL(options.prototype)
        self.backward = options.prototype_backward
        self.library.var_name.restype = ctypes.c_char_p
        pointer, number = ctypes.c_void_p, ctypes.c_int
        self.library.run_pool.argtypes = [number, pointer, pointer]
        self.library.run_select.argtypes = [number, number, pointer, pointer, number]
        self.library.run_attend.argtypes = [number, pointer, pointer, number]

    def versions(self, dim):
        """Attend kernels that compute all of it. The "frozen" ones take the
        maximum of the first keys for all, which overflows on some inputs; they
        are the ones that the targets were measured with."""
        names = {i: self.library.var_name(i).decode() for i in range(self.library.n_var())
                 if self.library.var_d(i) == dim}
        return {i: name for i, name in names.items() if "only" not in name}

    def prepare(self, case, sets):
        torch, (batch, heads, tokens, dim) = self.torch, case.shape
        if case.levels != 2 or dim not in (64, 128) or tokens & (tokens - 1) or "dtype=bf16" not in case.spec:
            raise Unsupported("two levels, bf16, D of 64 or 128, a power of two of tokens")
        bh, arguments = batch * heads, []

        def empty(dtype, *shape):
            return torch.empty(shape, dtype=dtype, device="cuda")

        for q, k, v in sets:
            memory = {"q": q, "k": k, "v": v}
            for level, count in ((1, tokens // 16), (2, tokens // 256)):
                for name in "qkv":
                    memory[f"{name}{level}"] = empty(torch.bfloat16, bh, count, dim)
                memory[f"idx{level}"] = empty(torch.int32, batch, heads, count, 8)
            memory["o"], memory["lse"] = torch.empty_like(q), empty(torch.float32, bh, tokens)
            memory["ul"] = empty(torch.int32, bh * tokens // 256 * 128)
            memory["uc"] = empty(torch.int32, bh * tokens // 256)
            memory["ur"] = empty(torch.uint8, bh * tokens // 16 * 8)
            args = PrototypeArgs(BH=bh, N=tokens, **{n: memory[n].data_ptr() for n in PrototypeArgs.TENSORS})
            arguments.append((args, memory))

        def check(code, what):
            if code:
                raise RuntimeError(f"{what}: CUDA error {code}")

        def calls(rows, attend):
            def call(args, memory):
                stream = torch.cuda.current_stream().cuda_stream
                check(self.library.run_pool(dim, ctypes.byref(args), stream), "pool")
                check(self.library.run_select(dim, rows, ctypes.byref(args), stream, 0), "select")
                check(self.library.run_attend(attend, ctypes.byref(args), stream, 0), "attend")

            return [lambda pair=pair: call(*pair) for pair in arguments]

        versions = {f"{name}, select {rows}": calls(rows, number)
                    for number, name in self.versions(dim).items() for rows in (16, 8)}
        first = next(iter(versions.values()))
        first[0]()
        torch.cuda.synchronize()
        memory = arguments[0][1]
        prepared = Prepared(first, memory["o"], [memory["idx1"], memory["idx2"]], versions)
        prepared.memory = [memory for _, memory in arguments]  # of every set, for the backward
        return prepared


ENGINES = [Ours, Prototype, Authors, SDPAFlash, SDPACudnn, VSA, SLA, Flex]
