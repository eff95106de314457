"""How frameworks hand tensors over: DLPack, and what PyTorch and CuPy want
beside it. No framework is imported here."""

import contextlib
import ctypes
import sys
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p


class LLSAError(RuntimeError):
    """What the library refused: the message says what was expected and what came."""


class DataType(ctypes.Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class Device(ctypes.Structure):
    _fields_ = [("type", c_int32), ("id", c_int32)]


class DLTensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("device", Device), ("ndim", c_int32), ("dtype", DataType),
                ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


DEVICES = {1: "cpu", 2: "cuda"}
DTYPES = {(0, 8): "int8", (0, 32): "int32", (2, 32): "float32", (2, 16): "float16", (4, 16): "bfloat16"}
_ON_GPU = (2, 13)  # DLPack's device types: of a GPU, managed

_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, c_char_p]


def _framework(tensor):
    return type(tensor).__module__.partition(".")[0]


class Exchange:
    """Takes tensors for a kernel on GPU number `ordinal`, or with None on the
    CPU. On a GPU `stream` (its handle) waits for what a tensor's framework does
    on its current stream, unless that is `current_to` it; -1: nothing waits."""

    def __init__(self, ordinal=None, stream=-1, current_to=""):
        # 1 is DLPack's number of the default stream.
        self._ordinal, self._stream, self._current_to = ordinal, stream or 1, current_to
        self._capsules = []

    def address_of(self, tensor):
        """Of a DLTensor of the tensor's memory, which lives as long as this."""
        torch = sys.modules.get("torch")
        if torch and isinstance(tensor, torch.Tensor):
            capsule = self._of_torch(torch, tensor)
        else:
            capsule = self._of_any(tensor)
        self._capsules.append(capsule)
        return _capsule_pointer(capsule, b"dltensor")

    def _of_torch(self, torch, tensor):
        if tensor.requires_grad:
            raise LLSAError("expected tensors that require no gradient, which a kernel does not pass on "
                            "(Context.attention does): tensor.detach()")
        if tensor.is_meta:
            raise LLSAError("expected tensors with memory, got one on the device 'meta'")
        if self._stream != -1 and self._current_to != "torch" and tensor.get_device() == self._ordinal:
            # PyTorch hands out tensors of its current GPU alone.
            with current(tensor, self._ordinal):
                return tensor.__dlpack__(stream=self._stream)
        # The same without waiting, for a tenth of the time.
        return torch.utils.dlpack.to_dlpack(tensor)

    def _of_any(self, tensor):
        # Of a tensor that is elsewhere the library says so; its framework would
        # complain about the stream.
        if not hasattr(tensor, "__dlpack_device__"):
            raise LLSAError(f"expected tensors with __dlpack__ and __dlpack_device__, got {type(tensor).__name__}")
        device_type, ordinal = tensor.__dlpack_device__()
        if device_type not in _ON_GPU:
            return tensor.__dlpack__()
        with current(tensor, ordinal):
            return tensor.__dlpack__(stream=self._stream if ordinal == self._ordinal else -1)


def current(tensor, ordinal):
    """Makes a GPU current to a tensor's framework meanwhile."""
    framework = _framework(tensor)
    if framework == "torch":
        return sys.modules["torch"].cuda.device(ordinal)
    if framework == "cupy":
        return sys.modules["cupy"].cuda.Device(ordinal)
    return contextlib.nullcontext()


def current_stream(tensors, ordinal):
    """The handle of the stream on which the tensors' framework now works on a
    GPU, and that framework; of others the default stream."""
    for tensor in tensors:
        framework = _framework(tensor)
        if framework == "torch" and tensor.is_cuda:
            return sys.modules["torch"].cuda.current_stream(ordinal).cuda_stream, framework
        if framework == "cupy":
            return sys.modules["cupy"].cuda.get_current_stream(ordinal).ptr, framework
    return 0, ""


def memory_of(view):
    """Address and bytes of a tensor without gaps."""
    size, expected = view.dtype.bits * view.dtype.lanes // 8, 1
    for d in reversed(range(view.ndim)):
        if view.strides and view.shape[d] != 1 and view.strides[d] != expected:
            raise LLSAError("workspace: expected a tensor without gaps")
        expected *= view.shape[d]
    return (view.data or 0) + view.byte_offset, size * expected
