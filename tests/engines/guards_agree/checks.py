"""Checks of one's own."""

import csv


def most(path, column):
    rows = list(csv.DictReader(path.open()))
    largest = max(float(r[column] or 0) for r in rows)
    return {"value": largest, "sample": [{"id": int(r["id"])} for r in rows if float(r[column] or 0) == largest]}


def has(path, columns, without):
    header = path.open().readline().strip().split(",")
    return set(columns) <= set(header) and without not in header
