"""From measured times to ratios and verdicts. Plain numbers in, text out."""

from dataclasses import dataclass

OURS = "llsa"


@dataclass(frozen=True)
class Verdict:
    case: str
    target: object  # suite.Target
    input: str
    ratio: float  # this case to the other; None: one of them was not measured

    @property
    def met(self):
        return None if self.ratio is None else self.ratio <= self.target.limit

    def __str__(self):
        if self.ratio is None:
            measured, word = "not measured", ""
        elif self.target.faster_by is not None:
            measured, word = f"{1 / self.ratio:.2f} x faster", "met" if self.met else "MISSED"
        else:
            measured, word = f"{self.ratio:.3f} x", "met" if self.met else "MISSED"
        return f"{self.case:<24} {self.input:<11} {str(self.target):<38} {measured:>16}  {word}"


def times_of(lines, key="run_ms"):
    """{(case, engine, input): milliseconds} of JSON lines; the last one counts."""
    return {(line["case"], line["engine"], line["input"]): line[key] for line in lines if key in line}


def judge(cases, lines):
    """A verdict for every target of every case and kind of input."""
    times = times_of(lines)
    memory = {line["case"]: line["workspace_bytes"] / line["io_bytes"]
              for line in lines if line.get("engine") == OURS and line.get("io_bytes")}
    inputs = list(dict.fromkeys(line["input"] for line in lines if "run_ms" in line))
    verdicts = []
    for case in cases:
        for target in case.targets:
            if target.of == "memory":
                verdicts.append(Verdict(case.name, target, "any", memory.get(case.name)))
                continue
            other = (target.of[5:], OURS) if target.of.startswith("case ") else (case.name, target.of)
            for kind in inputs:
                ours, theirs = times.get((case.name, OURS, kind)), times.get((*other, kind))
                known = ours is not None and theirs is not None
                verdicts.append(Verdict(case.name, target, kind, ours / theirs if known else None))
    return verdicts


def ratio_table(cases, lines, key="run_ms"):
    """Rows of text: for each case, every engine's time (a line's `key`) and how
    much slower it is than this compiler's."""
    times = times_of(lines, key)
    rows = [f"{'case':<24} {'input':<11} {'engine':<18} {'us':>10} {'/ ours':>8}  error"]
    errors = {(line["case"], line["engine"], line["input"]): line.get("error") for line in lines}
    for case in cases:
        for (name, engine, kind), ms in times.items():
            if name != case.name:
                continue
            ours = times.get((name, OURS, kind))
            ratio = f"{ms / ours:.2f}" if ours else "-"
            error = errors.get((name, engine, kind))
            rows.append(f"{name:<24} {kind:<11} {engine:<18} {ms * 1e3:>10.1f} {ratio:>8}  "
                        + ("-" if error is None else f"{error:.2e}"))
    return rows


def roof_ms(line):
    """The least time for a line's bytes and flops at its measured rates."""
    seconds = 0.0
    if line.get("copy_bytes_per_s") and line.get("io_bytes"):
        seconds = line["io_bytes"] / line["copy_bytes_per_s"]
    if line.get("peak_flops_per_s") and line.get("flops"):
        seconds = max(seconds, line["flops"] / line["peak_flops_per_s"])
    return seconds * 1e3
