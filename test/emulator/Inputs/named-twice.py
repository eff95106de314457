"""Inputs of named-twice.mlir and copies-over-parts.mlir: index rows of which
some entries name a block that another one names, and the last one names none.

    named-twice.py FOLDER TOKENS ENTRIES
"""

import pathlib
import random
import sys

import npy  # of test/tools/Inputs

DEPTH, BLOCK = 32, 16


def main(folder, tokens, entries):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(3)
    for name in "qkv":
        values = [source.gauss(0, 1) for _ in range(tokens * DEPTH)]
        npy.save(folder / f"{name}.npy", "f2", (1, 1, tokens, DEPTH), values)
    blocks = tokens // BLOCK
    rows = []
    for _ in range(blocks):
        named = source.sample(range(blocks), entries - 3)
        rows += named + [named[0], source.randrange(blocks), -1]
    npy.save(folder / "i.npy", "i4", (1, 1, blocks, entries), rows)


main(sys.argv[1], *map(int, sys.argv[2:]))
