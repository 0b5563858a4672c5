import csv


def sorted_by(path, column):
    with path.open() as f:
        values = [float(row[column]) for row in csv.DictReader(f)]
    return values == sorted(values)
