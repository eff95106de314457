"""LLSA beside PyTorch's scaled_dot_product_attention on this CPU, in one
process: one head of 64, float32. PyTorch runs once where it takes seconds."""

import json
import os
import statistics
import subprocess
import sys
import time

LONG_MS = 5e3


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


def race(torch, options):
    import llsa

    torch.set_num_threads(options.threads)
    context = llsa.Context(threads=options.threads, library=options.library)
    sdpa = torch.nn.functional.scaled_dot_product_attention
    rows = []
    for tokens in options.tokens:
        generator = torch.Generator().manual_seed(0)
        q, k, v = (torch.randn(1, 1, tokens, 64, generator=generator) for _ in range(3))
        o, lse = torch.empty_like(q), torch.empty(1, 1, tokens)
        spec = f"B=1,H=1,N={tokens},D=64,dtype=f32"
        row = {"tokens": tokens}
        for name, variant in (("llsa", "llsa.mlir"), ("llsa dense", "dense.mlir")):
            kernel = context.kernel(os.path.join(options.variants, variant), spec)
            print(f"  {name}, {tokens} tokens", file=sys.stderr)
            row[name] = median_ms(lambda: kernel([q, k, v], [o, lse]), options.repeat)
        print(f"  torch, {tokens} tokens", file=sys.stderr)
        start = time.perf_counter()
        expected = sdpa(q, k, v)
        once = (time.perf_counter() - start) * 1e3
        row["torch sdpa"] = once if once > LONG_MS else median_ms(lambda: sdpa(q, k, v), options.repeat)
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
    return 0
