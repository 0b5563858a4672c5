"""How long the compiler takes: start-up of the command, and each pass for chains of 10, 1,000 and 10,000 stages.

    python benchmarks/compile.py [--stages 10 1000 10000] [--targets local airflow github kubernetes]

Start-up is the median of whole processes; a pass is timed once, in a process of its own per size. Nothing here is a
test: figures differ between machines, and what counts is how they grow.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 7


def write_chain(folder: Path, stages: int) -> Path:
    """A spec in which each stage reads what the one before it wrote."""
    (folder / "step.py").write_text("print(1)\n", "utf-8")
    lines = ["mlops 1\n", "## A chain.", 'pipeline chain { owner = "ops@example.org" }\n']
    for i in range(stages):
        read, inputs = (" --in {inputs.o}", f"  inputs  = [s{i - 1}.o]\n") if i else ("", "")
        lines.append(
            f"stage s{i} {{\n"
            f'  run     = "python step.py --out {{outputs.o}}{read}"\n'
            f"{inputs}"
            '  outputs { o: file = "o.txt" }\n'
            "  timeout = 30m\n"
            "}\n"
        )
    spec = folder / "chain.mlops"
    spec.write_text("\n".join(lines), "utf-8")
    return spec


def measure(spec: Path, targets: list[str]) -> dict[str, float]:
    """Seconds of each pass, in this process."""
    passes: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal clock
        passes[name] = time.perf_counter() - clock
        clock = time.perf_counter()

    from mlopsc.compiler.diagnostics import Diagnostics
    from mlopsc.compiler.driver import analyse, compile_plan
    from mlopsc.compiler.plan.document import plan_json
    from mlopsc.compiler.semantics.loading import load, read_source
    from mlopsc.compiler.syntax.parser import parse

    parse(read_source(spec, "", Diagnostics()), Diagnostics())  # the grammar's tables are made once
    load(read_source(spec, spec.as_posix(), Diagnostics()), Diagnostics())
    clock = time.perf_counter()
    load(read_source(spec, spec.as_posix(), Diagnostics()), Diagnostics())
    lap("parse")
    analysis = analyse(spec)
    lap("parse, resolve, check")
    plan = compile_plan(analysis).plan
    lap("lower")
    plan_json(plan)
    lap("plan.json")
    from mlopsc.backends.table import BACKENDS

    for target in targets:
        backend = BACKENDS[target]
        clock = time.perf_counter()
        list(backend.emit(plan, {}))
        lap(f"emit {target}")
    return passes


def start_up(*arguments: str, cwd: Path) -> float:
    """Median seconds of a whole process."""
    command = [str(Path(sys.executable).with_name("mlopsc")), *arguments]
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, cwd=cwd, capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, nargs="+", default=[10, 1000, 10000])
    parser.add_argument("--targets", nargs="*", default=["local", "airflow", "github", "kubernetes"])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.targets)))
        return
    with tempfile.TemporaryDirectory() as folder:
        spec = write_chain(Path(folder), 10)
        print(f"{'mlopsc --version':<28}{start_up('--version', cwd=Path(folder)):>10.3f} s")
        print(f"{'mlopsc lint, 10 stages':<28}{start_up('lint', spec.name, cwd=Path(folder)):>10.3f} s")
    tables: dict[int, dict[str, float]] = {}
    for stages in options.stages:
        with tempfile.TemporaryDirectory() as folder:
            spec = write_chain(Path(folder), stages)
            command = [sys.executable, __file__, "--one", str(spec), "--targets", *options.targets]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            tables[stages] = json.loads(ran.stdout)
    print(f"\n{'seconds, by stages':<28}" + "".join(f"{n:>10,}" for n in tables))
    for name in next(iter(tables.values())):
        print(f"{name:<28}" + "".join(f"{table[name]:>10.3f}" for table in tables.values()))


if __name__ == "__main__":
    main()
