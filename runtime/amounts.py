"""Numbers of things and of bytes, as people read them."""

from __future__ import annotations


def counted(number: int, of: str) -> str:
    """`1 run`, `1,200 runs`"""
    return f"{number:,} {of}" + ("" if number == 1 else "s")


def bytes_text(number: float) -> str:
    """`13 bytes`, `4.2 MiB`, `512 MiB`"""
    if number < 1024:
        return counted(int(number), "byte")
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        number /= 1024
        if number < 1024 or unit == "TiB":
            break
    return f"{number:.{int(number < 10)}f} {unit}"
