"""Selections among scores of which many are equal: the emulator against the CPU.

    compare-ties.py LLSA-RUN FOLDER TARGET

Queries and keys are small integers, so that all scores are exact on every
target, and most are equal to others. Then index rows are the same to the last
entry, order included: equal scores by the lower id. One line per kind of input.
"""

import math
import pathlib
import random
import subprocess
import sys
import tempfile

import npy  # of test/tools/Inputs

HEADS, TOKENS, DEPTH = 2, 1000, 16
SPEC = f"B=1,H={HEADS},N={TOKENS},D={DEPTH},dtype=f16,levels=2,block=8"
# The greatest number: most scores are equal, some, few; and special ones.
KINDS = {"equal": 1, "few": 2, "some": 8, "many": 64, "special": 8}


def write(path, values):
    npy.save(path, "f2", (1, HEADS, TOKENS, DEPTH), values)


def keys(kind, chance):
    if kind == "equal":
        return [1.0] * (HEADS * TOKENS * DEPTH)
    values = [chance() for _ in range(HEADS * TOKENS * DEPTH)]
    if kind == "special":
        for token in range(100, 108):
            values[token * DEPTH + 3] = math.inf
        for token in range(500, 532):
            values[token * DEPTH + 5] = -math.inf
        for token in range(TOKENS + 64, TOKENS + 72):
            values[token * DEPTH + 2] = math.nan
        for token in range(TOKENS + 800, TOKENS + 900):
            values[token * DEPTH : (token + 1) * DEPTH] = [-0.0] * DEPTH
    return values


def selections(tool, variants, device, topk, folder):
    out = folder / device.replace(":", "-")
    subprocess.run(
        [
            tool,
            pathlib.Path(variants) / "topk.mlir",
            f"--spec={SPEC},topk={topk}",
            f"--device={device}",
            f"--input=npy:{folder}",
            f"--output=npy:{out}",
            "--repeat=1",
        ],
        capture_output=True,
        check=True,
    )
    return [(out / f"i{level}.npy").read_bytes() for level in (1, 2)]


def main(tool, variants, target):
    source = random.Random(1)
    for kind, limit in KINDS.items():
        chance = lambda: float(source.randint(-limit, limit))
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write(folder / "q.npy", [chance() for _ in range(HEADS * TOKENS * DEPTH)])
            write(folder / "k.npy", keys(kind, chance))
            write(folder / "v.npy", [chance() for _ in range(HEADS * TOKENS * DEPTH)])
            for topk in ("1", "3", "8", "20", "1:8", "3:8"):
                cpu = selections(tool, variants, "cpu", topk, folder)
                gpu = selections(tool, variants, f"emulator:{target}", topk, folder)
                print(kind, topk, "same" if cpu == gpu else "different")


main(*sys.argv[1:])
