"""Reads the last line of stdin as JSON and prints each key with its type."""

import json
import sys

report = json.loads(sys.stdin.read().splitlines()[-1])
for key, value in report.items():
    print(key, type(value).__name__)
if report["correct"]:
    print("error is allowed:", 0 <= report["error"] <= report["allowed_error"])
