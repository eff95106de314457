#!/usr/bin/env python3
"""This compiler's kernels beside their peers, in one process.

On a CPU: full attention and LLSA by this compiler, and PyTorch's SDPA.

    build/venv/bin/python tools/bench/peers.py [--tokens 16384 65536]

On a GPU (docs/howto/benchmark.md): the cases of a suite by this compiler, by
PyTorch's SDPA and FlexAttention, and by those of these whose paths are given.

    python3 tools/bench/peers.py --prototype=libproto.so --llsa-authors=LLSA \\
        --vsa=fastvideo-kernel/python --sla=SLA --output=peers.jsonl

With --grad forward and backward (and --prototype-backward=libbwd.so).
"""

import argparse
import os
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", help="cpu, cuda or cuda:NUMBER; default: cuda where PyTorch finds a GPU")
    parser.add_argument("--library", help="libllsa.so")
    parser.add_argument("--variants", default=os.path.join(ROOT, "kernels", "variants"))
    parser.add_argument("--llsa-bench", default=os.path.join(ROOT, "build", "bin", "llsa-bench"),
                        help="run afterwards on a CPU, where it exists")
    cpu = parser.add_argument_group("on a CPU")
    cpu.add_argument("--tokens", type=int, nargs="+", default=[4096, 16384, 65536])
    cpu.add_argument("--repeat", type=int, default=7)
    cpu.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    cpu.add_argument("--json", action="store_true", help="one JSON object per line, no table")
    gpu = parser.add_argument_group("on a GPU")
    gpu.add_argument("--grad", action="store_true", help="forward and backward, and the backward alone")
    gpu.add_argument("--suite", help="default: tools/llsa-bench/suites/gpu-forward.json, with --grad gpu-grad.json")
    gpu.add_argument("--only", action="append", default=[], help="cases with this in their name; may be repeated")
    gpu.add_argument("--inputs", nargs="+", default=["random", "structured"], choices=["random", "structured"])
    gpu.add_argument("--engines", nargs="+", help="llsa, prototype, llsa-authors, sdpa-flash, sdpa-cudnn, vsa, sla, "
                     "flex-512; default: all that are there")
    gpu.add_argument("--sets", type=int, default=3, help="input sets that take turns")
    gpu.add_argument("--rounds", type=int, default=1, help="rounds in which the engines take turns; the median counts. "
                     "For ratios closer than 5%% take 5 or more")
    gpu.add_argument("--rest", type=float, default=0.3, help="seconds without work before each measurement (0.3), so "
                     "that no engine's clocks are lowered for the power that another took; 0: as under lasting load")
    gpu.add_argument("--checked", type=int, default=32, help="queries per head compared with float64; 0: none")
    gpu.add_argument("--budget", type=float, default=150, help="seconds after which only llsa and prototype go on")
    gpu.add_argument("--cache-dir", default="off", help="this compiler's cache of kernels")
    gpu.add_argument("--output", help="append one JSON object per measurement to this file")
    gpu.add_argument("--plot", help="write time and speed-up against tokens to this SVG file")
    gpu.add_argument("--strict", action="store_true", help="status 1 where a target that is no mere aim is missed")
    gpu.add_argument("--prototype", help="libproto.so, the hand-written kernels")
    gpu.add_argument("--prototype-backward", help="libbwd.so, likewise (with --grad)")
    gpu.add_argument("--llsa-authors", dest="authors", help="a checkout of SingleZombie/LLSA")
    gpu.add_argument("--vsa", help="fastvideo-kernel/python of a checkout of hao-ai-lab/FastVideo")
    gpu.add_argument("--sla", help="a checkout of thu-ml/SLA")
    options = parser.parse_args(arguments)
    if options.rest < 0:
        parser.error(f"--rest={options.rest:g}: expected 0 or more")
    if options.rounds < 1:
        parser.error(f"--rounds={options.rounds}: expected 1 or more")
    options.suite = options.suite or os.path.join(ROOT, "tools", "llsa-bench", "suites",
                                                  "gpu-grad.json" if options.grad else "gpu-forward.json")
    return options


def main():
    options = parse(None)
    try:
        import torch
    except ImportError:
        sys.exit("peers.py needs PyTorch (`tools/dev bench` installs it into build/venv)")
    if not options.device:
        options.device = "cuda" if torch.cuda.is_available() else "cpu"
    if options.device.startswith("cuda"):
        if not torch.cuda.is_available():
            sys.exit(f"--device={options.device}: PyTorch finds no GPU")
        from contest.gpu import race

        torch.cuda.set_device(options.device if ":" in options.device else "cuda:0")
    elif options.grad:
        sys.exit("peers.py: --grad needs a GPU; on a CPU llsa-bench --grad measures")
    else:
        from contest.cpu import race
    sys.exit(race(torch, options))


if __name__ == "__main__":
    main()
