"""Milliseconds per call on a GPU: CUDA events around the replay of a graph of
some calls, so that the host's part of a launch does not count."""

import statistics
import time
from dataclasses import dataclass

SAMPLE_MS = 2.0  # a graph holds about so much work
WARM_MS = 30.0  # the clocks rise while the GPU works
LONG_MS = 20.0  # longer calls are timed one by one, without a graph
MOST_CALLS = 60


@dataclass
class Times:
    median: float
    least: float
    greatest: float
    count: int
    graph: bool  # whether calls were replayed
    eager: float  # milliseconds per call without a graph
    note: str = ""  # why there is no graph


def summarise(samples, graph, eager, note=""):
    return Times(statistics.median(samples), min(samples), max(samples), len(samples), graph, eager, note)


def merge(rounds):
    """Times of several rounds as one: the median of their medians."""
    last = rounds[-1]
    return Times(statistics.median(times.median for times in rounds), min(times.least for times in rounds),
                 max(times.greatest for times in rounds), sum(times.count for times in rounds),
                 all(times.graph for times in rounds), statistics.median(times.eager for times in rounds), last.note)


def calls_per_graph(call_ms, sets):
    """A multiple of the number of input sets."""
    turns = int(SAMPLE_MS / max(call_ms * sets, 1e-3)) + 1
    return sets * max(1, min(turns, MOST_CALLS // sets))


def event_ms(torch, work):
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    stop.record()
    stop.synchronize()
    return start.elapsed_time(stop)


def measure(torch, calls, samples=15, seconds=1.5, rest=0.0):
    """Times of `calls`, which take turns: one function per input set. For `rest`
    seconds the GPU has nothing to do before: many kernels take more power than a
    card may for long, and what ran a moment ago would lower their clocks."""

    def all_calls():
        for call in calls:
            call()

    for _ in range(2):  # compiles, tunes, allocates
        all_calls()
    torch.cuda.synchronize()
    eager = statistics.median(event_ms(torch, all_calls) for _ in range(3)) / len(calls)
    time.sleep(rest)
    if eager > LONG_MS:
        return summarise([event_ms(torch, calls[i % len(calls)]) for i in range(3)], False, eager, "long")

    count = calls_per_graph(eager, len(calls))
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.current_stream()
    if stream == torch.cuda.default_stream():
        stream = None  # which cannot be captured: PyTorch takes one of its own
    try:
        with torch.cuda.graph(graph, stream=stream):
            for i in range(count):
                calls[i % len(calls)]()
    except Exception as error:  # what cannot be captured can still be timed
        torch.cuda.synchronize()
        times = [event_ms(torch, all_calls) / len(calls) for _ in range(samples)]
        return summarise(times, False, eager, first_line(error))
    times, warm, spent = [], 0.0, 0.0
    while len(times) < samples:
        ms = event_ms(torch, graph.replay)
        if warm < WARM_MS:
            warm += ms
            continue
        times.append(ms / count)
        spent += ms
        if spent > seconds * 1e3 and len(times) >= 3:
            break
    result = summarise(times, True, eager)
    graph.reset()
    return result


def first_line(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")


def copy_rate(torch):
    """Bytes per second, read and written, of a copy on the GPU."""
    source = torch.empty(1 << 29, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    ms = measure(torch, [lambda: target.copy_(source)]).median
    return 2 * source.numel() / (ms * 1e-3)


def matmul_rate(torch, dtype):
    """Flops per second of a large matrix product of random numbers."""
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
    out = torch.empty(n, n, device="cuda", dtype=dtype)
    ms = measure(torch, [lambda: torch.matmul(a, b, out=out)]).median
    return 2 * n**3 / (ms * 1e-3)
