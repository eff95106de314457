"""Time and speed-up against tokens as an SVG file, from JSON lines of peers.py
or llsa-bench. Written as text: nothing is needed to draw or to look at it but a
browser."""

import math
from xml.sax.saxutils import escape

# Okabe and Ito's colours, told apart by most eyes.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 40, 48
STYLE = "font-family='sans-serif' font-size='12'"


def series_of(lines, kind):
    """Heading, and {engine: [(tokens, milliseconds)]} ascending. Of the shapes
    [batch, heads, dim], the one that was measured at most numbers of tokens; of
    several levels at one number of tokens, the fastest."""
    lines = [line for line in lines if line["input"] == kind and "run_ms" in line]
    tokens = {}
    for line in lines:
        tokens.setdefault((line["batch"], line["heads"], line["dim"]), set()).add(line["tokens"])
    if not tokens:
        return "", {}
    shape = max(tokens, key=lambda key: len(tokens[key]))
    best = {}
    for line in lines:
        if (line["batch"], line["heads"], line["dim"]) == shape:
            engine = line["engine"]
            if engine == "llsa" and line["levels"] is None:
                engine = "llsa, dense"
            points = best.setdefault(engine, {})
            points[line["tokens"]] = min(line["run_ms"], points.get(line["tokens"], math.inf))
    batch, heads, dim = shape
    machine = next((line["machine"] for line in lines if line.get("machine")), "")
    what = ", forward and backward" if any("backward_ms" in line for line in lines) else ""
    heading = f"{machine}, {batch} x {heads} heads of {dim}, {kind} data{what}".lstrip(", ")
    return heading, {engine: sorted(points.items()) for engine, points in best.items()}


def speed_ups(series, baseline):
    """{engine: [(tokens, baseline's time / its time)]} where both were measured."""
    base = dict(series.get(baseline, ()))
    return {engine: [(n, base[n] / ms) for n, ms in points if n in base]
            for engine, points in series.items() if engine != baseline and any(n in base for n, _ in points)}


def decades(low, high):
    """Powers of ten around [low, high]."""
    first = math.floor(math.log10(low) + 1e-9)
    last = max(math.ceil(math.log10(high) - 1e-9), first + 1)
    return [10.0**power for power in range(first, last + 1)]


def number_text(value):
    return f"{value:.0f}" if value >= 1 else f"{value:g}"


def tokens_text(tokens):
    for unit, size in (("M", 1 << 20), ("K", 1 << 10)):
        if tokens >= size and tokens % size == 0:
            return f"{tokens // size}{unit}"
    return str(tokens)


class Panel:
    """One diagram, both axes logarithmic."""

    def __init__(self, x, title, label, series, colours):
        self.x, self.parts = x, []
        ns = sorted({n for points in series.values() for n, _ in points})
        values = [value for points in series.values() for _, value in points]
        ticks = decades(min(values), max(values))
        self.x_range = (math.log2(ns[0]), math.log2(ns[-1]) if len(ns) > 1 else math.log2(ns[0]) + 1)
        self.y_range = (math.log10(ticks[0]), math.log10(ticks[-1]))
        self.text(WIDTH / 2, TOP - 12, title, "middle")
        for tick in ticks:
            y = self.place(ns[0], tick)[1]
            self.line(LEFT, y, WIDTH - RIGHT, y, "#dddddd")
            self.text(LEFT - 6, y + 4, number_text(tick), "end")
        for n in ns:
            at = self.place(n, ticks[0])[0]
            self.line(at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 4, "#000000")
            self.text(at, HEIGHT - BOTTOM + 18, tokens_text(n), "middle")
        self.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "#000000")
        self.line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "#000000")
        self.text(WIDTH / 2, HEIGHT - 10, "tokens", "middle")
        self.parts.append(f"<text {STYLE} text-anchor='middle' transform='translate({self.x + 16:.1f},"
                          f"{(HEIGHT - BOTTOM + TOP) / 2:.1f}) rotate(-90)'>{escape(label)}</text>")
        for engine, points in series.items():
            places = [self.place(*point) for point in points]
            path = " ".join(f"{self.x + px:.1f},{py:.1f}" for px, py in places)
            self.parts.append(f"<polyline fill='none' stroke='{colours[engine]}' stroke-width='2' points='{path}'/>")
            self.parts += [f"<circle cx='{self.x + px:.1f}' cy='{py:.1f}' r='3' fill='{colours[engine]}'>"
                           f"<title>{escape(engine)}, {n} tokens: {value:.4g}</title></circle>"
                           for (px, py), (n, value) in zip(places, points)]

    def place(self, tokens, value):
        across = (math.log2(tokens) - self.x_range[0]) / (self.x_range[1] - self.x_range[0])
        up = (math.log10(value) - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return (LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))

    def line(self, x1, y1, x2, y2, colour):
        self.parts.append(f"<line x1='{self.x + x1:.1f}' y1='{y1:.1f}' x2='{self.x + x2:.1f}' y2='{y2:.1f}' "
                          f"stroke='{colour}'/>")

    def text(self, x, y, text, anchor):
        self.parts.append(f"<text {STYLE} x='{self.x + x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>"
                          f"{escape(text)}</text>")


def baseline_of(series):
    """What speed-ups are over: full attention, the best known one first."""
    return next((name for name in ("sdpa-flash", "sdpa-cudnn", "llsa, dense") if name in series), None)


def speed_figure(lines, kind="random"):
    """The SVG text: time, and speed-up where full attention was measured."""
    heading, series = series_of(lines, kind)
    if not series:
        raise ValueError(f"nothing was measured on {kind} data")
    colours = {engine: COLOURS[i % len(COLOURS)] for i, engine in enumerate(series)}
    panels = [Panel(0, "time", "milliseconds", series, colours)]
    baseline = baseline_of(series)
    faster = speed_ups(series, baseline) if baseline else {}
    if faster:
        panels.append(Panel(WIDTH, f"speed-up over {baseline}", "times faster", faster, colours))
    legend_x = WIDTH * len(panels)
    legend = [f"<g><rect x='{legend_x}' y='{TOP + 20 * i}' width='12' height='12' fill='{colours[engine]}'/>"
              f"<text {STYLE} x='{legend_x + 18}' y='{TOP + 20 * i + 10}'>{escape(engine)}</text></g>"
              for i, engine in enumerate(series)]
    width = legend_x + 130
    return "\n".join([f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{HEIGHT}' "
                      f"viewBox='0 0 {width} {HEIGHT}'>",
                      f"<rect width='{width}' height='{HEIGHT}' fill='white'/>",
                      f"<text {STYLE} x='{LEFT}' y='14' font-weight='bold'>{escape(heading)}</text>",
                      *(part for panel in panels for part in panel.parts), *legend, "</svg>", ""])
