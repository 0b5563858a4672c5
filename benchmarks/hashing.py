"""Our digests of large files beside `openssl dgst -sha256`: on one core, and on all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# What a run does with the files of a source, in a process of its own.
OURS = """
import sys
from pathlib import Path
from mlopsc.runtime.fingerprints import Fingerprints
for digest in Fingerprints(Path(sys.argv[1])).files(map(Path, sys.argv[2:])):
    print(digest.removeprefix("sha256:"))
"""


def compare_digests(size: int, repeat: int) -> int:
    """Prints bytes a second; 1 where the digests differ. Each tool reads each file once in a turn, from memory."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = [_file(Path(folder) / f"{n}.bin", size) for n in range(2 * cores)]
        ours = [sys.executable, "-c", OURS, str(Path(folder) / "fingerprints.json")]
        ways: dict[str, tuple[int, Callable[[], list[str]]]] = {
            "openssl, one core": (1, lambda: _openssl(files[:1], 1)),
            "ours, one core": (1, lambda: _words([*ours, str(files[0])])),
            f"openssl, {cores} processes": (len(files), lambda: _openssl(files, cores)),
            f"ours, {cores} cores": (len(files), lambda: _words([*ours, *map(str, files)])),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        digests: dict[int, set[tuple[str, ...]]] = {}
        for turn in range(repeat + 1):
            for name, (count, way) in ways.items():
                wall, used = time.perf_counter(), os.times()
                digests.setdefault(count, set()).add(tuple(way()))
                now = os.times()
                cpu = now.children_user + now.children_system - used.children_user - used.children_system
                if turn:  # the first one warms up
                    times[name].append((time.perf_counter() - wall, cpu))
    print(f"files of {size / 2**20:,.0f} MiB, median of {repeat}; load average {os.getloadavg()[0]:.1f}\n")
    print("| | by the clock | a second of processor time |\n| --- | --- | --- |")
    for name, (count, _) in ways.items():
        wall, cpu = (statistics.median(column) for column in zip(*times[name], strict=True))
        print(f"| {name} | {count * size / 2**20 / wall:,.0f} MiB/s | {count * size / 2**20 / cpu:,.0f} MiB |")
    same = all(len(found) == 1 for found in digests.values())
    print("\nAll digests are the same." if same else "\nTHE DIGESTS DIFFER")
    return int(not same)


def _file(path: Path, size: int) -> Path:
    block = os.urandom(1 << 20)
    with path.open("wb") as f:
        for n in range(size >> 20):
            f.write(n.to_bytes(8, "big") + block[8:])
    return path


def _openssl(files: list[Path], processes: int) -> list[str]:
    """The digests in the order of the files: as many processes as there are cores, each given its share at once."""
    shares = [files[n::processes] for n in range(processes)]
    started = [
        subprocess.Popen(["openssl", "dgst", "-sha256", "-r", *share], stdout=subprocess.PIPE, text=True)
        for share in shares
    ]
    found: dict[Path, str] = {}
    for share, child in zip(shares, started, strict=True):
        lines = child.communicate()[0].splitlines()
        found |= {path: line.split()[0] for path, line in zip(share, lines, strict=True)}
    return [found[path] for path in files]


def _words(command: list[str]) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
