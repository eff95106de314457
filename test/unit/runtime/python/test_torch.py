"""Context.attention on PyTorch tensors: autograd, torch.compile, autocast. The
truth is the float64 definition of tools/bench/contest/reference.py, differentiated by
PyTorch, on the kernel's own indices. Skipped where PyTorch is not installed."""

import contextlib
import copy
import gc
import io
import os
import pickle
import re
import subprocess
import sys
import tempfile
import unittest
import weakref
from unittest import mock

try:
    import torch
except ImportError:
    torch = None
    print("PyTorch is not installed")

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "runtime", "python"))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import llsa  # noqa: E402
from contest import reference  # noqa: E402

LIBRARY = os.environ["LIBRARY_UNDER_TEST"]
VARIANT = os.path.join(ROOT, "kernels", "variants", "llsa.mlir")


@unittest.skipUnless(torch, "PyTorch is not installed")
class TorchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.context = llsa.Context(cache_dir="off", library=LIBRARY)

    def tokens(self, tokens=100, heads=2, dim=16, seed=0, dtype=None):
        generator = torch.Generator().manual_seed(seed)
        return [torch.randn(1, heads, tokens, dim, generator=generator).to(dtype or torch.float32).requires_grad_()
                for _ in range(3)]

    def indices(self, inputs, levels):
        heads, tokens, dim = inputs[0].shape[1:]
        kernel = self.context.kernel(VARIANT, f"B=1,H={heads},N={tokens},D={dim},dtype=f32,levels={levels},indices=1")
        outputs = [torch.empty(t.shape, dtype=getattr(torch, t.dtype)) for t in kernel.outputs]
        kernel([tensor.detach() for tensor in inputs], outputs)
        return outputs[2:]

    def expected(self, inputs, gradient, levels):
        """o and dq, dk, dv in float64."""
        leaves = [tensor.detach().double().requires_grad_() for tensor in inputs]
        q, k, v = leaves
        indices = self.indices(inputs, levels)
        rows = torch.arange(q.shape[2])
        o = torch.stack([reference.llsa_rows(torch, q[0, h], k[0, h], v[0, h], rows, [i[0, h] for i in indices])
                         for h in range(q.shape[1])]).unsqueeze(0)
        return o, torch.autograd.grad(o, leaves, gradient.double())

    def compare(self, inputs, levels=1, tolerance=1e-5):
        gradient = torch.randn(inputs[0].shape, generator=torch.Generator().manual_seed(5))
        o = self.context.attention(VARIANT, *inputs, levels=levels)
        o.backward(gradient.to(o.dtype))
        expected, gradients = self.expected(inputs, gradient, levels)
        torch.testing.assert_close(o.double(), expected, atol=tolerance, rtol=tolerance)
        for tensor, truth in zip(inputs, gradients):
            torch.testing.assert_close(tensor.grad.double(), truth, atol=tolerance, rtol=tolerance)

    def test_gradients_are_those_of_the_definition(self):
        self.compare(self.tokens(), levels=1)
        self.compare(self.tokens(tokens=300, heads=1, seed=1), levels=2)

    def test_strides_are_taken(self):
        qkv = torch.randn(1, 100, 3, 2, 16, generator=torch.Generator().manual_seed(3))
        self.compare([qkv[:, :, i].transpose(1, 2).requires_grad_() for i in range(3)])

    def test_the_gradient_of_a_sum_is_taken(self):
        inputs = self.tokens()
        self.context.attention(VARIANT, *inputs, levels=1).sum().backward()  # an expanded gradient
        _, gradients = self.expected(inputs, torch.ones(inputs[0].shape), levels=1)
        torch.testing.assert_close(inputs[2].grad.double(), gradients[2], atol=1e-5, rtol=1e-5)

    def test_lse_has_a_gradient_too(self):
        q, k, v = self.tokens(tokens=64, heads=1)
        dense = os.path.join(ROOT, "kernels", "variants", "dense.mlir")
        o, lse = self.context.attention(dense, q, k, v, return_lse=True)
        (o.square().sum() + lse.sin().sum()).backward()
        x, y, z = (tensor.detach().double().requires_grad_() for tensor in (q, k, v))
        scores = x @ y.transpose(2, 3) / 4
        (torch.softmax(scores, -1) @ z).square().sum().add(torch.logsumexp(scores, -1).sin().sum()).backward()
        for tensor, truth in ((q, x), (k, y), (v, z)):
            torch.testing.assert_close(tensor.grad.double(), truth.grad, atol=1e-5, rtol=1e-5)

    def test_what_needs_no_gradient_gets_none(self):
        q, k, v = self.tokens()
        k.requires_grad_(False)
        self.context.attention(VARIANT, q, k, v, levels=1).sum().backward()
        self.assertIsNone(k.grad)
        self.assertIsNotNone(v.grad)
        with torch.no_grad():
            self.assertFalse(self.context.attention(VARIANT, q, k, v, levels=1).requires_grad)

    def test_bfloat16_and_fewer_key_heads(self):
        q, k, v = self.tokens(heads=4, dtype=torch.bfloat16)
        k, v = (x.detach()[:, :2].clone().requires_grad_() for x in (k, v))
        self.context.attention(VARIANT, q, k, v, levels=1, topk=[2]).sum().backward()
        self.assertEqual((q.grad.shape, k.grad.shape, k.grad.dtype), (q.shape, k.shape, torch.bfloat16))
        self.assertTrue(all(x.grad.isfinite().all() for x in (q, k, v)))

    def model(self, **options):
        """Of tokens [1, N, 32], with two heads of 16."""

        class Model(torch.nn.Module):
            def __init__(self, context):
                super().__init__()
                self.qkv, self.context = torch.nn.Linear(32, 96), context

            def forward(self, x):
                q, k, v = (t.unflatten(-1, (2, 16)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
                return self.context.attention(VARIANT, q, k, v, levels=1, **options)

        torch.manual_seed(1)
        return Model(self.context)

    def step(self, call, x):
        """The results, and the gradients of the inputs and weights."""
        x = x.detach().requires_grad_()
        results = call(x)
        results = results if isinstance(results, tuple) else (results,)
        sum(result.square().sum() for result in results).backward()
        model = getattr(call, "_orig_mod", call)
        gradients = [x.grad, *(p.grad for p in model.parameters())]
        model.zero_grad()
        return [tensor.detach() for tensor in (*results, *gradients)]

    def same(self, got, expected):
        for mine, truth in zip(got, expected, strict=True):
            torch.testing.assert_close(mine, truth, atol=1e-4, rtol=1e-5)

    def test_a_checkpoint_computes_it_again(self):
        from torch.utils.checkpoint import checkpoint

        model, x = self.model(), torch.randn(1, 100, 32)
        expected, x_again = self.step(model, x), x.clone().requires_grad_()
        for reentrant in False, True:
            o = checkpoint(model, x_again, use_reentrant=reentrant)
            o.square().sum().backward()
            self.same([o.detach(), x_again.grad, *(p.grad for p in model.parameters())], expected)
            model.zero_grad()
            x_again.grad = None

    def test_torch_compile_has_it_in_its_graph(self):
        for options in {}, {"return_lse": True, "topk": [4]}:
            torch._dynamo.reset()
            model = self.model(**options)
            compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
            for tokens in 100, 100, 64:  # another shape, another kernel
                x = torch.randn(1, tokens, 32)
                self.same(self.step(compiled, x), self.step(model, x))
                with torch.no_grad():
                    self.assertTrue(all(map(torch.equal, compiled(x), model(x))))

    def test_a_compiled_graph_names_kernels_by_text(self):
        graphs = []

        def backend(graph, _):
            graphs.append(graph)
            return graph.forward

        torch._dynamo.reset()
        q, k, v = (x.detach() for x in self.tokens())
        torch.compile(lambda *x: self.context.attention(VARIANT, *x, levels=1), backend=backend)(q, k, v)
        launch, = (node for node in graphs[0].graph.nodes if "llsa" in str(node.target))
        self.assertEqual(launch.target, torch.ops.llsa.run)
        inputs, name, variant, spec, functions = launch.args
        self.assertEqual((name, variant, functions), (self.context.name, VARIANT, []))
        self.assertEqual(spec, "B=1,H=2,Hkv=2,M=100,N=100,D=16,dtype=f32,levels=1,lse=0")
        # Another process has no such context yet.
        other = llsa.Context(cache_dir="off", library=LIBRARY, threads=3)
        name, expected = other.name, torch.ops.llsa.run([q, k, v], other.name, VARIANT, spec, [])
        del other
        self.assertTrue(torch.equal(torch.ops.llsa.run([q, k, v], name, VARIANT, spec, [])[0], expected[0]))

    def test_the_operator_is_what_pytorch_expects(self):
        q, k, v = (x.detach() for x in self.tokens())
        spec = "B=1,H=2,Hkv=2,M=100,N=100,D=16,dtype=f32,levels=1"
        torch.library.opcheck(torch.ops.llsa.run.default, ([q, k, v], self.context.name, VARIANT, spec, []),
                              test_utils=("test_schema", "test_faketensor", "test_aot_dispatch_dynamic"))

    def test_a_kernel_in_a_compiled_function_runs(self):
        kernel = self.context.kernel(VARIANT, "B=1,H=2,N=100,D=16,dtype=f32,levels=1,lse=0")
        q, k, v = (x.detach() for x in self.tokens())

        def call(q, k, v):
            o = torch.empty_like(q)
            kernel([q * 2, k, v], [o])
            return o + 1

        torch._dynamo.reset()
        self.assertTrue(torch.equal(torch.compile(call, backend="aot_eager")(q, k, v), call(q, k, v)))

    def test_autocast_casts_queries_keys_and_values(self):
        q, k, v = self.tokens()
        torch._dynamo.reset()

        def call(q, k, v):
            return self.context.attention(VARIANT, q, k.bfloat16(), v, levels=1)

        with torch.autocast("cpu", dtype=torch.bfloat16):
            o = call(q, k, v)
            compiled = torch.compile(call, backend="aot_eager", fullgraph=True)(q, k, v)
        self.assertEqual(o.dtype, torch.bfloat16)
        self.assertTrue(torch.equal(compiled, o))
        o.float().sum().backward()
        self.assertEqual(q.grad.dtype, torch.float32)
        expected = self.context.attention(VARIANT, *(x.detach().bfloat16() for x in (q, k, v)), levels=1)
        self.assertTrue(torch.equal(o, expected))

    def test_strides_of_the_last_dimension(self):
        inputs = self.tokens()
        turned = [x.detach().transpose(2, 3).contiguous().transpose(2, 3).requires_grad_() for x in inputs]
        for tensors in inputs, turned:
            self.context.attention(VARIANT, *tensors, levels=1).square().sum().backward()
        self.same([x.grad for x in turned], [x.grad for x in inputs])

    def test_tensors_without_values(self):
        q, k, v = (x.detach().to("meta") for x in self.tokens())
        o, lse = self.context.attention(VARIANT, q, k, v, return_lse=True, levels=1)
        self.assertEqual((o.shape, lse.shape, o.device.type), ((1, 2, 100, 16), (1, 2, 100), "meta"))

    def test_a_model_can_be_copied_and_sent(self):
        model, x = self.model(), torch.randn(1, 100, 32)
        expected = model(x)
        for other in copy.deepcopy(model), copy.copy(model):
            self.assertIs(other.context, self.context)
            self.assertTrue(torch.equal(other(x), expected))
        self.assertIs(pickle.loads(pickle.dumps(self.context)), self.context)
        kernel = self.context.kernel(VARIANT, "B=1,H=2,N=100,D=16,dtype=f32,levels=1,lse=0")
        self.assertIs(copy.deepcopy(kernel), kernel)

    def test_a_context_lives_until_the_backward(self):
        q, k, v = self.tokens()
        context = llsa.Context(cache_dir="off", library=LIBRARY, threads=2)
        gone = weakref.ref(context)
        o = context.attention(VARIANT, q, k, v, levels=1)
        del context
        self.assertIsNotNone(gone())
        o.sum().backward()
        del o
        gc.collect()
        self.assertIsNone(gone())

    def test_contexts_made_alike(self):
        q, k, v = self.tokens()
        first, second = (llsa.Context(cache_dir="off", library=LIBRARY, threads=4) for _ in range(2))
        self.assertIn(llsa.Context.named(first.name), (first, second))
        first.attention(VARIANT, q, k, v, levels=1)
        del first
        second.attention(VARIANT, q, k, v, levels=1).sum().backward()
        self.assertIs(llsa.Context.named(second.name), second)

    def test_without_a_context(self):
        q, k, v = self.tokens()
        expected = self.context.attention(VARIANT, q, k, v, levels=1)
        with mock.patch("llsa._capi.library_path", return_value=LIBRARY):
            self.assertTrue(torch.equal(llsa.attention(VARIANT, q, k, v, levels=1), expected))
            torch._dynamo.reset()
            call = torch.compile(lambda *x: llsa.attention(VARIANT, *x, levels=1), backend="aot_eager", fullgraph=True)
            self.assertTrue(torch.equal(call(q, k, v), expected))
            self.assertEqual(llsa.Context.named('["cpu", null, 0, null]').name, llsa.Context("cpu").name)

    def test_the_howto_runs(self):
        with open(os.path.join(ROOT, "docs", "howto", "use-from-pytorch.md")) as file:
            blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
        self.assertEqual(len(blocks), 3)
        names = {}
        with mock.patch("llsa._capi.library_path", return_value=LIBRARY), contextlib.chdir(ROOT):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec("".join(blocks), names)
        self.assertIn("['o', 'lse']", printed.getvalue())
        model = names["model"]
        self.assertTrue(all(p.grad.isfinite().all() for p in model.parameters()))

    def test_inference_mode(self):
        expected = self.context.attention(VARIANT, *(x.detach() for x in self.tokens()), levels=1)
        with torch.inference_mode():
            q, k, v = self.tokens()
            self.assertTrue(torch.equal(self.context.attention(VARIANT, q, k, v, levels=1), expected))

    def error_of(self, call):
        with self.assertRaises(llsa.LLSAError) as caught:
            call()
        return str(caught.exception)

    def test_wrong_gradients_are_refused_in_one_sentence(self):
        from llsa._torch import _check_gradient

        o = torch.zeros(1, 2, 100, 16)
        for gradient, message in (
            (torch.zeros(1, 2, 99, 16), "gradient of 'o': expected shape [1, 2, 100, 16], got [1, 2, 99, 16]"),
            (o.double(), "gradient of 'o': expected elements of torch.float32, got torch.float64"),
            (o.to("meta"), "gradient of 'o': expected a tensor on cpu, got meta"),
        ):
            self.assertEqual(self.error_of(lambda: _check_gradient("o", gradient, o)), message)

    def test_a_kernel_passes_no_gradient_on(self):
        kernel = self.context.kernel(VARIANT, "B=1,H=2,N=100,D=16,dtype=f32,levels=1,lse=0")
        self.assertEqual(self.error_of(lambda: kernel(self.tokens(), [torch.empty(1, 2, 100, 16)])),
                         "expected tensors that require no gradient, which a kernel does not pass on "
                         "(Context.attention does): tensor.detach()")

    def test_a_second_derivative_is_refused(self):
        q, k, v = self.tokens()
        o = self.context.attention(VARIANT, q, k, v, levels=1)
        dq, dv = torch.autograd.grad(o.sum(), (q, v), create_graph=True)
        expected = self.context.attention(VARIANT, q, k, v, levels=1)
        expected.sum().backward()
        self.same([dq, dv], [q.grad, v.grad])
        self.assertEqual(self.error_of(lambda: dq.square().sum().backward()),
                         "attention: the derivative of its backward is not implemented (create_graph=True)")

    def test_tracers_see_the_operator(self):
        from torch.fx.experimental.proxy_tensor import make_fx

        q, k, v = (x.detach() for x in self.tokens())
        call = lambda q: self.context.attention(VARIANT, q, k, v, levels=1)  # noqa: E731
        self.assertTrue(torch.equal(make_fx(call)(q)(q * 2), call(q * 2)))
        self.assertEqual(self.error_of(lambda: torch.jit.trace(call, (q,))),
                         "attention: expected no torch.jit.trace around it; torch.export and torch.compile take it")

    def test_transforms_are_refused(self):
        q, k, v = (x.detach() for x in self.tokens())
        call = lambda q: self.context.attention(VARIANT, q, k, v, levels=1)  # noqa: E731
        message = ("attention: expected no transform of torch.func around it (vmap, grad, jvp); a batch can be a part "
                   "of B, gradients are autograd's")
        self.assertEqual(self.error_of(lambda: torch.func.vmap(call)(q.unsqueeze(0))), message)
        self.assertEqual(self.error_of(lambda: torch.func.grad(lambda q: call(q).sum())(q)), message)
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(q, q)
            self.assertEqual(self.error_of(lambda: call(dual)),
                             "attention: the forward-mode derivative is not implemented")

    def test_a_file_that_has_changed_is_read_again(self):
        q, k, v = (x.detach() for x in self.tokens())
        with open(VARIANT, encoding="utf-8") as file:
            text = file.read()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mine.mlir")
            for topk in 1, 2:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text.replace("topk = ?", f"topk = [{topk}]"))
                self.assertTrue(torch.equal(self.context.attention(path, q, k, v, levels=1),
                                            self.context.attention(VARIANT, q, k, v, levels=1, topk=topk)))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_the_child_of_a_fork_has_contexts_of_its_own(self):
        q, k, v = (x.detach() for x in self.tokens())
        context = llsa.Context(cache_dir="off", library=LIBRARY, threads=2)
        expected = context.attention(VARIANT, q, k, v, levels=1)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = not torch.equal(context.attention(VARIANT, q, k, v, levels=1), expected)
            finally:
                os._exit(status)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_an_exported_program_is_loaded_by_a_new_process(self):
        class Model(torch.nn.Module):
            def forward(self, q, k, v):
                return context.attention(VARIANT, q, k, v, levels=1)

        context, inputs = self.context, [x.detach() for x in self.tokens()]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.pt2")
            torch.export.save(torch.export.export(Model(), tuple(inputs)), path)
            script = f"import torch, llsa; torch.export.load({path!r})"
            subprocess.run([sys.executable, "-c", script], check=True,
                           env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "runtime", "python")})

    def test_options_are_the_spec_s_alone(self):
        q, k, v = self.tokens()
        for options, message in (
            ({"N": 32}, "N: expected no such option, it is that of the tensors"),
            ({"lse": 0}, "lse: expected no such option, return_lse says whether lse is wanted"),
            ({"pass": "keep"}, "pass: expected no such option, requires_grad says what is wanted"),
            ({"levels": "2,topk=3"}, "levels: expected one value, got '2,topk=3'"),
            ({"topk": 2**31}, "topk = 2147483648: expected entries from 1 to 1073741824"),
            ({"topk": 10**9, "levels": 1},
             "indices must have at most 2147483647 entries per head, got 'tensor<1x2x7x1000000000xi32>'"),
            ({"device_functions": "x.cu"}, "device_functions: expected a list of paths, got 'x.cu'"),
            ({"device_functions": ["no.cu"]}, "device_functions: cannot read 'no.cu': No such file or directory"),
        ):
            with self.subTest(**options):
                self.assertIn(message, self.error_of(lambda: self.context.attention(VARIANT, q, k, v, **options)))

    def test_wrong_inputs_are_refused_in_one_sentence(self):
        q, k, v = self.tokens()
        call = self.context.attention
        self.assertEqual(self.error_of(lambda: call(VARIANT, q, k, v, None)),
                         "argument 4: expected a tensor of PyTorch, got NoneType")
        self.assertEqual(self.error_of(lambda: call(3, q, k, v)),
                         "variant: expected a path, the text of a variant, or a Variant, got 3")
        self.assertEqual(self.error_of(lambda: call(VARIANT, q, k.detach().to("meta"), v)),
                         "k: expected a tensor on cpu, where q is, got one on meta")
        self.assertEqual(self.error_of(lambda: call(VARIANT, q, k, v.detach().to_sparse())),
                         "v: expected a dense tensor, got the layout torch.sparse_coo")
        self.assertEqual(self.error_of(lambda: call(VARIANT, q[0], k, v)),
                         "q: expected a tensor [batch, heads, tokens, dim], got shape [2, 100, 16]")
        self.assertEqual(self.error_of(lambda: call(VARIANT, q.double(), k, v)),
                         "q: expected elements of float32, bfloat16 or float16, got torch.float64")
        self.assertEqual(self.error_of(lambda: call(VARIANT, q, k.detach().numpy(), v)),
                         "k: expected a tensor of PyTorch, got ndarray")
        self.assertIn("input 'v': expected shape [1, 2, 100, 16], got [1, 2, 99, 16]",
                      self.error_of(lambda: call(VARIANT, q, k, v[:, :, :99], levels=1)))


if __name__ == "__main__":
    unittest.main()
