import polars


def sorted_by(path, column):
    return polars.read_csv(path)[column].is_sorted()
