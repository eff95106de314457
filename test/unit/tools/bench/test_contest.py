"""The parts of tools/bench that need no GPU: suites, targets, plots, data."""

import contextlib
import io
import json
import os
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree as ElementTree

try:
    import torch
except ImportError:
    torch = None

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import peers  # noqa: E402
from contest import backward, gpu, inputs, plot, reference, targets, timing  # noqa: E402
from contest.suite import Case, Target, read_suite  # noqa: E402

SUITES = os.path.join(ROOT, "tools", "llsa-bench", "suites")


def line(case, engine, ms, kind="random", **more):
    return {"case": case, "engine": engine, "run_ms": ms, "input": kind, **more}


class Suites(unittest.TestCase):
    def read(self, root):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(root if isinstance(root, str) else json.dumps(root))
            file.flush()
            return read_suite(file.name)

    def test_shipped_suites_are_read(self):
        for name in os.listdir(SUITES):
            self.assertGreater(len(read_suite(os.path.join(SUITES, name))), 0, name)

    def test_levels_of_the_log_linear_suite_follow_the_rule(self):
        for case in read_suite(os.path.join(SUITES, "gpu-loglinear.json")):
            tokens, levels = case.shape[2], 0
            while 16 ** (levels + 1) <= tokens:
                levels += 1
            self.assertEqual(case.levels, levels - 1, case.name)

    def test_names_tell_the_spec(self):
        for name in ("gpu-forward.json", "gpu-grad.json", "gpu-loglinear.json", "gpu-two-levels.json"):
            for case in read_suite(os.path.join(SUITES, name)):
                levels = "dense" if case.levels is None else f"L={case.levels}"
                self.assertEqual(case.name, "x".join(map(str, case.shape)) + " " + levels)

    def test_a_case_without_a_name_is_called_by_its_spec(self):
        (case,) = self.read({"cases": [{"variant": "dense", "spec": "B=1,H=2,N=3,D=8,dtype=f32"}]})
        self.assertEqual(case.name, "dense B=1,H=2,N=3,D=8,dtype=f32")
        self.assertEqual((case.shape, case.levels), ((1, 2, 3, 8), None))

    def test_what_is_wrong_is_said(self):
        spec = {"variant": "llsa", "spec": "B=1,H=1,N=9,D=8,dtype=f32"}
        for root, message in (
            ("{", "Expecting"),
            ({"cases": 3}, "expected a JSON object with a list 'cases'"),
            ({"cases": [spec, {"variant": "llsa"}]}, "case 2: expected texts 'variant' and 'spec'"),
            ({"cases": [spec, spec]}, "expected a name of its own"),
            ({"cases": [{**spec, "targets": [{"of": "x"}]}]}, "expected one of 'at_most' and 'faster_by'"),
            ({"cases": [{**spec, "targets": [{"at_most": 1}]}]}, "expected a target with 'of'"),
            ({"cases": [{**spec, "targets": [{"of": "case other", "at_most": 1}]}]}, "there is no case other"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                self.read(root)


class Targets(unittest.TestCase):
    CASES = [Case("a", "llsa", "B=1,H=1,N=9,D=8,dtype=f32,levels=2",
                  (Target("prototype", at_most=1.05), Target("sdpa", faster_by=100))),
             Case("b", "llsa", "B=1,H=1,N=99,D=8,dtype=f32,levels=3",
                  (Target("case a", at_most=5.5), Target("memory", at_most=0.25)))]
    LINES = [line("a", "llsa", 0.5), line("a", "prototype", 0.4), line("a", "sdpa", 60),
             line("b", "llsa", 2, workspace_bytes=20, io_bytes=100)]

    def test_ratios_are_of_this_case_to_the_other(self):
        verdicts = targets.judge(self.CASES, self.LINES)
        self.assertEqual([v.ratio for v in verdicts], [1.25, 0.5 / 60, 4, 0.2])
        self.assertEqual([v.met for v in verdicts], [False, True, True, True])
        self.assertIn("1.250 x  MISSED", str(verdicts[0]))
        self.assertIn("120.00 x faster  met", str(verdicts[1]))

    def test_every_kind_of_input_has_its_verdict(self):
        lines = self.LINES + [line("a", "llsa", 0.2, "structured"), line("a", "prototype", 0.4, "structured")]
        verdicts = [v for v in targets.judge(self.CASES[:1], lines) if v.target.of == "prototype"]
        self.assertEqual([(v.input, v.ratio) for v in verdicts], [("random", 1.25), ("structured", 0.5)])

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        (verdict, _) = targets.judge(self.CASES[:1], self.LINES[:1])
        self.assertIsNone(verdict.met)
        self.assertIn("not measured", str(verdict))

    def test_the_last_measurement_counts(self):
        (verdict, _) = targets.judge(self.CASES[:1], self.LINES + [line("a", "llsa", 0.4)])
        self.assertEqual(verdict.ratio, 1)

    def test_the_table_has_every_engine_beside_ours(self):
        rows = targets.ratio_table(self.CASES, self.LINES)
        self.assertEqual(len(rows), 1 + len(self.LINES))
        self.assertIn(["a", "random", "sdpa", "60000.0", "120.00", "-"], [row.split() for row in rows])

    def test_the_roof_is_the_slower_of_memory_and_arithmetic(self):
        rates = {"copy_bytes_per_s": 1000, "peak_flops_per_s": 100}
        self.assertEqual(targets.roof_ms({"io_bytes": 3, "flops": 0.1, **rates}), 3)
        self.assertEqual(targets.roof_ms({"io_bytes": 3, "flops": 1, **rates}), 10)
        self.assertEqual(targets.roof_ms({"io_bytes": 3, "flops": 1}), 0)


class Rounds(unittest.TestCase):
    """Several rounds: whose turn it is, and which time counts."""

    def race(self, rounds):
        said = []

        class Turns(gpu.Race):
            def __init__(self):
                self.options = types.SimpleNamespace(rounds=rounds)
                self.torch = types.SimpleNamespace(cuda=types.SimpleNamespace(empty_cache=lambda: None))

            def start(self, engine, case, kind, sets):
                said.append(f"start {engine}")
                return None if engine == "absent" else types.SimpleNamespace(engine=engine)

            def again(self, entrant):
                said.append(f"again {entrant.engine}")

            def end(self, entrant, case, kind, sets):
                said.append(f"end {entrant.engine}")

        Turns().race_case(["a", "absent", "b"], None, "random", None)
        return said

    def test_one_round_keeps_no_engine_beside_another(self):
        self.assertEqual(self.race(1), ["start a", "end a", "start absent", "start b", "end b"])

    def test_in_several_rounds_engines_take_turns(self):
        self.assertEqual(self.race(3), ["start a", "start absent", "start b", "again a", "again b", "again a", "again b",
                                        "end a", "end b"])

    def test_the_median_of_rounds_counts(self):
        def times(*samples):
            return timing.summarise(samples, True, samples[0])

        merged = timing.merge([times(3, 4, 5), times(1, 2, 9), times(6, 7, 8)])
        self.assertEqual((merged.median, merged.least, merged.greatest, merged.count), (4, 1, 9, 9))
        self.assertTrue(merged.graph)

    def test_less_than_a_round_is_refused(self):
        error = io.StringIO()
        with contextlib.redirect_stderr(error), self.assertRaises(SystemExit):
            peers.parse(["--rounds=0"])
        self.assertIn("--rounds=0: expected 1 or more", error.getvalue())

    def test_a_rest_is_no_less_than_nothing(self):
        error = io.StringIO()
        with contextlib.redirect_stderr(error), self.assertRaises(SystemExit):
            peers.parse(["--rest=-1"])
        self.assertIn("--rest=-1: expected 0 or more", error.getvalue())
        self.assertEqual(peers.parse(["--rest=0"]).rest, 0)


class Backward(unittest.TestCase):
    def test_both_passes_and_the_backward_alone_have_a_table_each(self):
        lines = [line("a", "llsa", 2, backward_ms=1.5), line("a", "prototype", 1, backward_ms=0.75),
                 line("a", "forward only", 3)]
        rows = [row.split()[:5] for row in targets.ratio_table(Targets.CASES, lines)]
        self.assertIn(["a", "random", "prototype", "1000.0", "0.50"], rows)
        rows = [row.split()[:5] for row in targets.ratio_table(Targets.CASES, lines, "backward_ms")]
        self.assertIn(["a", "random", "prototype", "750.0", "0.50"], rows)
        self.assertEqual(len(rows), 3)

    def test_the_prototypes_chains_hold_what_its_library_has(self):
        names = ["transp_hier_det", "zero1", "dq_w2_k32", "coarse2_s4_7_9", "coarse2_det_s4_7_9", "fine_w1_s3",
                 "fine_w1_s4"]
        self.assertEqual(backward.prototype_steps(names), {
            "coarse2_det_s4_7_9, fine_w1_s3": [0, 2, 4, 5], "coarse2_det_s4_7_9, fine_w1_s4": [0, 2, 4, 6],
            "coarse2_s4_7_9, fine_w1_s3": [0, 2, 1, 3, 5], "coarse2_s4_7_9, fine_w1_s4": [0, 2, 1, 3, 6]})
        self.assertEqual(len(backward.prototype_steps(names[:4] + names[5:])), 2)

    def test_the_prototypes_memory_grows_with_the_tokens(self):
        less, more = (backward.prototype_bytes(8, tokens) for tokens in (16384, 65536))
        self.assertEqual(set(less) & set(backward.PrototypeArgs.TENSORS), set(less))
        for name in set(less) - {"cur"}:
            self.assertAlmostEqual(more[name] / less[name], 4, places=1, msg=name)

    def test_the_suite_follows_the_passes(self):
        self.assertTrue(peers.parse(["--grad"]).suite.endswith("gpu-grad.json"))
        self.assertTrue(peers.parse([]).suite.endswith("gpu-forward.json"))
        self.assertEqual(peers.parse(["--grad", "--suite=mine.json"]).suite, "mine.json")


@unittest.skipUnless(torch, "PyTorch is not installed")
class Autograd(unittest.TestCase):
    def setUp(self):
        generator = torch.Generator().manual_seed(0)
        self.inputs = [torch.randn(1, 2, 40, 8, generator=generator) for _ in range(3)]
        self.case = Case("x", "llsa", "B=1,H=2,N=40,D=8,dtype=f32")

    def test_a_peer_is_asked_for_both_passes_and_for_the_backward_alone(self):
        class Peer:
            def __init__(self):
                self.torch, self.asked = torch, 0

            def attention(self, case):
                def attend(*inputs):
                    self.asked += 1
                    return torch.nn.functional.scaled_dot_product_attention(*inputs)

                return attend

            def selections(self, case, inputs):
                return []

        peer, gradients = Peer(), inputs.result_gradients(torch, [self.inputs])
        prepared = backward.prepare(peer, self.case, [self.inputs], gradients)
        ((calls, alone),) = prepared.versions.values()
        asked = peer.asked
        both, again = calls[0](), alone[0]()
        self.assertEqual(peer.asked, asked + 1)
        self.assertTrue(all(torch.equal(x, y) for x, y in zip(both, again)))
        queries = torch.tensor([0, 17, 39])
        error = reference.query_gradient_error(torch, self.inputs, gradients[0], prepared.gradient, [], queries)
        self.assertLess(error, 1e-6)
        wrong = reference.query_gradient_error(torch, self.inputs, 2 * gradients[0], prepared.gradient, [], queries)
        self.assertGreater(wrong, 0.4)


class Plots(unittest.TestCase):
    def lines(self):
        lines = []
        for tokens in (16384, 65536, 1 << 20):
            shape = {"batch": 1, "heads": 4, "dim": 64, "tokens": tokens, "machine": "a <GPU>"}
            lines.append(line("x", "llsa", tokens / 1e6, levels=2, **shape))
            lines.append(line("y", "llsa", tokens / 2e6, levels=3, **shape))
            if tokens < 1 << 20:
                lines.append(line("x", "sdpa-flash", tokens**2 / 1e8, levels=2, **shape))
        lines.append(line("z", "llsa", 1, batch=2, heads=4, dim=64, tokens=16384, levels=2))
        return lines

    def test_the_shape_with_most_tokens_and_the_fastest_level_are_drawn(self):
        _, series = plot.series_of(self.lines(), "random")
        self.assertEqual(series["llsa"], [(n, n / 2e6) for n in (16384, 65536, 1 << 20)])
        self.assertEqual([n for n, _ in series["sdpa-flash"]], [16384, 65536])

    def test_speed_up_is_where_both_were_measured(self):
        _, series = plot.series_of(self.lines(), "random")
        (points,) = plot.speed_ups(series, "sdpa-flash").values()
        self.assertEqual([n for n, _ in points], [16384, 65536])
        self.assertAlmostEqual(points[1][1], 65536**2 / 1e8 / (65536 / 2e6))

    def test_the_figure_is_an_svg_with_a_curve_per_engine(self):
        root = ElementTree.fromstring(plot.speed_figure(self.lines()))
        name = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.tag, name + "svg")
        self.assertEqual(len(root.findall(f".//{name}polyline")), 3)  # two times, one speed-up
        self.assertEqual(len(root.findall(f".//{name}circle")), 3 + 2 + 2)
        width, height = (float(root.get(key)) for key in ("width", "height"))
        for circle in root.iter(name + "circle"):
            self.assertTrue(0 < float(circle.get("cx")) < width and 0 < float(circle.get("cy")) < height)

    def test_places_are_logarithmic(self):
        series = {"a": [(1024, 1.0), (4096, 10.0), (16384, 100.0)]}
        panel = plot.Panel(0, "", "", series, {"a": "red"})
        (x0, y0), (x1, y1), (x2, y2) = (panel.place(*point) for point in series["a"])
        self.assertAlmostEqual(x1 - x0, x2 - x1)
        self.assertAlmostEqual(y0 - y1, y1 - y2)
        self.assertGreater(y0, y1)

    def test_one_point_is_a_figure_too(self):
        one = [line("x", "llsa", 1, batch=1, heads=1, dim=64, tokens=4096, levels=1)]
        self.assertIn("4K", plot.speed_figure(one))

    def test_the_heading_says_what_was_measured(self):
        self.assertNotIn("backward", plot.speed_figure(self.lines()))
        both = [{**line, "backward_ms": 1.0} for line in self.lines()]
        self.assertIn("random data, forward and backward<", plot.speed_figure(both))

    def test_nothing_measured_is_said(self):
        with self.assertRaisesRegex(ValueError, "nothing was measured on structured data"):
            plot.speed_figure(self.lines(), "structured")


class Timing(unittest.TestCase):
    def test_graphs_hold_whole_turns_of_some_milliseconds(self):
        for ms in (1e-4, 0.05, 0.7, 19):
            for sets in (1, 3, 4):
                count = timing.calls_per_graph(ms, sets)
                self.assertEqual(count % sets, 0)
                self.assertTrue(count * ms >= timing.SAMPLE_MS or count > timing.MOST_CALLS - sets)
                self.assertLessEqual(count, timing.MOST_CALLS)

    def test_an_error_is_one_line(self):
        self.assertEqual(timing.first_line(ValueError("\n a\nb")), "ValueError:  a")
        self.assertEqual(timing.first_line(ValueError()), "ValueError")


if __name__ == "__main__":
    unittest.main()
