"""The race on a GPU: every case, on every kind of input, by every engine that is
there. Whoever fails costs one line; what was measured is on disk at once."""

import json
import sys
import time
from contextlib import nullcontext

from . import backward, engines, inputs, reference, targets, timing
from .suite import read_suite


class Entrant:
    """An engine in one case. `times` and `alone` (the backward's) have an entry
    for each round; `calls` and `backward` are those of its fastest version."""

    def __init__(self, engine):
        self.engine, self.prepared, self.version, self.gradients = engine, None, "", None
        self.calls, self.backward, self.times, self.alone = None, None, [], []


class Race:
    def __init__(self, torch, options):
        self.torch, self.options = torch, options
        self.lines, self.done = [], {}
        self.file = open(options.output, "a") if options.output else None
        self.deadline = time.monotonic() + options.budget
        self.rates = {}

    def say(self, text):
        print(text, flush=True)

    def record(self, line):
        self.lines.append(line)
        if self.file:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()

    def open_engines(self):
        opened = []
        for engine in engines.ENGINES:
            if self.options.engines and engine.name not in self.options.engines:
                continue
            try:
                opened.append(engine(self.torch, self.options))
            except Exception as error:
                self.say(f"{engine.name}: left out, {timing.first_line(error)}")
        return opened

    def check(self, engine, case, sets, prepared):
        """The error of the first set's output; None where nothing is promised."""
        if prepared.output is None or prepared.indices is None:
            return None
        if self.options.checked == 0:
            return None
        queries = reference.sample_queries(self.torch, case.shape[2], self.options.checked, "cuda")
        return reference.relative_error(self.torch, sets[0], prepared.output, prepared.indices, queries)

    def check_gradient(self, case, sets, gradients, prepared):
        """The error of the first set's dq, likewise."""
        if prepared.gradient is None or prepared.indices is None or self.options.checked == 0:
            return None
        queries = reference.sample_queries(self.torch, case.shape[2], self.options.checked, "cuda")
        return reference.query_gradient_error(self.torch, sets[0], gradients[0], prepared.gradient, prepared.indices,
                                              queries)

    def timed(self, calls):
        return timing.measure(self.torch, calls, rest=self.options.rest)

    def best(self, versions):
        """Times and name of the fastest version that works; its output is left."""
        found, problem = [], None
        for name, calls in versions.items():
            try:
                found.append((self.timed(calls), name))
            except RuntimeError as error:
                problem = error
        if not found:
            raise problem
        times, name = min(found, key=lambda pair: pair[0].median)
        if len(versions) > 1:
            versions[name][0]()
            self.torch.cuda.synchronize()
        return times, name

    def enter(self, engine, case, sets):
        """Prepares an engine and measures it for the first time."""
        entrant = Entrant(engine)
        if self.options.grad:
            entrant.gradients = inputs.result_gradients(self.torch, sets)
            with self.torch.enable_grad():
                entrant.prepared = backward.prepare(engine, case, sets, entrant.gradients)
                times, entrant.version = self.best(
                    {name: both for name, (both, _) in entrant.prepared.versions.items()})
                entrant.calls, entrant.backward = entrant.prepared.versions[entrant.version]
                entrant.alone = [self.timed(entrant.backward)]
        else:
            entrant.prepared = engine.prepare(case, sets)
            versions = entrant.prepared.versions or {"": entrant.prepared.calls}
            times, entrant.version = self.best(versions)
            entrant.calls = versions[entrant.version]
        entrant.times = [times]
        return entrant

    def again(self, entrant):
        """One more round."""
        with self.torch.enable_grad() if self.options.grad else nullcontext():
            entrant.times.append(self.timed(entrant.calls))
            if entrant.backward:
                entrant.alone.append(self.timed(entrant.backward))

    def result(self, entrant, case, kind, sets):
        """The JSON line of an engine whose rounds are over. With --grad `run_ms`
        is of both passes, `backward_ms` of the backward alone."""
        line = self.line(entrant.engine, case, kind, timing.merge(entrant.times), entrant.version)
        line["rounds_ms"] = [times.median for times in entrant.times]
        if self.options.grad:
            alone = timing.merge(entrant.alone)
            line.update({"pass": "forward+backward", "backward_ms": alone.median, "backward_min_ms": alone.least,
                         "backward_max_ms": alone.greatest, "backward_graph": alone.graph,
                         "error": self.check_gradient(case, sets, entrant.gradients, entrant.prepared)})
            return line
        line["error"] = self.check(entrant.engine, case, sets, entrant.prepared)
        if isinstance(entrant.engine, engines.Ours):
            line.update(entrant.engine.facts(case))
            line["roof_ms"] = targets.roof_ms(line)
        return line

    def line(self, engine, case, kind, times, version):
        batch, heads, tokens, dim = case.shape
        return {"case": case.name, "engine": engine.name, "input": kind, "spec": case.spec, "batch": batch,
                "heads": heads, "tokens": tokens, "dim": dim, "levels": case.levels, "run_ms": times.median,
                "min_ms": times.least, "max_ms": times.greatest, "runs": times.count, "graph": times.graph,
                "eager_ms": times.eager, "note": times.note, "version": version,
                "rest_s": self.options.rest, **self.rates}

    def key(self, engine, case, kind):
        """Of a peer without levels: what is measured once for all cases."""
        return None if engine.has_levels else (engine.name, case.shape, case.levels is None, kind)

    def guarded(self, engine, work):
        """What `work` gives; None, and a line of text, where the engine fails."""
        try:
            return work()
        except engines.Unsupported:
            return None
        except Exception as error:
            self.say(f"  {engine.name:<14} failed: {timing.first_line(error)}")
            self.torch.cuda.synchronize()  # raises where the GPU can do no more
            return None

    def start(self, engine, case, kind, sets):
        """The engine's entrant; None where it has none to measure."""
        key = self.key(engine, case, kind)
        if key in self.done:
            self.record({**self.done[key], "case": case.name, "levels": case.levels, "spec": case.spec})
            self.say(f"  {engine.name:<14} {self.done[key]['run_ms'] * 1e3:10.1f} us, as measured above")
            return None
        late = time.monotonic() > self.deadline
        if late and engine.name not in (targets.OURS, "prototype"):
            self.say(f"  {engine.name:<14} left out: the time is used up")
            return None
        return self.guarded(engine, lambda: self.enter(engine, case, sets))

    def end(self, entrant, case, kind, sets):
        line = self.guarded(entrant.engine, lambda: self.result(entrant, case, kind, sets))
        if not line:
            return
        key = self.key(entrant.engine, case, kind)
        if key:
            self.done[key] = line
        self.record(line)
        error = "" if line["error"] is None else f", error {line['error']:.2e}"
        roof = f", {100 * line['roof_ms'] / line['run_ms']:.0f}% of the roof" if line.get("roof_ms") else ""
        eager = f", eager {line['eager_ms'] * 1e3:.1f}" if line["graph"] else f", no graph ({line['note']})"
        if "backward_ms" in line:
            eager += f", backward {line['backward_ms'] * 1e3:.1f} us" + ("" if line["backward_graph"] else ", no graph")
        self.say(f"  {entrant.engine.name:<14} {line['run_ms'] * 1e3:10.1f} us ({line['min_ms'] * 1e3:.1f} - "
                 f"{line['max_ms'] * 1e3:.1f}){eager}{error}{roof} {line['version']}")

    def race_case(self, opened, case, kind, sets):
        """One round: every engine alone, one behind the other. Several: all stay
        there and take turns, so that what changes with time (clocks, where
        memory lies) meets all alike."""
        if self.options.rounds == 1:
            for engine in opened:
                if entrant := self.start(engine, case, kind, sets):
                    self.end(entrant, case, kind, sets)
                del entrant
                self.torch.cuda.empty_cache()
            return
        entrants = [e for e in (self.start(engine, case, kind, sets) for engine in opened) if e]
        for _ in range(self.options.rounds - 1):
            for entrant in entrants:
                self.guarded(entrant.engine, lambda: self.again(entrant))
        for entrant in entrants:
            self.end(entrant, case, kind, sets)
        del entrants
        self.torch.cuda.empty_cache()

    def run(self, cases):
        torch, options = self.torch, self.options
        self.rates = {"machine": torch.cuda.get_device_name(), "copy_bytes_per_s": timing.copy_rate(torch),
                      "peak_flops_per_s": timing.matmul_rate(torch, torch.bfloat16)}
        self.say(f"{self.rates['machine']}, torch {torch.__version__}: copies "
                 f"{self.rates['copy_bytes_per_s'] * 1e-9:.0f} GB/s, bf16 matrix products "
                 f"{self.rates['peak_flops_per_s'] * 1e-12:.0f} TFLOP/s")
        opened = self.open_engines()
        for case in cases:
            for kind in options.inputs:
                self.say(f"{case.name}, {kind}")
                dtype = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}[case.fields["dtype"]]
                try:
                    sets = inputs.input_sets(torch, kind, case.shape, options.sets, "cuda", dtype)
                    self.race_case(opened, case, kind, sets)
                except Exception as error:
                    self.say(f"  stopped: {timing.first_line(error)}")
                    return
                del sets


def race(torch, options):
    """The exit status: with --strict 1 where a promised target was missed."""
    cases = [case for case in read_suite(options.suite)
             if not options.only or any(part in case.name for part in options.only)]
    race = Race(torch, options)
    # Autograd runs a backward where its forward ran, so what shall be captured
    # runs on the stream of the capture from the beginning.
    with torch.no_grad(), torch.cuda.stream(torch.cuda.Stream()) if options.grad else nullcontext():
        race.run(cases)
    if options.grad:
        print("\nforward and backward")
    print("\n" + "\n".join(targets.ratio_table(cases, race.lines)))
    if options.grad:
        print("\nbackward alone\n" + "\n".join(targets.ratio_table(cases, race.lines, "backward_ms")))
    verdicts = targets.judge(cases, race.lines)
    print("\ntargets\n" + "\n".join(str(verdict) for verdict in verdicts))
    if options.plot and race.lines:
        from . import plot

        with open(options.plot, "w") as file:
            file.write(plot.speed_figure(race.lines))
    missed = [v for v in verdicts if v.met is False and not v.target.aim]
    print(f"{len(missed)} of {len(verdicts)} targets missed", file=sys.stderr)
    return 1 if missed and options.strict else 0
