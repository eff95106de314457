#!/usr/bin/env python3
"""LLSA beside PyTorch's scaled_dot_product_attention on this CPU, in one process.

    build/venv/bin/python tools/bench/peers.py [--tokens 16384 65536] [--repeat 5]

For each number of tokens (one head of 64, float32): full attention by PyTorch,
full attention and LLSA by this compiler, medians, ratios, and the part of the
machine's multiply-add peak that the attend kernel reaches. PyTorch runs once
where it takes more than ten seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))


def median_ms(run, repeat, budget_s=10.0):
    run()  # warm up
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
        if sum(times) > budget_s * 1e3:
            break
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[4096, 16384, 65536])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--library", help="libllsa.so")
    parser.add_argument("--llsa-bench", default=os.path.join(ROOT, "build", "bin", "llsa-bench"))
    parser.add_argument("--json", action="store_true", help="one JSON object per line, no table")
    options = parser.parse_args()

    try:
        import torch
    except ImportError:
        sys.exit("peers.py needs PyTorch (`tools/dev bench` installs it into build/venv)")
    import llsa

    torch.set_num_threads(options.threads)
    context = llsa.Context(threads=options.threads, library=options.library)
    rows = []
    for tokens in options.tokens:
        generator = torch.Generator().manual_seed(0)
        q, k, v = (torch.randn(1, 1, tokens, 64, generator=generator) for _ in range(3))
        o, lse = torch.empty_like(q), torch.empty(1, 1, tokens)
        spec = f"B=1,H=1,N={tokens},D=64,dtype=f32"
        row = {"tokens": tokens}
        for name, variant in (("llsa", "llsa.mlir"), ("llsa dense", "dense.mlir")):
            kernel = context.kernel(os.path.join(ROOT, "kernels", "variants", variant), spec)
            print(f"  {name}, {tokens} tokens", file=sys.stderr)
            row[name] = median_ms(lambda: kernel([q, k, v], [o, lse]), options.repeat)
        print(f"  torch, {tokens} tokens", file=sys.stderr)
        start = time.perf_counter()
        expected = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        once = (time.perf_counter() - start) * 1e3
        sdpa = lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)
        row["torch sdpa"] = once if once > 5e3 else median_ms(sdpa, options.repeat)
        # The last kernel that ran was dense: the same function as SDPA.
        row["dense error"] = (o - expected).abs().max().item()
        rows.append(row)
        if options.json:
            print(json.dumps(row))
    if not options.json:
        print(f"\ntorch {torch.__version__}, {options.threads} threads, 1 head of 64, float32, milliseconds (median)")
        print(f"{'tokens':>8} {'torch sdpa':>11} {'llsa dense':>11} {'llsa':>9} {'sdpa/llsa':>10} {'sdpa/dense':>11}")
        for row in rows:
            print(f"{row['tokens']:>8} {row['torch sdpa']:>11.1f} {row['llsa dense']:>11.1f} {row['llsa']:>9.2f} "
                  f"{row['torch sdpa'] / row['llsa']:>9.1f}x {row['torch sdpa'] / row['llsa dense']:>10.2f}x")
    if os.path.exists(options.llsa_bench):
        sys.stdout.flush()
        subprocess.run([options.llsa_bench, "--threads", str(options.threads)], check=True)


if __name__ == "__main__":
    main()
