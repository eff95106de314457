#!/usr/bin/env python3
"""Registers and spills of every kernel that the shipped variants become.

    tools/bench/spills.py [VARIANT.mlir ...] [--targets sm_90a] [--passes backward]

Compiles and assembles each variant for each spec, target and pass: no GPU is
needed, but an assembler is (nvJitLink or ptxas; `tools/dev cuda` installs both).
A line of the table has the most registers that a kernel of the program takes,
and those kernels that keep values in memory: "attend 24" spills 24 bytes a
thread, "attend 24+8" has 8 bytes of stack besides. The status is 1 if one does,
or if something does not compile.
"""

import argparse
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
VARIANTS = os.path.join(ROOT, "kernels", "variants")
TARGETS = ["sm_80", "sm_89", "sm_90a", "sm_100a", "sm_120a"]
PASSES = ["forward", "keep", "backward"]
# The shapes that are measured (docs/performance.md), in fewer heads.
SPECS = ["B=1,H=4,N=65536,D=64,dtype=bf16", "B=1,H=4,N=65536,D=128,dtype=bf16"]

# A kernel's line of `llsac --explain`.
KERNEL = re.compile(r"^  (\S+) +(\d+) registers, (.*)$", re.MULTILINE)
SPILLS = re.compile(r"(\d+) bytes spilled")
STACK = re.compile(r"(\d+) bytes of stack")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT.mlir", help="default: all of kernels/variants")
    parser.add_argument("--targets", nargs="+", default=TARGETS, metavar="TARGET", help="default: all GPUs")
    parser.add_argument("--passes", nargs="+", default=PASSES, choices=PASSES, help="default: all")
    parser.add_argument("--specs", nargs="+", default=SPECS, metavar="SPEC",
                        help="default: 65,536 tokens in bf16, at a depth of 64 and of 128")
    parser.add_argument("--llsac", default=os.path.join(ROOT, "build", "bin", "llsac"))
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        help="how many programs are compiled at the same time")
    return parser.parse_args()


def explain(options, variant, spec, target, which):
    """What `llsac --explain` says of one program, or an error."""
    run = subprocess.run(
        [options.llsac, variant, f"--target={target}", f"--spec={spec},pass={which}", "--explain", "--threads=1"],
        capture_output=True, text=True)
    if run.returncode != 0:
        return None, (run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1]
    kernels = KERNEL.findall(run.stdout)
    if not kernels:
        return None, (re.findall(r"^assembled .*", run.stdout, re.MULTILINE) or ["no kernels"])[0]
    return kernels, None


def spilled(kernels):
    """The kernels that keep values in memory, as text."""
    found = []
    for name, _, rest in kernels:
        bytes_, stack = SPILLS.search(rest), STACK.search(rest)
        spills = int(bytes_[1]) if bytes_ else 0
        # Stack is all of it: spills, and arrays in memory.
        more = max(0, int(stack[1]) - spills) if stack else 0
        if spills or more:
            found.append(f"{name} {spills}" + (f"+{more}" if more else ""))
    return found


def main():
    options = parse()
    variants = options.variants or sorted(
        os.path.join(VARIANTS, file) for file in os.listdir(VARIANTS) if file.endswith(".mlir"))
    cases = list(itertools.product(options.specs, variants, options.targets, options.passes))
    print(f"{'variant':10} {'target':8} {'pass':9} {'kernels':>7} {'registers':>9}  spills (bytes a thread)")
    programs = bad = 0
    last = None
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda case: explain(options, case[1], case[0], *case[2:]), cases)
        for (spec, variant, target, which), (kernels, error) in zip(cases, results):
            if spec != last:
                print(f"{spec}:")
                last = spec
            programs += 1
            row = f"{os.path.splitext(os.path.basename(variant))[0]:10} {target:8} {which:9}"
            if error:
                bad += 1
                print(f"{row} {error}", flush=True)
                continue
            found = spilled(kernels)
            bad += bool(found)
            most = max(int(registers) for _, registers, _ in kernels)
            print(f"{row} {len(kernels):7} {most:9}  {', '.join(found) or '-'}", flush=True)
    print(f"{programs - bad} of {programs} programs without spills")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
