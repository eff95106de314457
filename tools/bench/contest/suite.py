"""Suites of cases (tools/llsa-bench/suites/*.json; Suite.h describes them)."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """What a case is held to. `of`: a peer's name; "case NAME": another case of
    this compiler; "memory": the bytes of inputs and outputs. One of
    `at_most` (this case / that) and `faster_by` (that / this case) is given."""

    of: str
    at_most: float = None
    faster_by: float = None
    aim: bool = False  # hoped for, not promised

    @staticmethod
    def parse(entry, where):
        known = {"of", "at_most", "faster_by", "aim"}
        if not isinstance(entry, dict) or set(entry) - known or "of" not in entry:
            raise ValueError(f"{where}: expected a target with 'of' and one of 'at_most' and 'faster_by', got {entry}")
        if ("at_most" in entry) == ("faster_by" in entry):
            raise ValueError(f"{where}: expected one of 'at_most' and 'faster_by', got {entry}")
        return Target(**entry)

    @property
    def limit(self):
        """The greatest ratio of this case to the other."""
        return self.at_most if self.at_most is not None else 1 / self.faster_by

    def __str__(self):
        text = f"at most {self.at_most:g} x" if self.at_most is not None else f"{self.faster_by:g} x faster than"
        return f"{text} {self.of}" + (" (aim)" if self.aim else "")


@dataclass(frozen=True)
class Case:
    name: str
    variant: str
    spec: str
    targets: tuple = field(default=())

    @property
    def fields(self):
        return dict(item.split("=", 1) for item in self.spec.split(","))

    def size(self, key, otherwise=None):
        value = self.fields.get(key, otherwise)
        return None if value is None else int(value)

    @property
    def shape(self):
        """[B, H, N, D]."""
        return tuple(self.size(key) for key in "BHND")

    @property
    def levels(self):
        """Coarse levels; None for a variant without a hierarchy."""
        return self.size("levels")


def read_suite(path):
    """The cases of a suite. Raises ValueError with the file, the case and what
    is wrong with it."""
    with open(path) as file:
        try:
            root = json.load(file)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}: {error}") from error
    if not isinstance(root, dict) or not isinstance(root.get("cases"), list):
        raise ValueError(f"{path}: expected a JSON object with a list 'cases'")
    cases = []
    for number, entry in enumerate(root["cases"], 1):
        where = f"{path}: case {number}"
        if not isinstance(entry, dict) or not all(isinstance(entry.get(k), str) for k in ("variant", "spec")):
            raise ValueError(f"{where}: expected texts 'variant' and 'spec', got {entry}")
        targets = tuple(Target.parse(target, where) for target in entry.get("targets", []))
        name = entry.get("name", f"{entry['variant']} {entry['spec']}")
        if name in (case.name for case in cases):
            raise ValueError(f"{where}: expected a name of its own, got {name!r} again")
        cases.append(Case(name, entry["variant"], entry["spec"], targets))
    names = {case.name for case in cases}
    for case in cases:
        for target in case.targets:
            if target.of.startswith("case ") and target.of[5:] not in names:
                raise ValueError(f"{path}: {case.name}: there is no {target.of}")
    return cases
