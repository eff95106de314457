"""The C interface by ctypes: declarations, error handling, DLPack."""

import contextlib
import ctypes
import os
import sys
from collections import namedtuple
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p


class LLSAError(RuntimeError):
    """What the library refused: the message says what was expected and what came."""


def library_path():
    """libllsa.so: LLSA_LIBRARY_PATH is not read here, so that the environment
    has one reader; pass a path to Context to choose another library."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(here, "..", "..", "..", "build", "lib")):
        path = os.path.join(folder, "libllsa.so")
        if os.path.exists(path):
            return os.path.normpath(path)
    return "libllsa.so"


class _DataType(ctypes.Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class _Device(ctypes.Structure):
    _fields_ = [("type", c_int32), ("id", c_int32)]


class _DLTensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("device", _Device), ("ndim", c_int32), ("dtype", _DataType),
                ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


class _TensorInfo(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dtype", _DataType), ("ndim", c_int32), ("shape", POINTER(c_int64))]


class _ContextOptions(ctypes.Structure):
    _fields_ = [("structSize", c_size_t), ("target", c_char_p), ("cacheDir", c_char_p), ("numThreads", c_uint32)]


TensorInfo = namedtuple("TensorInfo", "name dtype shape")
_DEVICES = {1: "cpu", 2: "cuda"}
_ON_GPU = (2, 13)  # DLPack's device types: of a GPU, managed
_DTYPES = {(0, 8): "int8", (0, 32): "int32", (2, 32): "float32", (2, 16): "float16", (4, 16): "bfloat16"}

_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, c_char_p]


class _Library:
    """libllsa.so with argument types declared and errors raised."""

    _functions = {
        "llsaVersion": (c_char_p,),
        "llsaErrorMessage": (c_char_p, c_void_p),
        "llsaErrorFree": (None, c_void_p),
        "llsaContextCreate": (c_void_p, POINTER(_ContextOptions), POINTER(c_void_p)),
        "llsaContextDestroy": (None, c_void_p),
        "llsaVariantLoad": (c_void_p, c_char_p, POINTER(c_void_p)),
        "llsaVariantCreate": (c_void_p, c_char_p, c_size_t, c_char_p, POINTER(c_void_p)),
        "llsaVariantAddDeviceFunctions": (c_void_p, c_void_p, c_char_p, c_size_t, c_char_p),
        "llsaVariantDestroy": (None, c_void_p),
        "llsaKernelGet": (c_void_p, c_void_p, c_void_p, c_char_p, POINTER(c_void_p)),
        "llsaKernelLaunch": (c_void_p, c_void_p, POINTER(POINTER(_DLTensor)), c_size_t,
                             POINTER(POINTER(_DLTensor)), c_size_t, c_void_p, c_size_t, c_void_p),
        "llsaKernelNumInputs": (c_size_t, c_void_p),
        "llsaKernelNumOutputs": (c_size_t, c_void_p),
        "llsaKernelInput": (c_void_p, c_void_p, c_size_t, POINTER(_TensorInfo)),
        "llsaKernelOutput": (c_void_p, c_void_p, c_size_t, POINTER(_TensorInfo)),
        "llsaKernelDevice": (_Device, c_void_p),
        "llsaKernelWorkspaceBytes": (c_size_t, c_void_p),
        "llsaKernelExplain": (c_char_p, c_void_p),
        "llsaKernelProgramJSON": (c_char_p, c_void_p),
        "llsaKernelTarget": (c_char_p, c_void_p),
    }

    def __init__(self, path):
        library = ctypes.CDLL(path)
        for name, (result, *arguments) in self._functions.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def check(self, error):
        if error:
            message = self.llsaErrorMessage(error).decode()
            self.llsaErrorFree(error)
            raise LLSAError(message)


def version(path=None):
    """The library's version."""
    return _Library(path or library_path()).llsaVersion().decode()


class Variant:
    """The source of a variant: a path to a .mlir file, or its text.
    `device_functions`: paths to CUDA C++ (or .ptx) with the functions that its
    score and mask regions call."""

    def __init__(self, library, source, name="variant", device_functions=()):
        self._library, self._handle = library, c_void_p()
        if "\n" in source:
            text = source.encode()
            library.check(library.llsaVariantCreate(text, len(text), name.encode(), byref(self._handle)))
        else:
            library.check(library.llsaVariantLoad(os.fsencode(source), byref(self._handle)))
        for path in device_functions:
            with open(path, "rb") as file:
                text = file.read()
            library.check(library.llsaVariantAddDeviceFunctions(
                self._handle, text, len(text), os.fsencode(path)))

    def __del__(self):
        if self._handle:
            self._library.llsaVariantDestroy(self._handle)


class Context:
    """Owns kernels, their cache and the threads that run them. `target` is "cpu",
    "cuda" (GPU 0), "cuda:NUMBER", or a device of PyTorch. Each GPU has a context
    of its own, in one process or in several."""

    def __init__(self, target=None, cache_dir=None, threads=0, library=None):
        self._library, self._handle = _Library(library or library_path()), c_void_p()
        options = _ContextOptions(ctypes.sizeof(_ContextOptions), target and str(target).encode(),
                                  cache_dir and os.fsencode(cache_dir), threads)
        self._library.check(self._library.llsaContextCreate(byref(options), byref(self._handle)))
        self._variants = {}

    def __del__(self):
        if self._handle:
            self._library.llsaContextDestroy(self._handle)

    def kernel(self, variant, spec, device_functions=()):
        """The kernel of a variant (a path, text, or a Variant) for a spec such as
        "B=1,H=8,N=65536,D=64,dtype=bf16"; compiled, or from memory or disk.
        `device_functions`: see Variant."""
        if not isinstance(variant, Variant):
            key = variant, tuple(device_functions)
            if key not in self._variants:
                self._variants[key] = Variant(self._library, variant, device_functions=device_functions)
            variant = self._variants[key]
        handle = c_void_p()
        self._library.check(
            self._library.llsaKernelGet(self._handle, variant._handle, spec.encode(), byref(handle)))
        return Kernel(self, handle)

    def attention(self, variant, q, k, v, *more, return_lse=False, device_functions=(), **options):
        """o of a variant (o and lse with `return_lse`) for PyTorch tensors [batch,
        heads, tokens, dim] of one type, which autograd can go through: where a
        gradient is asked for, the forward keeps what the backward needs, and both
        are compiled at the first call with a shape. `more`: further arguments of
        the variant. `options`: of the spec, as `levels=2, topk=8`; a list is one
        number per level; `tf32=1` lets a GPU round the factors of float32
        products to 11 bits, as PyTorch's allow_tf32 does. Tensors are where the
        context runs (on a GPU: on PyTorch's current stream); any strides will
        do, but the last dimension's must be 1. Needs PyTorch when it is called."""
        from ._autograd import attention

        return attention(self, variant, (q, k, v, *more), return_lse, device_functions, options)


class Kernel:
    """A compiled variant. Calling it runs it, and on a CPU waits."""

    def __init__(self, context, handle):
        self._context, self._library, self._handle = context, context._library, handle  # the context owns it
        library = self._library
        self.inputs = self._tensors(library.llsaKernelNumInputs, library.llsaKernelInput)
        self.outputs = self._tensors(library.llsaKernelNumOutputs, library.llsaKernelOutput)

    def _tensors(self, count, get):
        tensors = []
        for i in range(count(self._handle)):
            info = _TensorInfo()
            self._library.check(get(self._handle, i, byref(info)))
            dtype = _DTYPES[(info.dtype.code, info.dtype.bits)]
            tensors.append(TensorInfo(info.name.decode(), dtype, tuple(info.shape[: info.ndim])))
        return tensors

    @property
    def workspace_bytes(self):
        return self._library.llsaKernelWorkspaceBytes(self._handle)

    @property
    def explain(self):
        """What the compiler decided and why."""
        return self._library.llsaKernelExplain(self._handle).decode()

    @property
    def program(self):
        """The launch plan as JSON text."""
        return self._library.llsaKernelProgramJSON(self._handle).decode()

    @property
    def target(self):
        return self._library.llsaKernelTarget(self._handle).decode()

    @property
    def device(self):
        """("cpu", 0) or ("cuda", NUMBER): where tensors must be."""
        device = self._library.llsaKernelDevice(self._handle)
        return _DEVICES[device.type], device.id

    def __call__(self, inputs, outputs, workspace=None, stream=None):
        """Runs on tensors with `__dlpack__`; outputs are written.

        On a GPU the kernel is put on `stream` (its handle as a number; None: the
        current one of PyTorch or CuPy when the tensors are theirs, otherwise the
        default stream), and nothing waits for it. `workspace`: a tensor there of
        at least `workspace_bytes` bytes; None: the library keeps one."""
        place, ordinal = self.device
        if place == "cpu":
            Launch(self, inputs, outputs, workspace, {})()
            return
        framework = _Framework((*inputs, *outputs))
        if stream is None:
            stream = framework.current_stream(ordinal)
        # The tensors' framework makes this stream wait for what it still does
        # on others. 1 is DLPack's number of the default stream.
        with framework.current(ordinal):
            launch = Launch(self, inputs, outputs, workspace, {"stream": stream or 1})
        launch(stream or None)

    def bind(self, inputs, outputs, workspace=None):
        """The kernel with its tensors, for many calls on the same memory."""
        place, ordinal = self.device
        if place == "cpu":
            return Launch(self, inputs, outputs, workspace, {})
        with _Framework((*inputs, *outputs)).current(ordinal):
            return Launch(self, inputs, outputs, workspace, {"stream": -1})


class Launch:
    """A kernel bound to tensors, whose memory it keeps; a call is one call of
    the C interface and no more."""

    def __init__(self, kernel, inputs, outputs, workspace, exchange):
        self._kernel = kernel  # its context owns it
        self._ordinal, self._exchange, self._capsules = kernel.device[1], exchange, []
        self._inputs, self._outputs = self._views(inputs), self._views(outputs)
        self._counts = len(inputs), len(outputs)
        self._workspace, self._workspace_bytes = None, 0
        if workspace is not None:
            view = self._view(workspace).contents
            if (_DEVICES.get(view.device.type) == "cpu") != (kernel.device[0] == "cpu"):
                raise LLSAError(f"workspace: expected a tensor on {':'.join(map(str, kernel.device))}, got one of "
                                f"DLPack device type {view.device.type}")
            self._workspace, self._workspace_bytes = _memory(view)

    def _view(self, tensor):
        # Of a tensor that is elsewhere the library says so; its framework would
        # complain about the stream or which GPU is current.
        device_type, ordinal = tensor.__dlpack_device__()
        if device_type not in _ON_GPU:
            capsule = tensor.__dlpack__()
        elif ordinal == self._ordinal:
            capsule = tensor.__dlpack__(**self._exchange)
        else:
            with _Framework([tensor]).current(ordinal):
                capsule = tensor.__dlpack__(stream=-1)
        self._capsules.append(capsule)
        return ctypes.cast(_capsule_pointer(capsule, b"dltensor"), POINTER(_DLTensor))

    def _views(self, tensors):
        return (POINTER(_DLTensor) * max(1, len(tensors)))(*[self._view(tensor) for tensor in tensors])

    def __call__(self, stream=None):
        """Runs the kernel. On a GPU: on a stream (its handle as a number; None:
        the default stream), without waiting, also not for what the tensors'
        framework does on other streams."""
        library = self._kernel._library
        library.check(library.llsaKernelLaunch(
            self._kernel._handle, self._inputs, self._counts[0], self._outputs, self._counts[1],
            self._workspace, self._workspace_bytes, stream))


def _memory(view):
    """Address and bytes of a tensor without gaps."""
    size, expected = view.dtype.bits * view.dtype.lanes // 8, 1
    for d in reversed(range(view.ndim)):
        if view.strides and view.shape[d] != 1 and view.strides[d] != expected:
            raise LLSAError("workspace: expected a tensor without gaps")
        expected *= view.shape[d]
    return (view.data or 0) + view.byte_offset, size * expected


class _Framework:
    """Of the tensors on a GPU: which stream and which GPU are current to it."""

    def __init__(self, tensors):
        on_gpu = next((tensor for tensor in tensors if tensor.__dlpack_device__()[0] in _ON_GPU), None)
        self._name = type(on_gpu).__module__.partition(".")[0]

    def current_stream(self, ordinal):
        """The handle of the stream on which it now works on a GPU."""
        if self._name == "torch":
            return sys.modules["torch"].cuda.current_stream(ordinal).cuda_stream
        if self._name == "cupy":
            return sys.modules["cupy"].cuda.get_current_stream(ordinal).ptr
        return 0

    def current(self, ordinal):
        """Makes a GPU current meanwhile: PyTorch hands out no tensors of
        another one, and CuPy asks for the stream of the one that is."""
        if self._name == "torch":
            cuda = sys.modules["torch"].cuda
            if cuda.current_device() != ordinal:
                return cuda.device(ordinal)
        if self._name == "cupy":
            return sys.modules["cupy"].cuda.Device(ordinal)
        return contextlib.nullcontext()
