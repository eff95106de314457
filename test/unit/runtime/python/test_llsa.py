"""The Python package over the C interface, with NumPy arrays."""

import os
import sys
import unittest

import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
import llsa  # noqa: E402

LIBRARY = os.environ["LIBRARY_UNDER_TEST"]
VARIANTS = os.path.join(ROOT, "kernels", "variants")


def softmax_attention(q, k, v):
    s = np.einsum("bhmd,bhnd->bhmn", q, k, dtype=np.float64) / np.sqrt(q.shape[-1])
    m = s.max(-1, keepdims=True)
    p = np.exp(s - m)
    l = p.sum(-1, keepdims=True)
    return np.einsum("bhmn,bhnd->bhmd", p / l, v), (m + np.log(l))[..., 0]


class LLSATest(unittest.TestCase):
    def setUp(self):
        self.context = llsa.Context(cache_dir="off", library=LIBRARY)
        rng = np.random.default_rng(0)
        self.q, self.k, self.v = (rng.standard_normal((1, 2, 100, 16), dtype=np.float32) for _ in range(3))

    def run_kernel(self, variant, spec):
        kernel = self.context.kernel(os.path.join(VARIANTS, variant), spec)
        outputs = [np.full(t.shape, -7, dtype=t.dtype) for t in kernel.outputs]
        kernel([self.q, self.k, self.v], outputs)
        return kernel, outputs

    def test_dense_is_softmax_attention(self):
        _, (o, lse) = self.run_kernel("dense.mlir", "B=1,H=2,N=100,D=16,dtype=f32")
        expected, expected_lse = softmax_attention(self.q, self.k, self.v)
        np.testing.assert_allclose(o, expected, atol=1e-6)
        np.testing.assert_allclose(lse, expected_lse, atol=1e-5)

    def test_strides_are_taken(self):
        spec = "B=1,H=2,N=100,D=16,dtype=f32"
        _, (o, _) = self.run_kernel("llsa.mlir", spec)
        self.q, self.k, self.v = (np.ascontiguousarray(x.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
                                  for x in (self.q, self.k, self.v))
        _, (again, _) = self.run_kernel("llsa.mlir", spec)
        np.testing.assert_array_equal(o, again)

    def test_a_bound_kernel_runs_again_on_the_same_memory(self):
        kernel, (expected, _) = self.run_kernel("llsa.mlir", "B=1,H=2,N=100,D=16,dtype=f32")
        outputs = [np.empty(t.shape, dtype=t.dtype) for t in kernel.outputs]
        bytes_ = np.zeros(kernel.workspace_bytes + 64, dtype=np.uint8)
        workspace = bytes_[-bytes_.ctypes.data % 64:][:kernel.workspace_bytes]
        launch = kernel.bind([self.q, self.k, self.v], outputs, workspace)
        for _ in range(2):
            outputs[0].fill(-7)
            launch()
            np.testing.assert_array_equal(outputs[0], expected)
        self.v[:] *= 2  # the tensors are kept, not copied
        launch()
        np.testing.assert_array_equal(outputs[0], 2 * expected)

    def test_a_workspace_that_is_too_small_is_refused(self):
        kernel, outputs = self.run_kernel("llsa.mlir", "B=1,H=2,N=100,D=16,dtype=f32")
        launch = kernel.bind([self.q, self.k, self.v], outputs, np.zeros(1, dtype=np.uint8))
        with self.assertRaisesRegex(llsa.LLSAError, "workspace"):
            launch()

    def test_a_kernel_says_what_it_takes(self):
        kernel, _ = self.run_kernel("llsa.mlir", "B=1,H=2,N=100,D=16,dtype=f32,levels=1,indices=1")
        self.assertEqual([t.name for t in kernel.inputs], ["q", "k", "v"])
        self.assertEqual([t.name for t in kernel.outputs], ["o", "lse", "i1"])
        self.assertEqual(kernel.outputs[2].dtype, "int32")
        self.assertEqual(kernel.inputs[0].shape, (1, 2, 100, 16))
        self.assertIn('"steps"', kernel.program)
        self.assertTrue(kernel.target.startswith("cpu:"))
        self.assertEqual(kernel.device, ("cpu", 0))

    def test_without_a_gpu_there_is_one_message(self):
        os.environ["LLSA_CUDA_DRIVER"] = "libno-such-cuda.so"
        self.addCleanup(os.environ.pop, "LLSA_CUDA_DRIVER")
        with self.assertRaisesRegex(llsa.LLSAError, "no NVIDIA driver: expected libno-such-cuda.so, but "):
            llsa.Context("cuda", cache_dir="off", library=LIBRARY)

    def test_wrong_shapes_are_refused_by_name(self):
        kernel = self.context.kernel(os.path.join(VARIANTS, "llsa.mlir"), "B=1,H=2,N=100,D=16,dtype=f32")
        o, lse = np.empty_like(self.q), np.empty((1, 2, 100), np.float32)
        with self.assertRaisesRegex(llsa.LLSAError, "'k'|k:"):
            kernel([self.q, self.k[:, :, :99], self.v], [o, lse])

    def test_a_backward_says_what_it_misses(self):
        spec, variant = "B=1,H=2,N=100,D=16,dtype=f32,levels=1", os.path.join(VARIANTS, "llsa.mlir")
        keep, backward = (self.context.kernel(variant, f"{spec},pass={name}") for name in ("keep", "backward"))
        infos = (*keep.inputs, *keep.outputs, *backward.inputs, *backward.outputs)
        tensors = {info.name: np.zeros(info.shape, info.dtype) for info in infos}
        tensors.update(q=self.q, k=self.k, v=self.v)
        keep([tensors[info.name] for info in keep.inputs], [tensors[info.name] for info in keep.outputs])

        def run(count=None, **others):
            inputs = [others.get(info.name, tensors[info.name]) for info in backward.inputs]
            backward(inputs[:count], [tensors[info.name] for info in backward.outputs])

        run()
        self.assertTrue(np.isfinite(tensors["dq"]).all())
        do = tensors["do"]
        for arguments, message in (
            ({"do": do[:, :, :99]}, "input 'do': expected shape [1, 2, 100, 16], got [1, 2, 99, 16]"),
            ({"do": do[0]}, "input 'do': expected rank 4 [1, 2, 100, 16], got rank 3 [2, 100, 16]"),
            ({"do": do.astype(np.float16)}, "input 'do': expected elements of type f32, got f16"),
            ({"do": np.zeros((1, 2, 100, 32), np.float32)[..., ::2]},
             "input 'do': expected the last dimension to be contiguous (stride 1), got stride 2"),
            ({"count": 4}, "expected 9 input tensors (q, k, v, do, o, lse, kept1, kept2, i1), got 4"),
            ({"kept1": tensors["kept1"][:, :, :6]}, "input 'kept1': expected shape [1, 2, 7, 16], got [1, 2, 6, 16]"),
            ({"i1": tensors["i1"][..., :4].copy()}, "input 'i1': expected shape [1, 2, 7, 8], got [1, 2, 7, 4]"),
        ):
            with self.assertRaises(llsa.LLSAError) as caught:
                run(**arguments)
            self.assertEqual(str(caught.exception), "kernel 'llsa': " + message)

    def test_bad_specs_and_variants_are_errors(self):
        with self.assertRaisesRegex(llsa.LLSAError, "spec misses D"):
            self.context.kernel(os.path.join(VARIANTS, "llsa.mlir"), "B=1,H=2,N=100,dtype=f32")
        with self.assertRaisesRegex(llsa.LLSAError, "nowhere.mlir"):
            self.context.kernel("nowhere.mlir", "B=1,H=2,N=100,D=16,dtype=f32")
        with self.assertRaisesRegex(llsa.LLSAError, "it calls no device function, but is given '.*test_llsa.py'"):
            self.context.kernel(os.path.join(VARIANTS, "dense.mlir"), "B=1,H=2,N=100,D=16,dtype=f32",
                                device_functions=[os.path.abspath(__file__)])
        for call, message in (
            (lambda: llsa.Context(threads=-1), "threads: expected 0, for one of each CPU, or more, got -1"),
            (lambda: self.context.kernel("module {\n}\n", None),
             'spec: expected text such as "B=1,H=8,N=65536,D=64,dtype=bf16", got None'),
            (lambda: self.run_kernel("dense.mlir", "B=1,H=2,N=100,D=16,dtype=f32")[0]([None] * 3, [None] * 2),
             "expected tensors with __dlpack__ and __dlpack_device__, got NoneType"),
        ):
            with self.assertRaises(llsa.LLSAError) as caught:
                call()
            self.assertEqual(str(caught.exception), message)
        with self.assertRaisesRegex(llsa.LLSAError, "found none"):
            self.context.kernel("module {\n}\n", "B=1,H=2,N=100,D=16,dtype=f32")


if __name__ == "__main__":
    unittest.main()
