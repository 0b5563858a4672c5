"""How long guards take on a Parquet file, and how much memory: twenty rules in mlopsc, in other tools, by hand.

    python benchmarks/guards.py [--rows 10000000] [--repeat 5] [--only ours by_hand] [--shuffled]
    python benchmarks/guards.py --large [--rows 50000000]

Run it with the Python that mlopsc is installed in. It makes an environment of its own in `.engines/guards-benchmark`
(pinned in `same_rules/requirements.txt`) and the data beside it; every tool is a whole process of that environment,
start-up and imports included. Tools take turns, so that a machine that slows down slows all of them. All must come to
the same outcome for every rule that they can express, two of which do not hold.

`--large` measures ours alone on what asks for most memory: keys, distinct values, quantiles, slices and auc.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
RULES = HERE / "same_rules"
HOME = HERE.parent / ".engines/guards-benchmark"
OTHERS = ("by_hand", "with_pandera", "with_pointblank", "with_great_expectations")
RULE_COUNT = 20

# The same rows for the same version of DuckDB: `hash` is its own.
ROWS = """
COPY (
  SELECT *, score > 0.5 AS predicted FROM (
    SELECT
      {id} AS id,
      TIMESTAMP '2026-01-01' + to_seconds(i * 31536000 // {rows}) AS departed,
      departed + to_minutes(40 + pick(i, 12, 400)) AS arrived,
      ['9E', 'AA', 'B6', 'DL', 'EV', 'F9', 'MQ', 'UA', 'US', 'WN'][1 + pick(i, 1, 10)] AS carrier,
      printf('N%05d', pick(i, 2, 40000)) AS tail,
      ['EWR', 'JFK', 'LGA'][1 + pick(i, 3, 3)] AS origin,
      ['ATL', 'BOS', 'CLT', 'DEN', 'DFW', 'FLL', 'IAH', 'LAX', 'MCO', 'MIA', 'ORD', 'PHX', 'SEA', 'SFO'
      ][1 + pick(i, 4, 14)] AS dest,
      80 + pick(i, 5, 2500) AS distance,
      CASE WHEN pick(i, 6, 100) > 0 THEN pick(i, 7, 400) - 60 END AS dep_delay,
      CASE WHEN pick(i, 6, 100) > 0 AND pick(i, 8, 200) > 0 THEN pick(i, 7, 400) - 70 + pick(i, 9, 21) END AS arr_delay,
      pick(i, 10, 1000000) / 1e6 AS score,
      pick(i, 11, 1000000) < pick(i, 10, 1000000) AS late
    FROM range({rows}) AS r(i)
  )
) TO '{path}' (FORMAT parquet)
"""

LARGE = """mlops 1

pipeline benchmark { owner = "ops@example.org" }
version { code = off }
source flights { uri = "flights.parquet", version = mtime }

guard flights_sane on flights {
  rows >= 1
  unique(id)
  unique(carrier, tail, departed) else warn
  distinct(tail) >= 1_000
  distinct(arrived) >= 1_000
  quantile(score, 99%) <= 1
  median(dep_delay) <= 200
  accuracy(late, predicted) by origin >= 0.7
  mean(dep_delay) by carrier <= 200
  distinct(tail) by origin >= 100
  auc(late, score) >= 0.7
}
"""


@dataclass
class Measured:
    """Whole processes: seconds and bytes."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    outcomes: dict[str, bool] = field(default_factory=dict)

    def row(self, name: str) -> str:
        wall, cpu = statistics.median(self.wall), statistics.median(self.cpu)
        return (
            f"| {name} | {wall:.2f} s | {min(self.wall):.2f} s | {cpu:.2f} s | {max(self.memory) / 2**20:,.0f} MiB "
            f"| {len(self.outcomes)} |"
        )


def environment() -> Path:
    """The Python of the pinned environment, made when there is none or its pins have changed."""
    python, pins = HOME / "venv/bin/python", RULES / "requirements.txt"
    stamp = HOME / "installed.txt"
    if not (python.is_file() and stamp.is_file() and stamp.read_text("utf-8") == pins.read_text("utf-8")):
        HOME.mkdir(parents=True, exist_ok=True)
        print("making the environment …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--compile", "-r", pins], check=True)
        shutil.copyfile(pins, stamp)
    return python


def flights(rows: int, shuffled: bool = False) -> Path:
    """The data, made once. The ids rise from row to row; shuffled, each is a prime further, and round again."""
    import duckdb

    path = HOME / f"flights-{rows}{'-shuffled' if shuffled else ''}.parquet"
    id_ = f"(i * 1000003) % {rows}" if shuffled else "i"
    if not path.is_file():
        print(f"making {rows:,} rows …", file=sys.stderr)
        aside = path.with_suffix(".part")
        connection = duckdb.connect(config={"memory_limit": "1GiB"})
        connection.execute("CREATE MACRO pick(i, salt, n) AS CAST(hash(i, salt) % n AS INTEGER)")
        connection.execute(ROWS.format(rows=rows, path=aside, id=id_))
        aside.replace(path)
    return path


def whole_process(command: list[str], cwd: Path, into: Measured) -> str:
    """Runs a command and adds what it took; returns what it printed."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.PIPE)
        assert child.stderr is not None
        errors = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        into.wall.append(time.perf_counter() - began)
        into.cpu.append(used.ru_utime + used.ru_stime)
        into.memory.append(used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        if child.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{errors.decode()}")
        out.seek(0)
        return out.read().decode()


class Ours:
    """A spec, built for the local target; its guard is run as every engine runs it: one node, by the runtime."""

    def __init__(self, python: Path, spec: str, data: Path, folder: Path) -> None:
        self.python, self.folder, self.runs = python, folder, 0
        os.link(data, folder / "flights.parquet")
        (folder / "flights.mlops").write_text(spec, "utf-8")
        mlopsc = Path(sys.executable).with_name("mlopsc")
        subprocess.run(
            [mlopsc, "build", "flights.mlops", "--target", "local"], cwd=folder, check=True, capture_output=True
        )

    def measure(self, into: Measured) -> str:
        """One run of the guard; its source's record, which other nodes of the run share, is there before."""
        self.runs += 1
        self._node("flights", Measured())
        said = self._node("flights_sane", into)
        record = json.loads((self.folder / f".mlops/runs/r{self.runs}/flights_sane.json").read_text("utf-8"))
        into.outcomes = {str(i): rule["outcome"] == "passed" for i, rule in enumerate(record["rules"], 1)}
        return said

    def _node(self, name: str, into: Measured) -> str:
        command = [str(self.python), "build/local/mlops.pyz", "node", name, "--run", f"r{self.runs}", "--root", "."]
        return whole_process([*command, "--plan", "build/local/plan.json"], self.folder, into)


def other(python: Path, name: str, data: Path, rows: int) -> Callable[[Measured], None]:
    def measure(into: Measured) -> None:
        said = whole_process([str(python), str(RULES / f"{name}.py"), str(data), str(rows)], RULES, into)
        into.outcomes = json.loads(said.splitlines()[-1])

    return measure


def disagreements(found: dict[str, Measured]) -> list[str]:
    """Where a tool comes to another outcome than the query by hand, or to none."""
    said = []
    expected = found["by_hand"].outcomes
    for name, measured in found.items():
        missing = sorted(set(map(str, range(1, RULE_COUNT + 1))) - measured.outcomes.keys(), key=int)
        if missing:
            said.append(f"{name} cannot express rule {', '.join(missing)}")
        wrong = [n for n, outcome in measured.outcomes.items() if n in expected and outcome != expected[n]]
        if wrong:
            said.append(f"{name} DISAGREES about rule {', '.join(wrong)}")
    return said


def compare(python: Path, rows: int, repeat: int, only: list[str], shuffled: bool) -> int:
    data = flights(rows, shuffled)
    spec = (RULES / "flights.mlops").read_text("utf-8").replace("10_000_000", str(rows))
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        ours = Ours(python, spec, data, Path(folder))
        runners: dict[str, Callable[[Measured], object]] = {"ours": ours.measure}
        runners |= {name: other(python, name, data, rows) for name in OTHERS}
        runners = {name: run for name, run in runners.items() if name in only or name == "by_hand"}
        found = {name: Measured() for name in runners}
        for turn in range(repeat + 1):
            for name, run in runners.items():
                run(found[name] if turn else Measured())  # the first turn warms up the file system's cache
    print(f"{rows:,} rows, {repeat} runs each after one to warm up; load average {os.getloadavg()[0]:.1f}\n")
    print("| | wall, median | wall, least | processor | peak memory | rules |\n| --- | --- | --- | --- | --- | --- |")
    for name, measured in sorted(found.items(), key=lambda f: statistics.median(f[1].wall)):
        print(measured.row(name))
    problems = disagreements(found)
    print("\n" + ("\n".join(problems) or "All agree on every rule."))
    return int(any("DISAGREES" in problem for problem in problems))


def large(python: Path, rows: int, repeat: int) -> int:
    data, measured = flights(rows), Measured()
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        ours = Ours(python, LARGE, data, Path(folder))
        for _ in range(repeat):
            said = ours.measure(measured)
    print(said)
    print(f"{rows:,} rows; load average {os.getloadavg()[0]:.1f}\n")
    print("| | wall, median | wall, least | processor | peak memory | rules |\n| --- | --- | --- | --- | --- | --- |")
    print(measured.row("ours"))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--only", nargs="+", choices=("ours", *OTHERS), default=["ours", *OTHERS])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--shuffled", action="store_true", help="ids in no order")
    options = parser.parse_args()
    python = environment()
    if options.large:
        return large(python, options.rows or 50_000_000, options.repeat or 1)
    return compare(python, options.rows or 10_000_000, options.repeat or 5, options.only, options.shuffled)


if __name__ == "__main__":
    sys.exit(main())
