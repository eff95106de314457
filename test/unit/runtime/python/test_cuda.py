"""The Python package on a GPU, as a fake of the driver shows it."""

import contextlib
import ctypes
import os
import sys
import types
import unittest
from unittest import mock

import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
import llsa  # noqa: E402

LIBRARY = os.environ["LIBRARY_UNDER_TEST"]
VARIANTS = os.path.join(ROOT, "kernels", "variants")


class OnFakeGpu:
    """A tensor on a GPU of the fake driver, whose memory is the host's."""

    def __init__(self, info, ordinal=0):
        self.array = np.zeros(info.shape, "uint16" if info.dtype == "bfloat16" else info.dtype)
        self.bfloat16 = info.dtype == "bfloat16"
        self.ordinal = ordinal

    def __dlpack_device__(self):
        return 2, self.ordinal

    def __dlpack__(self, stream=None):
        capsule = self.array.__dlpack__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        tensor = pointer(capsule, b"dltensor")  # data, device type, device, rank, type, ...
        ctypes.c_int32.from_address(tensor + 8).value = 2
        ctypes.c_int32.from_address(tensor + 12).value = self.ordinal
        if self.bfloat16:
            ctypes.c_uint8.from_address(tensor + 20).value = 4
        return capsule


class FakeDriver:
    def __init__(self, path):
        self._state = (ctypes.c_int * 7).in_dll(ctypes.CDLL(path), "fakeCuda")

    def set_allocate_result(self, result):
        self._state[6] = result  # FakeCuda::allocateResult


STREAMS = 7, 1007  # of GPU 0 and of GPU 1 (FakeCuda::firstForeignStream)


class FakeTorch(types.ModuleType):
    """What the package asks of PyTorch: the current GPU, the streams, DLPack."""

    def __init__(self):
        super().__init__("torch")
        self.cuda, self.current, self.Tensor = self, 0, OfFakeTorch
        self.utils = types.SimpleNamespace(dlpack=types.SimpleNamespace(to_dlpack=OnFakeGpu.__dlpack__))

    def current_stream(self, ordinal):
        return types.SimpleNamespace(cuda_stream=STREAMS[ordinal])

    @contextlib.contextmanager
    def device(self, ordinal):
        before, self.current = self.current, ordinal
        try:
            yield
        finally:
            self.current = before


class OfFakeTorch(OnFakeGpu):
    """Handed out by its GPU alone, as by PyTorch."""

    is_cuda, is_meta, requires_grad, waiting = True, False, False, None

    def get_device(self):
        return self.ordinal

    def __dlpack__(self, stream=None):
        current = sys.modules["torch"].current
        if current != self.ordinal:
            raise BufferError(f"Expected: {self.ordinal}. Current device: {current}.")
        self.waiting = stream
        return super().__dlpack__(stream)


OfFakeTorch.__module__ = "torch"


class DeviceOfTorch:
    def __str__(self):
        return "cuda:1"


class CudaTest(unittest.TestCase):
    SPEC, VARIANT = "B=1,H=2,N=128,D=16,dtype=bf16,levels=1", os.path.join(VARIANTS, "llsa.mlir")

    def kernel(self, target):
        return llsa.Context(target, cache_dir="off", library=LIBRARY).kernel(self.VARIANT, self.SPEC)

    def on(self, ordinal, infos):
        return [OfFakeTorch(info, ordinal) for info in infos]

    def test_a_gpu_that_is_not_current(self):
        kernel = self.kernel(DeviceOfTorch())
        self.assertEqual(kernel.device, ("cuda", 1))
        with mock.patch.dict(sys.modules, torch=FakeTorch()):
            inputs, outputs = self.on(1, kernel.inputs), self.on(1, kernel.outputs)
            for stream, waiting in (None, None), (1009, 1009):  # None: on that GPU's current one
                kernel(inputs, outputs, stream=stream)
                self.assertEqual({tensor.waiting for tensor in (*inputs, *outputs)}, {waiting})
            kernel.bind(inputs, outputs)(STREAMS[1])
            self.assertEqual(sys.modules["torch"].current, 0, "as before")

    def test_tensors_elsewhere_are_named(self):
        kernel = self.kernel("cuda:1")
        here, there = self.on(1, kernel.inputs), self.on(0, kernel.outputs)
        with mock.patch.dict(sys.modules, torch=FakeTorch()):
            with self.assertRaises(llsa.LLSAError) as caught:
                kernel(here, there)
            self.assertEqual(str(caught.exception),
                             "llsaKernelLaunch: output 'o': expected a tensor on GPU 1, got one on GPU 0")
            with self.assertRaises(llsa.LLSAError) as caught:
                kernel(here, self.on(1, kernel.outputs), workspace=np.zeros(1 << 20, "int8"))
            self.assertEqual(str(caught.exception),
                             "workspace: expected a tensor on cuda:1, got one of DLPack device type 1")
            here[0].requires_grad = True
            with self.assertRaises(llsa.LLSAError) as caught:
                kernel(here, self.on(1, kernel.outputs))
            self.assertEqual(str(caught.exception),
                             "expected tensors that require no gradient, which a kernel does not pass on "
                             "(Context.attention does): tensor.detach()")
            self.assertEqual(sys.modules["torch"].current, 0)

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
