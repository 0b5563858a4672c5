"""Copies share their blocks on a file system that can, and are plain copies on one that cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlopsc.runtime.copies import _cloned, copy_file
from mlopsc.runtime.store import Store

SIZE = 60 << 20


@pytest.fixture(params=["btrfs", "xfs"])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 MB with reflinks, in a file."""
    mkfs = shutil.which(f"mkfs.{request.param}")
    if mkfs is None or os.geteuid() != 0:
        pytest.skip(f"only root can mount, and mkfs.{request.param} must be there")
    image, folder = tmp_path / "image", tmp_path / "mounted"
    folder.mkdir()
    with image.open("wb") as f:
        f.truncate(400 << 20)
    subprocess.run([mkfs, "-q", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, folder], check=False, capture_output=True).returncode:
        pytest.skip(f"{request.param} cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def used(folder: Path) -> int:
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def test_ten_copies_take_the_room_of_one(mounted: Path) -> None:
    file = mounted / "file"
    file.write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
    before = used(mounted)
    for number in range(10):
        copy_file(file, mounted / str(number))
    assert used(mounted) - before < SIZE // 4
    with (mounted / "3").open("r+b") as f:
        f.write(b"other")
    assert file.read_bytes() == (mounted / "4").read_bytes() != (mounted / "3").read_bytes()


def test_the_store_takes_in_what_is_linked_elsewhere_without_a_second_copy(mounted: Path) -> None:
    store, file = Store(mounted / ".mlops"), mounted / "file"
    file.write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
    os.link(file, mounted / "mine")
    before = used(mounted)
    kept = store.put(file)
    assert used(mounted) - before < SIZE // 4
    (mounted / "mine").write_bytes(b"written to later")
    assert store.whole(kept.plain())


def test_a_copy_is_made_where_blocks_cannot_be_shared(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"bytes" * 1000)
    copy_file(file, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == file.read_bytes()
    assert not _cloned(Path("/proc/self/status"), tmp_path / "other")
    copy_file(Path("/proc/self/status"), tmp_path / "other")
    assert (tmp_path / "other").read_text().startswith("Name:")
