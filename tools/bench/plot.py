#!/usr/bin/env python3
"""Draws time and speed-up against tokens.

    tools/bench/plot.py lines.jsonl [more.jsonl ...] --output=speed.svg

The files hold JSON lines of peers.py --output or llsa-bench --output.
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from contest import plot  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--output", required=True, help="the SVG file")
    parser.add_argument("--input", default="random", choices=["random", "structured"])
    options = parser.parse_args()
    lines = []
    for path in options.files:
        with open(path) as file:
            lines += [json.loads(line) for line in file if line.strip()]
    try:
        text = plot.speed_figure(lines, options.input)
    except ValueError as error:
        sys.exit(f"plot.py: {error}")
    with open(options.output, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
