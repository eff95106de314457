"""The Python package on a GPU, as a fake of the driver shows it."""

import ctypes
import os
import sys
import unittest

import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
import llsa  # noqa: E402

LIBRARY = os.environ["LIBRARY_UNDER_TEST"]
VARIANTS = os.path.join(ROOT, "kernels", "variants")


class OnFakeGpu:
    """A tensor on the fake driver's GPU 0, whose memory is the host's."""

    def __init__(self, info):
        self.array = np.zeros(info.shape, "uint16" if info.dtype == "bfloat16" else info.dtype)
        self.bfloat16 = info.dtype == "bfloat16"

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, stream=None):
        capsule = self.array.__dlpack__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        tensor = pointer(capsule, b"dltensor")  # data, device type, device, rank, type, ...
        ctypes.c_int32.from_address(tensor + 8).value = 2
        if self.bfloat16:
            ctypes.c_uint8.from_address(tensor + 20).value = 4
        return capsule


class FakeDriver:
    def __init__(self, path):
        self._state = (ctypes.c_int * 7).in_dll(ctypes.CDLL(path), "fakeCuda")

    def set_allocate_result(self, result):
        self._state[6] = result  # FakeCuda::allocateResult


class CudaTest(unittest.TestCase):
    def test_out_of_device_memory_leaves_the_context_usable(self):
        fake = FakeDriver(os.environ["LLSA_CUDA_DRIVER"])
        context = llsa.Context("cuda", cache_dir="off", library=LIBRARY)
        spec, variant = "B=1,H=2,N=256,D=16,dtype=bf16,levels=1", os.path.join(VARIANTS, "llsa.mlir")
        keep, backward = (context.kernel(variant, f"{spec},pass={name}") for name in ("keep", "backward"))
        tensors = {info.name: OnFakeGpu(info)
                   for kernel in (keep, backward) for info in (*kernel.inputs, *kernel.outputs)}

        def run(kernel):
            kernel([tensors[t.name] for t in kernel.inputs], [tensors[t.name] for t in kernel.outputs], stream=7)

        run(keep)
        fake.set_allocate_result(2)
        for _ in range(2):
            with self.assertRaisesRegex(llsa.LLSAError, r"cannot allocate \d+ bytes on GPU 0: CUDA_ERROR_OUT_OF_MEMORY"):
                run(backward)
        run(keep)  # it has its workspace
        fake.set_allocate_result(0)
        run(backward)
        context.kernel(variant, "B=1,H=2,N=128,D=16,dtype=bf16,levels=1")


if __name__ == "__main__":
    unittest.main()
