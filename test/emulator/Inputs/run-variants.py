"""Runs every variant of a folder on the emulator, for one target, and checks it.

    run-variants.py LLSA-RUN FOLDER TARGET

Per variant and element type one line: correct, or what llsa-run said. The sizes
leave no dimension full: odd numbers of tokens, more than one level, heads that
share keys.

In float32, tensor cores truncate where the plain evaluation rounds, which is
more than --check allows: up to FACTOR times that is "truncated".
"""

import json
import pathlib
import re
import subprocess
import sys

SPECS = {
    "bf16": "B=1,H=2,Hkv=1,N=333,D=64",
    "f16": "B=1,H=1,N=411,D=40",
    "f32": "B=2,H=1,N=149,D=16",
}
FACTOR = 3
# Each warp's tiles of a window must fit into shared memory.
SIZES = {"window.mlir": {"D": 16}}
HIERARCHY = ",levels=2,block=8,topk=3"


def run(tool, variant, target, dtype):
    spec = SPECS[dtype]
    for name, size in SIZES.get(variant.name, {}).items():
        spec = re.sub(rf"\b{name}=\d+", f"{name}={size}", spec)
    if "levels = ?" in variant.read_text():
        spec += HIERARCHY
    return subprocess.run(
        [
            tool,
            str(variant),
            f"--spec={spec},dtype={dtype}",
            f"--device=emulator:{target}",
            "--check",
            "--samples=64",
            "--json",
            "--threads=1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def verdict(result, dtype):
    """One word, or None."""
    lines = result.stdout.splitlines()
    if not lines or not lines[-1].startswith("{"):
        return None
    report = json.loads(lines[-1])
    if report["correct"]:
        return "correct"
    near = report["error"] <= FACTOR * report["allowed_error"]
    if dtype == "f32" and near and not report["index_mismatches"]:
        return "truncated"
    return None


def main():
    tool, folder, target = sys.argv[1:]
    failed = 0
    for variant in sorted(pathlib.Path(folder).glob("*.mlir")):
        for dtype in SPECS:
            result = run(tool, variant, target, dtype)
            word = verdict(result, dtype)
            failed += word is None
            print(variant.name, dtype, word or result.stdout + result.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
