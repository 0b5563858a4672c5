"""Writes a table as it should be, the same with every kind of fault, some rows as JSON lines, and numbers."""

import csv
import datetime
import json
import sys
from pathlib import Path

flights, good, bad, before, lines, numbers = map(Path, sys.argv[1:])
START = datetime.datetime(2013, 1, 1)


def row(i):
    return {
        "id": i,
        "origin": ("EWR", "JFK")[i % 2],
        "delay": (i * 7) % 50 - 10,
        "arrival": (i * 7) % 50 - 8 + i % 3,
        "seen": (START - datetime.timedelta(hours=i)).isoformat(),
        "late": i % 4 < 2,
        "predicted": i % 4 < 2 if i % 10 else i % 4 >= 2,
        "score": (0.8 if i % 4 < 2 else 0.2) + (i % 7) / 100,
    }


def faulty(i):
    found = row(i) | {"seen": f"1923-01-01T00:{i // 4:02}:00", "carrier": "UA"}
    found["predicted"] = not found["late"] if i % 3 else True
    found["score"] = 1 - found["score"]
    found["arrival"] = i % 5 if i % 6 else None
    if i % 2:
        found["delay"] = found["delay"] * 9
    if i < 8:
        found["delay"] = None
    return found | {8: {"delay": 9999}, 9: {"delay": -999}, 10: {"origin": "XXX"}, 11: {"origin": "ewr"}}.get(i, {})


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


rows = [row(i) for i in range(200)]
write(good, rows)
write(before, rows)
write(bad, [faulty(i) for i in (*range(180), 12, 12)])
lines.write_text("".join(json.dumps(r) + "\n" for r in rows))
numbers.write_text(json.dumps({"accuracy": 0.85, "auc": 0.7, "flights": len(flights.read_text().splitlines())}))
