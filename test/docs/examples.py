"""Parses the MLIR examples of documentation with llsa-opt.

    examples.py LLSA_OPT PATH...

PATH is a file, or a folder whose .td and .md files are taken.
An example is what stands between ```mlir and ``` in a .td description or a
.md page. It is a whole module, a list of attributes (lines that begin with #),
the regions of an attend (score or mask), or a fragment of a function. A fragment's free values are defined around it;
their types are what llsa-opt says the fragment wants them to be, so that a
wrong type in an example is still an error. Each example is then printed and
parsed once more in the generic form.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

REGION = re.compile(r"(score|mask)\(")
WHOLE = re.compile(r"(module|func\.func|tile\.kernel|llvm\.func|!\w+ =|#\w+ =)")
QUERY = "tensor<1x8x4096x64xf32>"
UNDECLARED = re.compile(r":(\d+):(\d+): error: use of undeclared SSA value name")
WANTS = re.compile(
    r"error: use of value '%(\S+)' expects different type than prior uses: '(.+)' vs 'none'"
)


def documents(path):
    """The documentation in a file or folder."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in (".td", ".md"))
    return [path]


def examples(path):
    """Yields (line number, text) of each example in a file."""
    lines = path.read_text().splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.strip() == "```mlir":
            start = number
        elif start is not None and line.strip() == "```":
            yield start, textwrap.dedent("\n".join(lines[start : number - 1])) + "\n"
            start = None
    if start is not None:
        raise SystemExit(f"{path}:{start}: example has no end")


def code(text):
    """The text without comment lines."""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("//"))


def parse(opt, text, *flags):
    """Runs llsa-opt on text: its output, or None and its errors."""
    run = subprocess.run(
        [opt, "--allow-unregistered-dialect", *flags, "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return (run.stdout, "") if run.returncode == 0 else (None, run.stderr)


def attribute_module(text):
    """A module that holds each attribute of a list: one ends where the next begins."""
    attributes = re.split(r"\n(?=#)", code(text).strip())
    uses = [f"a{i} = {attribute.strip()}" for i, attribute in enumerate(attributes)]
    return '"test.attributes"() {' + ",\n".join(uses) + "} : () -> ()\n"


def wrap(text, types):
    definitions = [f'  %{name} = "test.def"() : () -> ({type_})' for name, type_ in types.items()]
    body = textwrap.indent(text, "  ")
    return "\n".join(["func.func @example() {", *definitions, body, "  return", "}", ""])


def parse_fragment(opt, text):
    """Finds the types of a fragment's free values, one error at a time."""
    types = {}
    for _ in range(200):
        whole = wrap(text, types)
        out, errors = parse(opt, whole)
        if out is not None:
            return out, ""
        undeclared = UNDECLARED.search(errors)
        wants = WANTS.search(errors)
        if wants and types.get(wants[1]) == "none":
            types[wants[1]] = wants[2]
        elif undeclared:
            line, column = int(undeclared[1]), int(undeclared[2])
            name = re.match(r"%([\w$.-]+)", whole.splitlines()[line - 1][column - 1 :])
            types[name[1]] = "none"
        else:
            return None, errors
    return None, errors


def check(opt, text):
    """The errors of one example; empty when it is good."""
    first = code(text).strip()
    if first.startswith("#") and not WHOLE.match(first):
        out, errors = parse(opt, attribute_module(text))
    elif WHOLE.match(first):
        out, errors = parse(opt, text)
    else:
        if REGION.match(first):
            text = f"%o, %lse = llsa.attend %x from dense(%x, %x)\n{text} : {QUERY}, {QUERY}, {QUERY}\n"
        out, errors = parse_fragment(opt, text)
    if out is not None:
        generic, errors = parse(opt, out, "--mlir-print-op-generic")
        if generic is not None:
            _, errors = parse(opt, generic)
    return errors


def main():
    opt, *paths = sys.argv[1:]
    count = failures = 0
    for file in [file for path in paths for file in documents(Path(path))]:
        for line, text in examples(file):
            count += 1
            errors = check(opt, text)
            if errors:
                failures += 1
                print(f"{file}:{line}: example does not parse:\n{errors}")
    print(f"{count} examples, {failures} failed")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
