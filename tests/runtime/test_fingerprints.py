"""Digests that are remembered by what the file system says of a file."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest
from mlopsc.runtime import fingerprints
from mlopsc.runtime.digests import file_digest
from mlopsc.runtime.fingerprints import ChangedWhileReadError, Fingerprints


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose bytes were read."""
    read: list[Path] = []

    def digest(path: Path) -> str:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(fingerprints, "file_digest", digest)
    return read


def _old(path: Path, text: str = "a,b\n1,2\n") -> Path:
    """A file whose times lie well before now: of its status, too, for the margin is shortened instead of waiting."""
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(autouse=True)
def _short_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "_RACY", 50_000_000)


def test_an_unchanged_file_is_read_once_across_processes(tmp_path: Path, counted: list[Path]) -> None:
    path = _old(tmp_path / "a.csv")
    time.sleep(0.1)
    first = Fingerprints(tmp_path / "store" / "fingerprints.json")
    digest = first.file(path)
    first.save()
    again = Fingerprints(tmp_path / "store" / "fingerprints.json")
    assert again.file(path) == digest == file_digest(path)
    assert counted == [path]


def test_an_edit_of_the_same_size_whose_time_is_set_back_is_seen(tmp_path: Path) -> None:
    path = _old(tmp_path / "a.csv")
    time.sleep(0.1)
    prints = Fingerprints(tmp_path / "fingerprints.json")
    before, times = prints.file(path), path.stat()
    path.write_text("a,b\n1,3\n", "utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns
    assert prints.file(path) == file_digest(path) != before


def test_a_file_put_in_its_place_is_seen(tmp_path: Path) -> None:
    path, other = _old(tmp_path / "a.csv"), _old(tmp_path / "b.csv", "a,b\n9,9\n")
    time.sleep(0.1)
    prints = Fingerprints(tmp_path / "fingerprints.json")
    before, times = prints.file(path), path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)
    assert prints.file(path) == file_digest(path) != before


def test_edits_within_one_tick_of_the_clock_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _old(tmp_path / "a.csv")
    prints = Fingerprints(tmp_path / "fingerprints.json")
    # As where the clock of the file system stands still between two edits.
    real = fingerprints.signature(path)
    monkeypatch.setattr(fingerprints, "signature", lambda p: real)
    for number in range(3):
        path.write_text(f"a,b\n1,{number}\n", "utf-8")
        assert prints.file(path) == file_digest(path)


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _old(tmp_path / "a.csv")

    def slow(read: Path) -> str:
        found = file_digest(read)
        with read.open("a", encoding="utf-8") as f:
            f.write("3,4\n")
        return found

    monkeypatch.setattr(fingerprints, "file_digest", slow)
    with pytest.raises(ChangedWhileReadError, match=r"a\.csv was written to while it was read"):
        Fingerprints(tmp_path / "fingerprints.json").file(path)


def test_many_files_have_the_digests_that_each_has_alone(tmp_path: Path) -> None:
    paths = [_old(tmp_path / f"{n}.csv", f"{n}\n" * n) for n in range(20)]
    prints = Fingerprints(tmp_path / "fingerprints.json")
    assert prints.files(paths) == [file_digest(p) for p in paths]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("# why\nx = 1  # one\n\n\ndef f(a):\n\n    return a  # it\n", True),
        ("x = 2\ndef f(a):\n    return a\n", False),
        ("x = 1\ndef f(a):\n    return -a\n", False),
        ("x = 1\ndef f(a):\n    'It.'\n    return a\n", False),
        ("x = 1.0\ndef f(a):\n    return a\n", False),
        ("x = True\ndef f(a):\n    return a\n", False),
        ("x = 1\ndef f(a):\n    return a\nf(None)\n", False),
        ("x = 1\ndef f(a):\n    return [a, '']\n", False),
    ],
)
def test_code_is_digested_by_what_it_means(tmp_path: Path, text: str, same: bool) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1\ndef f(a):\n    return a\n", "utf-8")
    second.write_text(text, "utf-8")
    prints = Fingerprints(tmp_path / "fingerprints.json")
    assert (prints.code(first) == prints.code(second)) is same


def test_what_does_not_parse_is_digested_by_its_bytes(tmp_path: Path) -> None:
    path = _old(tmp_path / "a.py", "def f(:\n")
    assert Fingerprints(tmp_path / "fingerprints.json").code(path) == file_digest(path)


def test_a_damaged_file_of_entries_costs_only_time(tmp_path: Path) -> None:
    path, kept = _old(tmp_path / "a.csv"), tmp_path / "fingerprints.json"
    kept.write_text('{"format": 1, "entr', "utf-8")
    assert Fingerprints(kept).file(path) == file_digest(path)


def test_code_is_read_by_many_threads_at_once() -> None:
    """Python up to 3.12 fails when two threads make syntax trees; a collection of garbage lets another thread in."""

    def let_others_in(*_: object) -> None:
        time.sleep(0)

    code = [p.read_bytes() for p in sorted(Path(fingerprints.__file__).parent.glob("*.py"))[:10]]
    failed: list[BaseException] = []

    def read() -> None:
        try:
            for text in code:
                fingerprints.parsed(text)
        except SystemError as error:
            failed.append(error)

    before = gc.get_threshold()
    gc.callbacks.append(let_others_in)
    gc.set_threshold(50)
    try:
        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.callbacks.remove(let_others_in)
        gc.set_threshold(*before)
    assert failed == []
