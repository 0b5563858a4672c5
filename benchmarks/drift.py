"""What rules about drift cost: a guard on rows of Parquet with three of them, against another table of as many rows.

    python benchmarks/drift.py [--rows 10000000]

One kind of columns has as many values as rows, which is the dearest; the other has few, as codes and whole numbers do.
Time is the guard's own, of both tables; processor time is what does not depend on who else is at work. Figures differ
between machines. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

import duckdb
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.events import RunOptions
from mlopsc.runtime.executor import run

SPEC = """mlops 1
pipeline drift {{ owner = "ops@example.org" }}
version {{ code = off }}
source now    {{ uri = "now.parquet" }}
source before {{ uri = "before.parquet" }}
guard g on now {{
  rows >= 1
  {rules}
}}
"""
COLUMNS = """
    random() * 1000 - 200 AS uniform,
    exp(2 * sqrt(-2 * ln(random() + 1e-300)) * cos(6.283185307 * random())) AS lognormal,
    1.7e9 + random() * 3e7 AS seconds,
    CAST(random() * 2000 AS INTEGER) AS whole,
    CAST(random() * 50 AS INTEGER) AS small,
    'c' || CAST(random() * random() * 300 AS INTEGER) AS code
"""
KINDS = {"as many values as rows": ("uniform", "lognormal", "seconds"), "few values": ("whole", "small", "code")}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=10_000_000)
    rows = asked.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("now", "before"):
            duckdb.sql(f"COPY (SELECT {COLUMNS} FROM range({rows})) TO '{root / name}.parquet' (FORMAT parquet)")
        for kind, columns in KINDS.items():
            wall, processor = measured(root, columns)
            print(f"{rows:,} rows, 3 columns of {kind}: {wall:.1f} s, {processor:.1f} s of processors", flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, with making the data")


def measured(root: Path, columns: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of the guard, and of processors in the whole run."""
    spec = root / "drift.mlops"
    rules = "\n  ".join(f"psi({c}, against: before) <= 0.2" for c in columns)
    spec.write_text(SPEC.format(rules=rules), "utf-8")
    plan = plan_document(compile_plan(analyse(spec)).plan)
    began = processors()
    result = run(plan, root=root, options=RunOptions(jobs=1), listener=lambda _: None)
    (record,) = (n.record for n in result.nodes if n.id == "g")
    if record is None or record["verdict"] != "passed":
        raise SystemExit(f"the guard did not pass: {record}")
    return record["seconds"], processors() - began


def processors() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
