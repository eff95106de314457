"""The C interface by ctypes: declarations, error handling, DLPack."""

import ctypes
import json
import os
import weakref
from collections import namedtuple
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_void_p

from ._tensors import DEVICES, DTYPES, DataType, Device, DLTensor, Exchange, LLSAError, current_stream, memory_of


def library_path():
    """libllsa.so beside this package, in the build folder, or where both are
    installed. LLSA_LIBRARY_PATH is not read here, so that the environment has
    one reader; pass a path to Context to choose another library."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in ("", "../../../build/lib", "../../../../lib"):
        path = os.path.join(here, folder, "libllsa.so")
        if os.path.exists(path):
            return os.path.normpath(path)
    return "libllsa.so"


class _TensorInfo(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dtype", DataType), ("ndim", c_int32), ("shape", POINTER(c_int64))]


class _ContextOptions(ctypes.Structure):
    _fields_ = [("structSize", c_size_t), ("target", c_char_p), ("cacheDir", c_char_p), ("numThreads", c_uint32)]


TensorInfo = namedtuple("TensorInfo", "name dtype shape")


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
        "llsaKernelLaunch": (c_void_p, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_void_p), c_size_t,
                             c_void_p, c_size_t, c_void_p),
        "llsaKernelNumInputs": (c_size_t, c_void_p),
        "llsaKernelNumOutputs": (c_size_t, c_void_p),
        "llsaKernelInput": (c_void_p, c_void_p, c_size_t, POINTER(_TensorInfo)),
        "llsaKernelOutput": (c_void_p, c_void_p, c_size_t, POINTER(_TensorInfo)),
        "llsaKernelDevice": (Device, c_void_p),
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


def _paths(device_functions):
    """Those of files with device functions."""
    if device_functions is None or isinstance(device_functions, (str, bytes, os.PathLike)):
        raise LLSAError(f"device_functions: expected a list of paths, got {device_functions!r}")
    return tuple(map(os.fspath, device_functions))


def _source(variant):
    """A variant's path or text."""
    if not isinstance(variant, (str, os.PathLike)):
        raise LLSAError(f"variant: expected a path, the text of a variant, or a Variant, got {variant!r}")
    return os.fspath(variant)


def _content(path):
    """What changes when a file does; None for the text of a variant."""
    if "\n" in path:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None  # who reads it says what is wrong
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


class Variant:
    """The source of a variant: a path to a .mlir file, or its text.
    `device_functions`: paths to CUDA C++ (or .ptx) with the functions that its
    score and mask regions call."""

    _handle = None  # where __init__ failed

    def __init__(self, library, source, name="variant", device_functions=()):
        self._library, self._handle = library, c_void_p()
        self.source, self.device_functions = _source(source), _paths(device_functions)
        if "\n" in self.source:
            text = self.source.encode()
            library.check(library.llsaVariantCreate(text, len(text), name.encode(), byref(self._handle)))
        else:
            library.check(library.llsaVariantLoad(os.fsencode(self.source), byref(self._handle)))
        for path in self.device_functions:
            try:
                with open(path, "rb") as file:
                    text = file.read()
            except OSError as error:
                raise LLSAError(f"device_functions: cannot read '{path}': {error.strerror}") from error
            library.check(library.llsaVariantAddDeviceFunctions(
                self._handle, text, len(text), os.fsencode(path)))

    def __del__(self):
        if self._handle:
            self._library.llsaVariantDestroy(self._handle)


class Context:
    """Owns kernels, their cache and the threads that run them. `target` is "cpu",
    "cuda" (GPU 0), "cuda:NUMBER", or a device of PyTorch. Each GPU has a context
    of its own, in one process or in several."""

    _living, _by_name = weakref.WeakSet(), weakref.WeakValueDictionary()
    _made = []  # by named()
    _handle = None  # where __init__ failed

    def __init__(self, target=None, cache_dir=None, threads=0, library=None):
        if threads < 0:
            raise LLSAError(f"threads: expected 0, for one of each CPU, or more, got {threads}")
        self._handle = c_void_p()
        target, cache_dir = target and str(target), cache_dir and os.fspath(cache_dir)
        self._library = _Library(library or library_path())
        options = _ContextOptions(ctypes.sizeof(_ContextOptions), None if target is None else target.encode(),
                                  None if cache_dir is None else os.fsencode(cache_dir), threads)
        self._library.check(self._library.llsaContextCreate(byref(options), byref(self._handle)))
        self._variants, self._kernels = {}, {}
        self.name = json.dumps([target, cache_dir, threads, library and os.fspath(library)])
        Context._living.add(self)

    def __del__(self):
        if self._handle:
            self._library.llsaContextDestroy(self._handle)

    @classmethod
    def named(cls, name):
        """A context that was made with the same arguments as the one of this
        name: that one, or one like it, as long as one lives."""
        context = cls._by_name.get(name)
        if context is None:
            context = next((context for context in cls._living if context.name == name), None)
            if context is None:
                context = cls(*json.loads(name))
                cls._made.append(context)
            cls._by_name[name] = context
        return context

    @classmethod
    def _forget(cls):
        """In the child of a fork, where threads of the parent's contexts are not:
        others are made when they are wanted. None is destroyed, which would wait
        for these threads."""
        cls._made.extend(cls._living)
        cls._living, cls._by_name = weakref.WeakSet(), weakref.WeakValueDictionary()

    def __reduce__(self):
        # A copy of a model has this one, in another process one like it.
        return Context.named, (self.name,)

    def kernel(self, variant, spec, device_functions=()):
        """The kernel of a variant (a path, text, or a Variant) for a spec such as
        "B=1,H=8,N=65536,D=64,dtype=bf16"; compiled, or from memory or disk.
        `device_functions`: see Variant. A file that has changed is read again."""
        if not isinstance(spec, str):
            raise LLSAError(f'spec: expected text such as "B=1,H=8,N=65536,D=64,dtype=bf16", got {spec!r}')
        if not isinstance(variant, Variant):
            variant, device_functions = _source(variant), _paths(device_functions)
            source = variant, _content(variant), device_functions, tuple(map(_content, device_functions))
            if source not in self._variants:
                self._variants[source] = Variant(self._library, variant, device_functions=device_functions)
            variant = self._variants[source]
        key = variant, spec
        if key not in self._kernels:
            self._kernels[key] = self._signature(variant, spec)
        return Kernel(self, *self._kernels[key])

    def _signature(self, variant, spec):
        """What a Kernel is made of."""
        library, handle = self._library, c_void_p()
        library.check(library.llsaKernelGet(self._handle, variant._handle, spec.encode(), byref(handle)))

        def tensors(count, get):
            for i in range(count(handle)):
                info = _TensorInfo()
                library.check(get(handle, i, byref(info)))
                dtype = DTYPES[(info.dtype.code, info.dtype.bits)]
                yield TensorInfo(info.name.decode(), dtype, tuple(info.shape[: info.ndim]))

        device = library.llsaKernelDevice(handle)
        return (handle, list(tensors(library.llsaKernelNumInputs, library.llsaKernelInput)),
                list(tensors(library.llsaKernelNumOutputs, library.llsaKernelOutput)),
                (DEVICES[device.type], device.id), library.llsaKernelWorkspaceBytes(handle))

    def attention(self, variant, q, k, v, *more, return_lse=False, device_functions=(), **options):
        """o of a variant (o and lse with `return_lse`) for PyTorch tensors [batch,
        heads, tokens, dim] of one type, which autograd can go through: where a
        gradient is asked for, the forward keeps what the backward needs, and both
        are compiled at the first call with a shape. `more`: further arguments of
        the variant. `options`: of the spec, as `levels=2, topk=8`; a list is one
        number per level; `tf32=1` lets a GPU round the factors of float32
        products to 11 bits, as PyTorch's allow_tf32 does. Tensors are where the
        context runs (on a GPU: on PyTorch's current stream); any strides will
        do, but where the last dimension's is not 1 a copy is made. Needs PyTorch
        when it is called.

        torch.compile takes it as one operator, torch.ops.llsa.run, and each
        shape for a graph of its own. torch.autocast casts q, k and v, as it does
        for scaled_dot_product_attention. In a CUDA graph that PyTorch captures
        the workspace is PyTorch's memory; the first call with a shape, which
        compiles, must be before."""
        from ._torch import attention

        return attention(self.name, variant, (q, k, v, *more), return_lse, device_functions, options)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Context._forget)


class Kernel:
    """A compiled variant. Calling it runs it, and on a CPU waits.

    `inputs`, `outputs`: a TensorInfo of each tensor. `device`: ("cpu", 0) or
    ("cuda", NUMBER), where tensors must be. `workspace_bytes`: what a run needs
    beside them."""

    def __init__(self, context, handle, inputs, outputs, device, workspace_bytes):
        self._context, self._library, self._handle = context, context._library, handle  # the context owns it
        self.inputs, self.outputs = inputs, outputs
        self.device, self.workspace_bytes = device, workspace_bytes

    def __deepcopy__(self, memo):
        return self

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

    def __call__(self, inputs, outputs, workspace=None, stream=None):
        """Runs on tensors with `__dlpack__`; outputs are written.

        On a GPU the kernel is put on `stream` (its handle as a number; None: the
        current one of PyTorch or CuPy when the tensors are theirs, otherwise the
        default stream), and nothing waits for it. `workspace`: a tensor there of
        at least `workspace_bytes` bytes; None: the library keeps one."""
        place, ordinal = self.device
        if place == "cpu":
            Launch(self, inputs, outputs, workspace, Exchange())(stream)
            return
        framework = ""
        if stream is None:
            stream, framework = current_stream((*inputs, *outputs), ordinal)
        Launch(self, inputs, outputs, workspace, Exchange(ordinal, stream, framework))(stream or None)

    def bind(self, inputs, outputs, workspace=None):
        """The kernel with its tensors, for many calls on the same memory."""
        place, ordinal = self.device
        return Launch(self, inputs, outputs, workspace, Exchange(ordinal if place == "cuda" else None))


class Launch:
    """A kernel bound to tensors, whose memory it keeps; a call is one call of
    the C interface and no more."""

    def __init__(self, kernel, inputs, outputs, workspace, exchange):
        self._kernel, self._exchange = kernel, exchange  # the kernel's context owns it
        self._inputs, self._outputs = self._addresses(inputs), self._addresses(outputs)
        self._counts = len(inputs), len(outputs)
        self._workspace, self._workspace_bytes = None, 0
        if workspace is not None:
            view = DLTensor.from_address(exchange.address_of(workspace))
            if (DEVICES.get(view.device.type) == "cpu") != (kernel.device[0] == "cpu"):
                raise LLSAError(f"workspace: expected a tensor on {':'.join(map(str, kernel.device))}, got one of "
                                f"DLPack device type {view.device.type}")
            self._workspace, self._workspace_bytes = memory_of(view)

    def _addresses(self, tensors):
        return (c_void_p * max(1, len(tensors)))(*map(self._exchange.address_of, tensors))

    def __call__(self, stream=None):
        """Runs the kernel. On a GPU: on a stream (its handle as a number; None:
        the default stream), without waiting, also not for what the tensors'
        framework does on other streams."""
        library = self._kernel._library
        library.check(library.llsaKernelLaunch(
            self._kernel._handle, self._inputs, self._counts[0], self._outputs, self._counts[1],
            self._workspace, self._workspace_bytes, stream))
