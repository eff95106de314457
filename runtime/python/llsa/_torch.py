"""Kernels as functions that PyTorch's autograd and torch.compile go through.
Imported with PyTorch, or at the first call that needs it.

autograd sees a Function of two kernels, the forward that keeps what its
backward needs and that backward. To torch.compile a launch is an operator,
llsa::run, which names its kernel by text alone, so that a compiled graph can
outlive the process (_Recipe).

Tested with PyTorch 2.11 and 2.15. 2.4 does, too, except torch.compile of shapes
that change.
"""

from typing import NamedTuple

import torch
from torch.autograd import forward_ad

from ._capi import Context, Variant, _paths, _source
from ._tensors import LLSAError

_PLAIN = torch.Tensor, torch.nn.Parameter
_NOT_OPTIONS = {"lse": "return_lse says whether lse is wanted", "dlse": "return_lse says whether lse is wanted",
                "pass": "requires_grad says what is wanted", "indices": "Context.kernel has them"}
_DTYPES = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}


class _Recipe(NamedTuple):
    """How a kernel is found."""

    context: str  # Context.name
    variant: str
    spec: str
    device_functions: tuple

    def kernel(self):
        return Context.named(self.context).kernel(self.variant, self.spec, self.device_functions)


# ----------------------------------------------------------------------------
# A launch
# ----------------------------------------------------------------------------


def _results_of(kernel, device):
    return [torch.empty(info.shape, dtype=getattr(torch, info.dtype), device=device) for info in kernel.outputs]


def _bare(tensor):
    """The same without a gradient, with its signs in memory and a contiguous last
    dimension: that of a sum's gradient, for example, has stride 0."""
    tensor = tensor.detach() if tensor.requires_grad else tensor
    tensor = tensor.resolve_neg() if tensor.is_neg() else tensor
    return tensor if tensor.dim() == 0 or tensor.stride(-1) == 1 else tensor.contiguous()


def _launch(inputs, *recipe):
    kernel = _Recipe(*recipe).kernel()
    results, workspace = _results_of(kernel, inputs[0].device), None
    if kernel.device[0] == "cuda" and torch.cuda.is_current_stream_capturing():
        # A graph's memory is PyTorch's; the library's own belongs to a stream.
        workspace = torch.empty(kernel.workspace_bytes, dtype=torch.int8, device=inputs[0].device)
    kernel([_bare(tensor) for tensor in inputs], results, workspace)
    return results


_library = torch.library.Library("llsa", "DEF")
_library.define("run(Tensor[] inputs, str context, str variant, str spec, str[] device_functions) -> Tensor[]",
                tags=(torch.Tag.pt2_compliant_tag, torch.Tag.needs_fixed_stride_order))
_library.impl("run", _launch, "CompositeExplicitAutograd")
torch.library.register_fake("llsa::run", lambda inputs, *recipe: _results_of(_Recipe(*recipe).kernel(),
                                                                             inputs[0].device), lib=_library)


def _run(inputs, recipe):
    # The operator takes longer, but can do without values (torch.compile, meta),
    # and dispatch modes see it (make_fx, selective checkpoints).
    if (torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() > 0
            or any(type(tensor) not in _PLAIN or tensor.is_meta for tensor in inputs)):
        return torch.ops.llsa.run(inputs, *recipe[:3], list(recipe.device_functions))
    return _launch(inputs, *recipe)


@torch.compiler.assume_constant_result
def _names(*recipe):
    """The names of what a kernel takes and gives."""
    kernel = _Recipe(*recipe).kernel()
    return tuple(info.name for info in kernel.inputs), tuple(info.name for info in kernel.outputs)


# ----------------------------------------------------------------------------
# autograd
# ----------------------------------------------------------------------------


def _check_gradient(name, gradient, result):
    for what, expected, got in (("shape", list(result.shape), list(gradient.shape)),
                                ("elements of", result.dtype, gradient.dtype),
                                ("a tensor on", result.device, gradient.device)):
        if expected != got:
            raise LLSAError(f"gradient of '{name}': expected {what} {expected}, got {got}")


class _Once(torch.autograd.Function):
    """A gradient that cannot be derived again: who tries is told so."""

    @staticmethod
    def forward(ctx, gradient, *inputs):
        return gradient.detach()

    @staticmethod
    def backward(ctx, *gradients):
        raise LLSAError("attention: the derivative of its backward is not implemented (create_graph=True)")


class _Attention(torch.autograd.Function):
    """`names`: what _names says of `keep` and of `backward`."""

    @staticmethod
    def forward(ctx, keep, backward, names, num_results, *inputs):
        outputs = _run(inputs, keep)
        ctx.recipe, ctx.names, ctx.num_results = backward, names, num_results
        ctx.save_for_backward(*inputs, *outputs)
        if not torch.compiler.is_compiling():
            ctx.context = Context.named(keep.context)  # lives as long, with the backward
        return tuple(outputs[:num_results])

    @staticmethod
    def backward(ctx, *gradients):
        saved = ctx.saved_tensors  # once: torch.utils.checkpoint computes them when it is asked
        with torch.no_grad():
            made = _Attention.gradients(ctx, saved, gradients)
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():  # create_graph=True
            inputs = saved[: len(made)]
            made = [gradient if gradient is None else _Once.apply(gradient, *inputs) for gradient in made]
        return None, None, None, None, *made

    @staticmethod
    def gradients(ctx, saved, gradients):
        """Of the inputs; None where none is wanted."""
        (inputs, outputs), (takes, gives) = ctx.names
        known = dict(zip((*inputs, *outputs), saved))
        for name, gradient in zip(outputs[: ctx.num_results], gradients):
            _check_gradient(name, gradient, known[name])
            known["d" + name] = gradient
        made = dict(zip(gives, _run([known[name] for name in takes], ctx.recipe)))
        return [made.get("d" + name) if wanted else None for name, wanted in zip(inputs, ctx.needs_input_grad[4:])]


# ----------------------------------------------------------------------------
# Context.attention
# ----------------------------------------------------------------------------


def _spec(q, k, options):
    """The spec's text for tensors of these shapes."""
    for name, tensor in (("q", q), ("k", k)):
        if tensor.dim() != 4:
            raise LLSAError(f"{name}: expected a tensor [batch, heads, tokens, dim], got shape {list(tensor.shape)}")
    if q.dtype not in _DTYPES:
        raise LLSAError(f"q: expected elements of float32, bfloat16 or float16, got {q.dtype}")
    (batch, heads, queries, dim), (_, key_heads, keys, _) = ([int(size) for size in x.shape] for x in (q, k))
    items = {"B": batch, "H": heads, "Hkv": key_heads, "M": queries, "N": keys, "D": dim, "dtype": _DTYPES[q.dtype]}
    for name, value in options.items():
        if name in items:
            raise LLSAError(f"{name}: expected no such option, it is that of the tensors")
        if name in _NOT_OPTIONS:
            raise LLSAError(f"{name}: expected no such option, {_NOT_OPTIONS[name]}")
        if isinstance(value, str) and ("," in value or "=" in value):
            raise LLSAError(f"{name}: expected one value, got {value!r}")
        value = int(value) if isinstance(value, bool) else value
        items[name] = ":".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    return ",".join(f"{name}={value}" for name, value in items.items())


def _cast(tensors):
    """As torch.autocast wants q, k and v."""
    kind = tensors[0].device.type
    if kind not in ("cpu", "cuda") or not torch.is_autocast_enabled(kind):
        return tensors
    dtype = torch.get_autocast_dtype(kind)
    return [tensor.to(dtype) if tensor.dtype in _DTYPES else tensor for tensor in tensors]


def _check(inputs):
    for i, tensor in enumerate(inputs):
        name = ("q", "k", "v")[i] if i < 3 else f"argument {i + 1}"
        if not isinstance(tensor, torch.Tensor):
            raise LLSAError(f"{name}: expected a tensor of PyTorch, got {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.is_nested:
            raise LLSAError(f"{name}: expected a dense tensor, got "
                            f"{'a nested one' if tensor.is_nested else f'the layout {tensor.layout}'}")
        if tensor.device != inputs[0].device:
            raise LLSAError(f"{name}: expected a tensor on {inputs[0].device}, where q is, got one on {tensor.device}")


def _check_transforms(inputs):
    """Those that would get wrong results, or a message that does not help."""
    if torch.jit.is_tracing():
        raise LLSAError("attention: expected no torch.jit.trace around it; torch.export and torch.compile take it")
    if torch._C._functorch.peek_interpreter_stack() is not None:
        raise LLSAError("attention: expected no transform of torch.func around it (vmap, grad, jvp); "
                        "a batch can be a part of B, gradients are autograd's")
    if forward_ad._current_level >= 0 and any(forward_ad.unpack_dual(x).tangent is not None for x in inputs):
        raise LLSAError("attention: the forward-mode derivative is not implemented")


def name_of_default(q):
    """Of the context that llsa.attention takes for q: as Context(device) has."""
    _check([q])
    target = f"{q.device.type}:{q.device.index}" if q.is_cuda else "cpu"
    return f'["{target}", null, 0, null]'


def attention(context, variant, inputs, return_lse, device_functions, options):
    """What Context.attention says, of the context of this name."""
    if isinstance(variant, Variant):
        variant, device_functions = variant.source, variant.device_functions
    _check(inputs)
    if not torch.compiler.is_compiling():
        _check_transforms(inputs)
    inputs = [*_cast(inputs[:3]), *inputs[3:]]
    spec = _spec(inputs[0], inputs[1], options) + ("" if return_lse else ",lse=0")
    variant, paths = _source(variant), _paths(device_functions)

    def recipe(more=""):
        return _Recipe(context, variant, spec + more, paths)

    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        more = ",dlse=1" if return_lse else ""
        keep, backward = recipe(f"{more},pass=keep"), recipe(f"{more},pass=backward")
        names = _names(*keep), _names(*backward)
        (takes, gives), (needs, _) = names
        if others := [name for name in needs if name not in ("do", "dlse", *takes, *gives)]:
            raise LLSAError(f"attention: expected a variant whose float results are o and lse, got one whose backward "
                            f"takes {', '.join(others)}")
        results = _Attention.apply(keep, backward, names, 2 if return_lse else 1, *inputs)
    else:
        results = _run(inputs, recipe())
    return (results[0], results[1]) if return_lse else results[0]
