"""Hierarchical sparse attention, compiled for your shape.

    import llsa, torch
    attend = llsa.Context().kernel("kernels/variants/llsa.mlir", "B=1,H=8,N=65536,D=64,dtype=f32")
    o, lse = torch.empty_like(q), torch.empty(q.shape[:3])
    attend([q, k, v], [o, lse])

On a GPU: `llsa.Context("cuda")`, and tensors there; kernels run on PyTorch's
current stream and can be captured in its graphs.

With gradients, on PyTorch tensors:

    o = llsa.attention("kernels/variants/llsa.mlir", q, k, v, levels=2)
    o.square().sum().backward()

A thin layer over the C interface (runtime/capi/llsa.h) by ctypes. Tensors are
anything with `__dlpack__` (PyTorch, NumPy, JAX); no framework is imported but
PyTorch by `attention`.
"""

import sys

from ._capi import Context, Kernel, Launch, TensorInfo, Variant, library_path, version
from ._tensors import LLSAError

if "torch" in sys.modules:
    from . import _torch  # so that torch.export.load knows torch.ops.llsa.run


def attention(variant, q, k, v, *more, return_lse=False, device_functions=(), **options):
    """Context.attention where the tensors are: in a context of their device that
    is made with the defaults when it is first needed, and kept."""
    from ._torch import attention, name_of_default

    name = name_of_default(q)
    return attention(name, variant, (q, k, v, *more), return_lse, device_functions, options)


__all__ = ["attention", "Context", "Kernel", "Launch", "LLSAError", "TensorInfo", "Variant", "library_path", "version"]
