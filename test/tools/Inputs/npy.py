"""Writes and describes .npy files, with the standard library alone.

npy.py write PATH TYPE N,N,N,N   deterministic numbers in -1 .. 1 (TYPE f4 or f2),
                                 or 0, 1, 2, 3, 0, ... (i4)
npy.py show PATH...              type and shape, and whether all numbers are finite
npy.py same A B                  do two files hold the same bytes?
npy.py near A B                  the same type and shape, and numbers to 1e-5 of the greatest?
"""

import math
import pathlib
import struct
import sys


def save(path, kind, sizes, values):
    header = "{'descr': '<%s', 'fortran_order': False, 'shape': %s, }" % (kind, sizes)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    code = {"f4": "f", "f2": "e", "i4": "i"}[kind]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack("<%d%s" % (len(values), code), *values))


def write(path, kind, shape):
    sizes = tuple(int(size) for size in shape.split(","))
    count = math.prod(sizes)
    if kind == "i4":
        values = [n % 4 for n in range(count)]
    else:
        values = [math.sin(0.7 * n + 0.001 * n * n) for n in range(count)]
    save(path, kind, sizes, values)


def read(path):
    content = pathlib.Path(path).read_bytes()
    length = struct.unpack("<H", content[8:10])[0]
    header = eval(content[10 : 10 + length].decode())
    code = {"<f4": "f", "<f2": "e", "<i4": "i"}[header["descr"]]
    return header, [value for (value,) in struct.iter_unpack("<" + code, content[10 + length :])]


def near(a, b):
    (header, x), (other, y) = read(a), read(b)
    greatest = max(map(abs, y))
    difference = max(abs(p - q) for p, q in zip(x, y))
    return header == other and 0 < greatest and difference <= 1e-5 * greatest


def show(path):
    header, values = read(path)
    finite = all(math.isfinite(value) for value in values)
    name = pathlib.Path(path).name
    print(name, header["descr"], header["shape"], "finite" if finite else "not finite")


def main(command, *arguments):
    if command == "write":
        write(*arguments)
    elif command == "show":
        for argument in arguments:
            show(argument)
    elif command == "near":
        print("near" if near(*arguments) else "not near")
    else:
        a, b = (pathlib.Path(argument).read_bytes() for argument in arguments)
        print("same" if a == b else "different")


if __name__ == "__main__":
    main(*sys.argv[1:])
