"""The graph that every tool is given: layers of stages, each of which reads two stages of the layer before.

A stage is `sh step.sh OUTPUT INPUT...`: it adds the numbers in its inputs, writes the sum, and appends a line to the
file named by `BENCHMARK_LOG`, by which the stages that ran are counted. It uses nothing but the shell's own words, so
that a stage costs the start of one process and little else.

Half-way, one stage reads a file of its own, `data/middle.txt`. When that changes, this stage runs again, two of the
layer below it, three of the next, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

MODULUS = 1_000_003  # a prime, so that a change of one input reaches the last layer

STEP = f"""\
out=$1
shift
sum=1
for each in "$@"; do
  read -r number < "$each"
  sum=$(( (sum + number) % {MODULUS} ))
done
echo "$sum" > "$out"
echo "$out" >> "$BENCHMARK_LOG"
"""

START, MIDDLE = "data/start.txt", "data/middle.txt"


@dataclass(frozen=True)
class Stage:
    name: str
    before: tuple[str, ...]  # stages
    files: tuple[str, ...]  # of the project

    @property
    def output(self) -> str:
        return _path(self.name)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*map(_path, self.before), *self.files)

    @property
    def command(self) -> str:
        return " ".join(["sh step.sh", self.output, *self.inputs])


@dataclass(frozen=True)
class Graph:
    size: int

    @cached_property
    def width(self) -> int:
        """Stages of a layer: more than there are layers below the middle, so that the change never fills one."""
        return max(1, round((self.size * 0.625) ** 0.5))

    @cached_property
    def middle(self) -> int:
        return self.size // self.width // 2 * self.width

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stage(number) for number in range(self.size))

    def _stage(self, number: int) -> Stage:
        layer, column = divmod(number, self.width)
        above = [(layer - 1) * self.width + c % self.width for c in (column, column + 1)] if layer else []
        files = ([] if layer else [START]) + ([MIDDLE] if number == self.middle else [])
        return Stage(_name(number), tuple(dict.fromkeys(map(_name, above))), tuple(files))

    @cached_property
    def last(self) -> tuple[Stage, ...]:
        """The stages that no other reads."""
        read = {name for stage in self.stages for name in stage.before}
        return tuple(stage for stage in self.stages if stage.name not in read)

    def after_the_change(self) -> set[str]:
        """The stages that a change of `data/middle.txt` reaches."""
        reached = {_name(self.middle)}
        for stage in self.stages:
            if reached.intersection(stage.before):
                reached.add(stage.name)
        return reached

    def results(self, start: int, middle: int) -> dict[str, str]:
        """What each stage should write."""
        files, found = {START: start, MIDDLE: middle}, {}
        for stage in self.stages:
            numbers = [found[name] for name in stage.before] + [files[name] for name in stage.files]
            found[stage.name] = (1 + sum(numbers)) % MODULUS
        return {name: f"{number}\n" for name, number in found.items()}


def _name(number: int) -> str:
    return f"s{number:05d}"


def _path(name: str) -> str:
    return f"out/{name}.txt"
