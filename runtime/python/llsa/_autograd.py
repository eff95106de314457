"""Kernels as functions that PyTorch's autograd can go through. Imported at the
first call that needs it, since it imports PyTorch."""

import torch
from torch.autograd.function import once_differentiable

from ._capi import LLSAError

_DTYPES = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}


def _spec(q, k, options):
    """The spec's text for tensors of these shapes."""
    for name, tensor in (("q", q), ("k", k)):
        if tensor.dim() != 4:
            raise LLSAError(f"{name}: expected a tensor [batch, heads, tokens, dim], got shape {list(tensor.shape)}")
    if q.dtype not in _DTYPES:
        raise LLSAError(f"q: expected elements of float32, bfloat16 or float16, got {q.dtype}")
    (batch, heads, queries, dim), (_, key_heads, keys, _) = q.shape, k.shape
    items = {"B": batch, "H": heads, "Hkv": key_heads, "M": queries, "N": keys, "D": dim, "dtype": _DTYPES[q.dtype]}
    for name, value in options.items():
        items[name] = ":".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    return ",".join(f"{name}={value}" for name, value in items.items())


def _empty(infos, device):
    return [torch.empty(info.shape, dtype=getattr(torch, info.dtype), device=device) for info in infos]


def _checked(name, gradient, result):
    """The gradient of a result as the backward takes it."""
    for what, expected, got in (("shape", list(result.shape), list(gradient.shape)),
                                ("elements of", result.dtype, gradient.dtype),
                                ("a tensor on", result.device, gradient.device)):
        if expected != got:
            raise LLSAError(f"gradient of '{name}': expected {what} {expected}, got {got}")
    # Of a sum, for example: one element, seen everywhere.
    return gradient if gradient.stride(-1) == 1 else gradient.contiguous()


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, keep, backward, num_results, *inputs):
        tensors = [tensor.detach() for tensor in inputs]
        outputs = _empty(keep.outputs, inputs[0].device)
        keep(tensors, outputs)
        ctx.keep, ctx.backward_kernel, ctx.num_results = keep, backward, num_results
        ctx.save_for_backward(*inputs, *outputs)
        return tuple(outputs[:num_results])

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients):
        keep, kernel = ctx.keep, ctx.backward_kernel
        infos = (*keep.inputs, *keep.outputs)
        known = {info.name: tensor.detach() for info, tensor in zip(infos, ctx.saved_tensors)}
        for info, gradient in zip(keep.outputs[: ctx.num_results], gradients):
            known["d" + info.name] = _checked(info.name, gradient, known[info.name])
        made = _empty(kernel.outputs, ctx.saved_tensors[0].device)
        kernel([known[info.name] for info in kernel.inputs], made)
        by_name = {info.name: tensor for info, tensor in zip(kernel.outputs, made)}
        wanted = ctx.needs_input_grad[3:]
        return (None, None, None, *(by_name.get("d" + info.name) if want else None
                                    for info, want in zip(keep.inputs, wanted)))


def attention(context, variant, inputs, return_lse, device_functions, options):
    """What Context.attention says."""
    options = {**options, **({} if return_lse else {"lse": 0})}
    spec = _spec(inputs[0], inputs[1], options)

    def kernel(more=""):
        return context.kernel(variant, spec + more, device_functions)

    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        more = ",dlse=1" if return_lse else ""
        keep, backward = (kernel(f"{more},pass={name}") for name in ("keep", "backward"))
        known = {"do", "dlse", *(info.name for info in (*keep.inputs, *keep.outputs))}
        if others := [info.name for info in backward.inputs if info.name not in known]:
            raise LLSAError(f"attention: expected a variant whose float results are o and lse, got one whose backward "
                            f"takes {', '.join(others)}")
        results = _Attention.apply(keep, backward, 2 if return_lse else 1, *inputs)
    else:
        forward = kernel()
        results = _empty(forward.outputs, inputs[0].device)
        forward([tensor.detach() for tensor in inputs], results)
    return (results[0], results[1]) if return_lse else results[0]
