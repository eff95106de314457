"""Inputs of named-twice.mlir: 256 tokens, index rows of 8 entries, of which one
or two name a block that another one names, and the last one names none.

    named-twice.py FOLDER
"""

import pathlib
import random
import sys

import npy  # of test/tools/Inputs

TOKENS, DEPTH, BLOCK, ENTRIES = 256, 32, 16, 8


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(3)
    for name in "qkv":
        values = [source.gauss(0, 1) for _ in range(TOKENS * DEPTH)]
        npy.save(folder / f"{name}.npy", "f2", (1, 1, TOKENS, DEPTH), values)
    blocks = TOKENS // BLOCK
    rows = []
    for _ in range(blocks):
        named = source.sample(range(blocks), 5)
        rows += named + [named[0], source.randrange(blocks), -1]
    npy.save(folder / "i.npy", "i4", (1, 1, blocks, ENTRIES), rows)


main(*sys.argv[1:])
