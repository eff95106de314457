"""Runs a program with ever more address space, until it succeeds.

    low-memory.py PROGRAM ARGUMENT...

Before that it must end with status 1 and one line that says what is missing,
behind the lines that report progress; never by a signal. The first limit leaves
it 16 MB beside itself: with less it is hardly loaded.
"""

import os
import re
import resource
import shutil
import subprocess
import sys

PROGRESS = re.compile(r"^[\w-]+: (compile|run|check|time) ")
COMPLAINT = re.compile(r"memory|[Aa]llocat|cannot start a thread")
MEGABYTE = 1 << 20


def run(command, limit):
    return subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )


def main():
    command, refused = sys.argv[1:], 0
    itself = os.path.getsize(shutil.which(command[0])) // MEGABYTE
    for megabytes in range(itself + 16, 4096, 8):
        done = run(command, megabytes * MEGABYTE)
        if done.returncode == 0:
            print(f"refused clearly below {megabytes} MB")
            return 0 if refused else 1
        lines = [line for line in done.stderr.splitlines() if not PROGRESS.match(line + " ")]
        if done.returncode != 1 or len(lines) != 1 or not COMPLAINT.search(lines[0]):
            print(f"{megabytes} MB: status {done.returncode}\n{done.stderr}")
            return 1
        refused += 1
    print("never enough")
    return 1


if __name__ == "__main__":
    sys.exit(main())
