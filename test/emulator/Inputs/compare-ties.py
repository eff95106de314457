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

HEADS, DEPTH = 2, 16
# Tokens, levels, and lengths of lists: all candidates at once; in several steps,
# the last one short; a coarser selection's in several steps.
CASES = [
    (1000, 2, ("1", "3", "8", "20", "1:8", "3:8")),
    (2100, 1, ("1", "3", "8")),
    (2100, 2, ("8:30",)),
]
# The greatest number: most scores are equal, some, few; and special ones.
KINDS = {"equal": 1, "few": 2, "some": 8, "many": 64, "special": 8}


def write(path, values):
    tokens = len(values) // (HEADS * DEPTH)
    npy.save(path, "f2", (1, HEADS, tokens, DEPTH), values)


def keys(kind, tokens, chance):
    if kind == "equal":
        return [1.0] * (HEADS * tokens * DEPTH)
    values = [chance() for _ in range(HEADS * tokens * DEPTH)]
    if kind == "special":
        for token in range(100, 108):
            values[token * DEPTH + 3] = math.inf
        for token in range(500, 532):
            values[token * DEPTH + 5] = -math.inf
        for token in range(tokens + 64, tokens + 72):
            values[token * DEPTH + 2] = math.nan
        for token in range(tokens + 800, tokens + 900):
            values[token * DEPTH : (token + 1) * DEPTH] = [-0.0] * DEPTH
    return values


def selections(tool, variants, device, tokens, levels, topk, folder):
    out = folder / device.replace(":", "-")
    subprocess.run(
        [
            tool,
            pathlib.Path(variants) / "topk.mlir",
            f"--spec=B=1,H={HEADS},N={tokens},D={DEPTH},dtype=f16,block=8,"
            f"levels={levels},topk={topk}",
            f"--device={device}",
            f"--input=npy:{folder}",
            f"--output=npy:{out}",
            "--repeat=1",
        ],
        capture_output=True,
        check=True,
    )
    return [(out / f"i{level}.npy").read_bytes() for level in range(1, levels + 1)]


def compare(tool, variants, target, kind, tokens, levels, lengths):
    source = random.Random(1)
    chance = lambda: float(source.randint(-KINDS[kind], KINDS[kind]))
    some = lambda: [chance() for _ in range(HEADS * tokens * DEPTH)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder / "q.npy", some())
        write(folder / "k.npy", keys(kind, tokens, chance))
        write(folder / "v.npy", some())
        for topk in lengths:
            cpu, gpu = (
                selections(tool, variants, device, tokens, levels, topk, folder)
                for device in ("cpu", f"emulator:{target}")
            )
            print(kind, topk, "same" if cpu == gpu else "different")


def main(tool, variants, target):
    for kind in KINDS:
        for case in CASES:
            compare(tool, variants, target, kind, *case)


main(*sys.argv[1:])
