from pathlib import Path


def worst(path: Path, column: str, limit: int = 60) -> int:
    return sum(len(row) > limit for row in path.read_text().splitlines() if column)
