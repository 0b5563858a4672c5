from pathlib import Path


def train(flights: Path, model: Path) -> None:
    model.write_bytes(flights.read_bytes())
