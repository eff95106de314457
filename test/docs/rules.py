"""Compares the numbered constraints of the dialects with their negative tests.

    rules.py DIALECT_FOLDER TEST_FOLDER

Every "(Cn)" in the description of an op or attribute wants a test function
whose name begins with mnemonic_cn, and every such name a constraint.
"""

import re
import sys
from pathlib import Path

MNEMONIC = re.compile(r'^def \w+ : \w+<(?:\w+, )?"(\w+)"', re.MULTILINE)
CONSTRAINT = re.compile(r"^\s*\* \(C(\d+)\)", re.MULTILINE)
CASE = re.compile(r'@(\w+?)_c(\d+)_|sym_name = "(\w+?)_c(\d+)_')


def constraints(folder):
    """All mnemonic_cn of a dialect's .td files."""
    found = set()
    for path in sorted(folder.glob("*.td")):
        text = path.read_text()
        starts = list(MNEMONIC.finditer(text))
        for match, following in zip(starts, starts[1:] + [None]):
            body = text[match.end() : following.start() if following else len(text)]
            name = match[1].lower()
            found |= {f"{name}_c{number}" for number in CONSTRAINT.findall(body)}
    return found


def cases(folder):
    """All mnemonic_cn of the negative tests."""
    found = set()
    for path in sorted(folder.glob("invalid*.mlir")):
        for match in CASE.finditer(path.read_text()):
            name, number = (match[1], match[2]) if match[1] else (match[3], match[4])
            found.add(f"{name}_c{number}")
    return found


def main():
    wanted, tested = constraints(Path(sys.argv[1])), cases(Path(sys.argv[2]))
    for label in sorted(wanted - tested):
        print(f"{label}: has no negative test")
    for label in sorted(tested - wanted):
        print(f"{label}: is tested, but no description states it")
    print(f"{len(wanted)} constraints, {len(wanted ^ tested)} mismatches")
    return 1 if wanted ^ tested or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
