"""How the .mlir tests run: see docs of LLVM's lit. Configured by CMake."""

import ctypes
import os
import shutil

import lit.formats
from lit.llvm import llvm_config

config.name = "llsa"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# unit/ and numerics/ hold C++ tests, which ctest runs by itself.
config.excludes = ["CMakeLists.txt", "Inputs", "unit", "numerics", "gpu"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.llsa_obj_root, "test")

# A variable is local to its CHECK-LABEL block unless its name starts with $.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
# No test sees the user's settings, or leaves anything in the user's cache.
for name in [name for name in os.environ if name.startswith("LLSA_")]:
    config.environment.pop(name, None)
config.environment["LLSA_CACHE_DIR"] = os.path.join(config.test_exec_root, "cache")

# NVIDIA's assembler is used where there is one.
if "CUDA_HOME" in os.environ:
    config.environment["CUDA_HOME"] = os.environ["CUDA_HOME"]


def has_assembler():
    folder = os.path.join(os.environ.get("CUDA_HOME", ""), "bin")
    if shutil.which("ptxas") or shutil.which("ptxas", path=folder):
        return True
    try:
        return bool(ctypes.CDLL("libnvJitLink.so.13"))
    except OSError:
        return False


if has_assembler():
    config.available_features.add("assembler")


def has_nvrtc():
    places = [os.path.join(os.environ.get("CUDA_HOME", ""), folder) for folder in ("lib", "lib64", "")]
    for library in [os.path.join(place, "libnvrtc.so.13") for place in places] + ["libnvrtc.so.13"]:
        try:
            return bool(ctypes.CDLL(library))
        except OSError:
            continue
    return False


if has_nvrtc():
    config.available_features.add("nvrtc")

llvm_config.with_environment("PATH", config.llsa_bin_dir, append_path=True)
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
tool_dirs = [config.llsa_bin_dir, config.llvm_tools_dir]
llvm_config.add_tool_substitutions(["FileCheck", "not", "split-file"], tool_dirs)
llvm_config.add_tool_substitutions(
    [
        "llsa-opt",
        "llsac",
        "llsa-run",
        "llsa-cache",
        "llsa-emulator-record",
        "llsa-bench",
        "llsa-lsp-server",
        "llsa-reduce",
    ],
    [config.llsa_bin_dir],
)
config.substitutions.append(("%path", config.environment["PATH"]))
config.substitutions.append(("%python", '"%s"' % config.python_executable))
config.substitutions.append(("%source", config.llsa_source_root))
config.substitutions.append(
    ("%variants", os.path.join(config.llsa_source_root, "kernels/variants"))
)
# A GPU's driver that does nothing: test/unit/runtime/cuda/FakeDriver.c.
config.substitutions.append(
    ("%fake_cuda_driver", os.path.join(config.llsa_obj_root, "test/unit/runtime/libfake-cuda-driver.so"))
)
config.substitutions.append(("%reference", os.path.join(config.llsa_obj_root, "docs/reference")))
