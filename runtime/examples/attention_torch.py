"""Hierarchical sparse attention on PyTorch tensors, on a GPU when there is one.

    attention_torch.py VARIANT.mlir [cuda|cpu]
"""

import os
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import llsa  # noqa: E402

B, H, N, D = 1, 4, 4096, 64


def main():
    device = sys.argv[2] if len(sys.argv) > 2 else "cuda" if torch.cuda.is_available() else "cpu"
    dtype, name = (torch.bfloat16, "bf16") if device == "cuda" else (torch.float32, "f32")
    attend = llsa.Context(device).kernel(sys.argv[1], f"B={B},H={H},N={N},D={D},dtype={name}")

    # Strides are free: q, k and v may be views of one projection.
    qkv = torch.randn(B, N, 3, H, D, dtype=dtype, device=device)
    q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))
    o = torch.empty(B, H, N, D, dtype=dtype, device=device)
    lse = torch.empty(B, H, N, dtype=torch.float32, device=device)
    attend([q, k, v], [o, lse])  # on PyTorch's current stream
    full = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    print(f"{attend.target}: mean |o| {o.abs().mean():.4f}, of full attention {full.abs().mean():.4f}")

    # As a function that autograd and torch.compile go through.
    leaves = [x.detach().requires_grad_() for x in (q, k, v)]
    again = llsa.attention(sys.argv[1], *leaves)
    again.float().square().mean().backward()
    print(f"as a function: o differs by {(again - o).abs().max():.0e}; mean |dq| {leaves[0].grad.abs().mean():.1e}")

    if device == "cuda":
        # The stream has its workspace from the call above, so it can be captured.
        stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        with torch.cuda.stream(stream):
            attend([q, k, v], [o, lse])
        stream.synchronize()
        expected = o.clone()
        with torch.cuda.graph(graph, stream=stream):
            attend([q, k, v], [o, lse])
        o.zero_()
        graph.replay()
        torch.cuda.synchronize()
        print("a replayed graph gives the same:", torch.equal(o, expected))


if __name__ == "__main__":
    main()
