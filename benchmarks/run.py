"""How long a run of 1,000 stages takes: the first one, one with nothing to do, and one after a change in the middle.

    python benchmarks/run.py [--stages 1000] [--repeat 3] [--only ours make ninja]
    python benchmarks/run.py --hashing [--size 512MiB] [--repeat 5]

Run it with the Python that mlopsc is installed in. Each tool gets the same graph of the same programs (`same_graph/`),
a folder, and an environment of its own (`.engines/runs-benchmark/NAME`, pinned in `same_graph/NAME.txt`; make is the
system's). They take turns, round by round, so that a machine that slows down slows all of them; every round begins with
a new folder, a git repository with all committed. After every run what the stages wrote is compared with what they
should have written, and how many ran with how many should have.

`--hashing` compares our digests of large files with `openssl dgst -sha256`, on one core and on all.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from hashing import compare_digests  # noqa: E402
from same_graph.graph import MIDDLE, START, STEP, Graph  # noqa: E402
from same_graph.tools import ENVIRONMENT, JOBS, TOOLS, Tool  # noqa: E402

HOME = HERE.parent / ".engines/runs-benchmark"
CASES = ("first run", "nothing to do", "a change in the middle")
IGNORED = "/out/\n/.mlops/\n/.snakemake/\n/.doit.db*\n/.ninja_*\n"
SETTLED = 2.5  # seconds; files that were written just now are asked for their contents again


class WrongError(Exception):
    """A tool left something undone, or did too much."""


@dataclass
class Measured:
    """Whole processes with all that they started: seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        self.wall.append(wall)
        self.cpu.append(cpu)


@dataclass
class Project:
    """The folder of one tool, as new."""

    tool: Tool
    graph: Graph
    folder: Path
    middle: int = 1
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder.with_suffix(".log")
        for name in ("data", "out"):
            (self.folder / name).mkdir(parents=True)
        common = {START: "1\n", MIDDLE: "1\n", "step.sh": STEP, ".gitignore": IGNORED}
        for name, text in {**common, **self.tool.files(self.graph)}.items():
            (self.folder / name).write_text(text, "utf-8")
        said = ("-c", "user.name=benchmark", "-c", "user.email=ops@example.org", "-c", "gc.auto=0")
        self._call("git", "init", "--quiet")
        if self.tool.prepare:
            self._call(self.tool.program(HOME)[0], *self.tool.prepare)
        self._call("git", "add", ".")
        self._call("git", *said, "commit", "--quiet", "-m", "as it is")

    def _call(self, *command: str) -> None:
        subprocess.run(command, cwd=self.folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)

    def change(self) -> None:
        self.middle += 1
        (self.folder / MIDDLE).write_text(f"{self.middle}\n", "utf-8")

    def run(self, case: str, into: Measured) -> None:
        """Runs the tool, measures it and looks at what it did. Raises WrongError."""
        self.log.write_text("", "utf-8")
        wall, cpu = timed(self.tool.program(HOME), self.folder, {"BENCHMARK_LOG": str(self.log)})
        into.add(wall, cpu)
        ran = len(self.log.read_text("utf-8").splitlines())
        counts = (self.graph.size, 0, len(self.graph.after_the_change()))
        expected = dict(zip(CASES, counts, strict=True))[case]
        if ran != expected:
            raise WrongError(f"{self.tool.name}, {case}: {ran} stages ran, and {expected} should have")
        found, wanted = self.tool.results_in(self.folder, self.graph), self.graph.results(1, self.middle)
        if wrong := [name for name in wanted if found.get(name) != wanted[name]]:
            raise WrongError(f"{self.tool.name}, {case}: {len(wrong)} results are not right, the first is {wrong[0]}")


def timed(command: list[str], folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Seconds by the clock and of processors, with all child processes."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env={**ENVIRONMENT, **env}, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            tail = said.read().decode(errors="replace")[-2000:]
            raise WrongError(f"{' '.join(command)} ended with {child.returncode}:\n{tail}")
    return wall, used.ru_utime + used.ru_stime


def install(names: Sequence[str]) -> None:
    """Makes the pinned environments that are not there, or whose pins have changed."""
    for name in names:
        pins, home = HERE / f"same_graph/{name}.txt", HOME / name
        stamp = home / "installed.txt"
        if not pins.is_file() or (stamp.is_file() and stamp.read_text("utf-8") == pins.read_text("utf-8")):
            continue
        print(f"making the environment of {name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([home / "bin/python", "-m", "pip", "install", "-q", "--compile", "-r", pins], check=True)
        shutil.copyfile(pins, stamp)


def one_round(tool: Tool, graph: Graph, found: dict[str, Measured], pause: float) -> None:
    with tempfile.TemporaryDirectory(prefix=f"benchmark-{tool.name}-") as folder:
        project = Project(tool, graph, Path(folder) / "project")
        for case in CASES:
            time.sleep(pause)
            if case == CASES[2]:
                project.change()
            project.run(case, found[case])


def compare(stages: int, repeat: int, only: Sequence[str], pause: float) -> int:
    install(only)
    graph = Graph(stages)
    found = {name: {case: Measured() for case in CASES} for name in only}
    begun = os.getloadavg()[0]
    for turn in range(repeat):
        for name in only:
            print(f"round {turn + 1}: {name}", file=sys.stderr)
            one_round(TOOLS[name], graph, found[name], pause)
    print(
        f"{stages:,} stages, {len(graph.after_the_change()):,} of them after the change, {JOBS} at once (DVC: one), "
        f"{os.cpu_count()} processors, median of {repeat}; load average {begun:.1f} to {os.getloadavg()[0]:.1f}"
    )
    for case in CASES:
        print(f"\n{case}\n\n| | by the clock | least | processor time | of ninja's |\n| --- | --- | --- | --- | --- |")
        base = statistics.median(found["ninja"][case].cpu) if "ninja" in found else None
        for name, cases in sorted(found.items(), key=lambda f: statistics.median(f[1][case].cpu)):
            print(row(name, cases[case], base))
    print("\nAll wrote the same, and ran as many stages as they should.")
    return 0


def row(name: str, measured: Measured, base: float | None) -> str:
    wall, cpu = statistics.median(measured.wall), statistics.median(measured.cpu)
    ratio = f"{cpu / base:,.1f}" if base else "?"
    return f"| {name} | {wall:,.3f} s | {min(measured.wall):,.3f} s | {cpu:,.3f} s | {ratio} |"


def size_of(text: str) -> int:
    number, unit = text.rstrip("KMGiB"), text.lstrip("0123456789")
    return int(number) * {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[unit]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, default=1000)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--only", nargs="+", choices=tuple(TOOLS), default=list(TOOLS))
    parser.add_argument("--pause", type=float, default=SETTLED, help="seconds before each run, for files to settle")
    parser.add_argument("--hashing", action="store_true", help="digests of large files instead")
    parser.add_argument("--size", type=size_of, default="512MiB", help="of each of the files of --hashing")
    options = parser.parse_args()
    if options.hashing:
        return compare_digests(options.size, options.repeat or 5)
    try:
        return compare(options.stages, options.repeat or 3, options.only, options.pause)
    except WrongError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
