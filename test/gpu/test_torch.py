"""The Python package on real GPUs, with PyTorch and CuPy. What needs a second
GPU is skipped where there is one. Run by `ctest -L gpu`, or with the Python that
has them:

    LIBRARY_UNDER_TEST=build/lib/libllsa.so python3 test/gpu/test_torch.py
"""

import os
import sys
import threading
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
import llsa  # noqa: E402

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit()
if not torch.cuda.is_available():
    print("no GPU: PyTorch sees none")
    sys.exit()

try:
    import cupy
except ImportError:
    cupy = None

LIBRARY = os.environ["LIBRARY_UNDER_TEST"]
VARIANT = os.path.join(ROOT, "kernels", "variants", "llsa.mlir")
SHAPE = B, H, N, D = 1, 4, 4096, 64
SPEC = f"B={B},H={H},N={N},D={D},dtype=bf16,levels=2"


def context(ordinal):
    return llsa.Context(torch.device("cuda", ordinal), cache_dir="off", library=LIBRARY)


def tokens(ordinal, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(SHAPE, generator=generator).bfloat16().to(f"cuda:{ordinal}").requires_grad_()
            for _ in range(3)]


def step(on, ordinal):
    """o and the gradients of a step, on the CPU."""
    inputs = tokens(ordinal)
    o = on.attention(VARIANT, *inputs, levels=2)
    o.float().square().sum().backward()
    return [tensor.cpu() for tensor in (o.detach(), *(x.grad for x in inputs))]


def outputs(kernel, ordinal):
    return [torch.full(t.shape, float("nan"), dtype=getattr(torch, t.dtype), device=f"cuda:{ordinal}")
            for t in kernel.outputs]


class GpuTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first = context(0)
        cls.expected = step(cls.first, 0)

    def setUp(self):
        self.assertEqual(torch.cuda.current_device(), 0)

    def tearDown(self):
        self.assertEqual(torch.cuda.current_device(), 0, "as before")

    def same(self, got, expected):
        for mine, truth in zip(got, expected, strict=True):
            self.assertTrue(torch.equal(mine, truth))

    def error_of(self, call):
        with self.assertRaises(llsa.LLSAError) as caught:
            call()
        return str(caught.exception)

    def on_cupy(self, ordinal):
        """Half floats, on CuPy's current stream: as on PyTorch's tensors."""
        kernel = context(ordinal).kernel(VARIANT, SPEC.replace("bf16", "f16"))
        inputs = [x.detach().half() for x in tokens(ordinal)]
        expected = outputs(kernel, ordinal)
        kernel(inputs, expected)
        torch.cuda.synchronize(ordinal)
        with cupy.cuda.Device(ordinal):
            arrays = [cupy.asarray(x.cpu().numpy()) for x in inputs]
            results = [cupy.empty(t.shape, t.dtype) for t in kernel.outputs]
        kernel(arrays, results)
        with cupy.cuda.Device(ordinal):
            self.same([torch.from_numpy(x.get()) for x in results], [x.cpu() for x in expected])


class TorchTest(GpuTestCase):
    def test_pinned_memory_is_the_hosts(self):
        kernel = self.first.kernel(VARIANT, SPEC)
        q, k, v = (x.detach() for x in tokens(0))
        self.assertEqual(self.error_of(lambda: kernel([q.cpu().pin_memory(), k, v], outputs(kernel, 0))),
                         "llsaKernelLaunch: input 'q': expected a tensor on GPU 0, got one in the CPU's memory")

    def test_a_stream_of_its_own(self):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            self.same(step(self.first, 0), self.expected)

    @unittest.skipUnless(cupy, "CuPy is not installed")
    def test_cupy(self):
        self.on_cupy(0)

    # Without a run before on the stream that is captured: PyTorch's own.
    def test_a_captured_step(self):
        inputs = tokens(0)
        step(self.first, 0)  # compiles
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            o = self.first.attention(VARIANT, *inputs, levels=2)
            gradients = torch.autograd.grad(o.float().square().sum(), inputs)
        for _ in range(3):
            for tensor in (o, *gradients):
                tensor.detach().fill_(float("nan"))
            graph.replay()
            self.same([tensor.detach().cpu() for tensor in (o, *gradients)], self.expected)

    def test_graphed_callables(self):
        graphed = torch.cuda.make_graphed_callables(
            lambda *x: self.first.attention(VARIANT, *x, levels=2), tuple(tokens(0, seed=5)))
        for _ in range(3):
            inputs = tokens(0)
            o = graphed(*inputs)
            o.float().square().sum().backward()
            self.same([tensor.detach().cpu() for tensor in (o, *(x.grad for x in inputs))], self.expected)

    def test_torch_compile(self):
        for mode in "default", "reduce-overhead":
            torch._dynamo.reset()

            @torch.compile(mode=mode, fullgraph=True)
            def call(*x):
                return self.first.attention(VARIANT, *x, levels=2).float()

            for _ in range(4):
                torch.compiler.cudagraph_mark_step_begin()
                inputs = tokens(0)
                o = call(*inputs)
                o.square().sum().backward()
                results = o.detach().bfloat16(), *(x.grad for x in inputs)
                self.same([tensor.cpu() for tensor in results], self.expected)


@unittest.skipUnless(torch.cuda.device_count() > 1, "one GPU")
class TwoGpusTest(GpuTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = context(1)

    def test_the_one_that_is_not_current(self):
        self.same(step(self.second, 1), self.expected)

    def test_the_one_that_is_current(self):
        with torch.cuda.device(1):
            self.same(step(self.second, 1), self.expected)
            self.same(step(self.first, 0), self.expected)

    def test_layers_on_both(self):
        q, k, v = tokens(0)
        for _ in range(3):
            o = self.first.attention(VARIANT, q, k, v, levels=2)
            there = [x.to("cuda:1") for x in (o, k, v)]
            o = self.second.attention(VARIANT, *there, levels=2)
            o.float().square().sum().backward()
        x, y, z = (t.detach().requires_grad_() for t in (q, k, v))
        for _ in range(3):
            o = self.first.attention(VARIANT, x, y, z, levels=2)
            o = self.first.attention(VARIANT, o, y, z, levels=2)
            o.float().square().sum().backward()
        self.same([t.grad.cpu() for t in (q, k, v)], [t.grad.cpu() for t in (x, y, z)])

    def test_threads(self):
        results, errors = {}, []

        def work(ordinal):
            try:
                with torch.cuda.device(ordinal):
                    for _ in range(10):
                        results[ordinal] = step((self.first, self.second)[ordinal], ordinal)
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        for got in results.values():
            self.same(got, self.expected)

    def test_a_captured_graph(self):
        kernel = self.second.kernel(VARIANT, SPEC)
        inputs, results = [x.detach() for x in tokens(1)], outputs(kernel, 1)
        workspace = torch.empty(kernel.workspace_bytes, dtype=torch.int8, device="cuda:1")
        with torch.cuda.device(1):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                kernel(inputs, results, workspace=workspace)
            graph.replay()
        self.same([results[0].cpu()], self.expected[:1])

    def test_bound_tensors(self):
        kernel = self.second.kernel(VARIANT, SPEC)
        results = outputs(kernel, 1)
        launch = kernel.bind([x.detach() for x in tokens(1)], results)
        stream = torch.cuda.Stream(1)
        stream.wait_stream(torch.cuda.current_stream(1))
        launch(stream.cuda_stream)
        stream.synchronize()
        self.same([results[0].cpu()], self.expected[:1])
        self.assertEqual(self.error_of(lambda: launch(torch.cuda.Stream(0).cuda_stream)),
                         "kernel 'llsa': expected a stream of GPU 1, got one of GPU 0")

    def test_tensors_of_the_other(self):
        kernel = self.second.kernel(VARIANT, SPEC)
        here, there = [x.detach() for x in tokens(0)], [x.detach() for x in tokens(1)]
        self.assertEqual(self.error_of(lambda: kernel([here[0], *there[1:]], outputs(kernel, 1))),
                         "llsaKernelLaunch: input 'q': expected a tensor on GPU 1, got one on GPU 0")
        self.assertEqual(self.error_of(lambda: kernel(there, outputs(kernel, 0))),
                         "llsaKernelLaunch: output 'o': expected a tensor on GPU 1, got one on GPU 0")
        workspace = torch.empty(kernel.workspace_bytes, dtype=torch.int8, device="cuda:0")
        self.assertEqual(self.error_of(lambda: kernel(there, outputs(kernel, 1), workspace=workspace)),
                         "kernel 'llsa': 'workspace' is on GPU 0: expected it on GPU 1")
        results = outputs(kernel, 1)
        kernel(there, results)
        self.same([results[0].cpu()], self.expected[:1])

    @unittest.skipUnless(cupy, "CuPy is not installed")
    def test_cupy_on_the_one_that_is_not_current(self):
        self.on_cupy(1)


if __name__ == "__main__":
    unittest.main()
