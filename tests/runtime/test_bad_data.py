"""Data that is not as it should be: each has its outcome, told in one sentence, and none of them is a pass."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.runtime.call import table_expression

from .conftest import Project
from .specs import verdict_of

duckdb = pytest.importorskip("duckdb")


def judged(project: Project, data: dict[str, bytes], rules: str, uri: str | None = None) -> dict[str, Any]:
    for name, content in data.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return verdict_of(project, rules, uri or next(iter(data)))


LATE = b"a,b\n" + b"1,2\n" * 30_000
BAD_CSV = {
    "no bytes at all": (b"", "data.csv: it is empty, without a line that names the columns"),
    "an empty line": (b"\n", "data.csv: it is empty, without a line that names the columns"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "data.csv: it is written in UTF-16; write it in UTF-8"),
    "Latin-1": (b"a,b\n1,2\n2,caf\xe9\n", "data.csv, line 3: byte 0xe9 is not UTF-8: write the file in UTF-8"),
    "Latin-1 far down": (
        LATE + b"3,caf\xe9\n",
        "data.csv, line 30002: byte 0xe9 is not UTF-8: write the file in UTF-8",
    ),
    "too many fields": (
        b"a,b\n1,2\n3,4,5\n6,7\n",
        "data.csv, line 3: 3 fields, and the first line has 2: correct the line, or quote the text that has ',' in it",
    ),
    "too many fields far down": (
        LATE + b"3,4,5\n" + LATE[4:],
        "data.csv, line 30002: 3 fields, and the first line has 2",
    ),
    "too few fields": (b"a,b\n1,2\n3\n6,7\n", "data.csv, line 3: 1 field, and the first line has 2"),
    "too few fields far down": (LATE + b"3\n" + LATE[4:], "data.csv, line 30002: 1 field, and the first line has 2"),
    "more fields than names": (b"a,b\n1,2,3\n4,5,6\n", "data.csv, line 2: 3 fields, and the first line has 2"),
    "an open quote": (b'a,b\n1,2\n3,"x\n4,5\n', "data.csv, line 3: a quote is opened and not closed"),
    "a quote within": (b'a,b\n1,2\n3,"x"y\n', "data.csv, line 3: a quote within a quoted text: write it twice"),
    "a comment before": (b"# made by hand\na,b\n1,2\n", "data.csv, line 2: 2 fields, and the first line has 1"),
    "a title before": (b"Flights of May\na,b\n1,2\n", "data.csv, line 2: 2 fields, and the first line has 1"),
    "a comment between": (b"a,b\n1,2\n# x\n3,4\n", "data.csv, line 3: 1 field, and the first line has 2"),
    "a blank line before": (b"\n\na,b\n1,2\n", "data.csv, line 1: a blank line stands before the names of the columns"),
    "another separator below": (b"a,b\n1;2\n3;4\n", "data.csv, line 2: 1 field, and the first line has 2"),
    "one name twice": (b"a,b,a\n1,2,3\n", "data.csv, line 1: two columns are called 'a': rename one"),
    "names that differ in case": (b"a,A\n1,2\n", "data.csv, line 1: the columns 'a' and 'A' differ in case only"),
    "two kinds of line ends": (b"a,b\r\n1,2\n3,4\r\n", r"data.csv: its lines end in two ways, \r\n and \n"),
}


@pytest.mark.parametrize("fault", BAD_CSV)
def test_a_malformed_csv_file_is_an_error_that_says_where(project: Project, fault: str) -> None:
    content, message = BAD_CSV[fault]
    record = judged(project, {"data.csv": content}, "rows <= 100_000")
    assert (record["verdict"], record["state"]) == ("error", "failed")
    assert record["reason"].startswith(message)
    assert "\n" not in record["reason"]


# What was silently dropped or changed while DuckDB guessed how a file is written.
SAME_ROWS = {
    "rows that begin with #": (b"a,b\n1,2\n#4,5\n6,7\n", 3),
    "a text with another separator": (b"name\nx|y\nz|w\n", 2),
    "a text with a semicolon": (b"name\nx;y\nz;w\n", 2),
    "a quote inside a text": (b'a,b\n1,x"y\n3,4\n', 2),
    "a line break in quotes": (b'a,b\n1,"x\ny"\n3,4\n', 2),
    "semicolons": (b"a;b\n1;2,5\n3;4,5\n", 2),
    "tabs": (b"a\tb\n1\t2\n", 1),
    "a byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", 1),
    "only a header": (b"a,b\n", 0),
    "blank lines": (b"a,b\n1,2\n\n3,4\n\n", 2),
    "a header like data": (b"1,2\n3,4\n", 1),
    "blanks around names": (b" a , b \n1,2\n", 1),
}


@pytest.mark.parametrize("what", SAME_ROWS)
def test_a_csv_file_has_the_rows_that_stand_in_it(project: Project, what: str) -> None:
    content, rows = SAME_ROWS[what]
    record = judged(project, {"data.csv": content}, f"rows == {rows}")
    assert record["verdict"] == "passed", record


def test_a_byte_order_mark_is_no_part_of_a_name(project: Project) -> None:
    assert judged(project, {"data.csv": b"\xef\xbb\xbfa,b\n1,2\n"}, "a == 1")["verdict"] == "passed"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (b"a\n3\n", "data/2.csv: its columns are not those of data/1.csv: it lacks 'b'"),
        (b"a,b,c\n3,4,5\n", "data/2.csv: its columns are not those of data/1.csv: it has 'c' besides"),
        (b"3,4\n5,6\n", "data/2.csv: its columns are not those of data/1.csv: it lacks 'a', 'b' and it has '3', '4'"),
        (b"a;b\n3;4\n", "data/2.csv: its columns are not those of data/1.csv: its fields are separated by ';'"),
        (b"", "data/2.csv: it is empty, without a line that names the columns"),
        (b"a,b\n3,4,5\n", "data/2.csv, line 2: 3 fields, and the first line has 2"),
    ],
)
def test_files_of_one_table_have_the_same_columns(project: Project, second: bytes, message: str) -> None:
    data = {"data/1.csv": b"a,b\n1,2\n", "data/2.csv": second}
    record = judged(project, data, "rows >= 1", "data/*.csv")
    assert (record["verdict"], record["reason"][: len(message)]) == ("error", message)


def test_files_with_their_columns_in_another_order_are_one_table(project: Project) -> None:
    data = {"data/1.csv": b"a,b\n1,2\n", "data/2.csv": b"b,a\n2,1\n"}
    assert judged(project, data, "a == 1", "data/*.csv")["verdict"] == "passed"


def test_a_folder_is_its_files_without_those_that_programs_leave(project: Project) -> None:
    data = {"data/_SUCCESS": b"", "data/.DS_Store": b"\x00", "data/1.csv": b"a,b\n1,2\n"}
    assert judged(project, data, "rows == 1", "data")["verdict"] == "passed"


def test_a_folder_without_files_is_an_error(project: Project) -> None:
    record = judged(project, {"data/_SUCCESS": b""}, "rows <= 100_000", "data")
    assert (record["verdict"], record["reason"]) == ("error", "data has no files")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n{"a": 3}\n', "data.jsonl, line 2: this is not JSON: expecting value"),
        (b'{"a": 1}\n\n{"a" 2}\n', "data.jsonl, line 3: this is not JSON: expecting ':' delimiter"),
        (b'{"a": 1}\n{"a": "caf\xe9"}\n', "data.jsonl, line 2: byte 0xe9 is not UTF-8"),
    ],
)
def test_a_malformed_line_of_jsonl_is_an_error_with_its_number(project: Project, content: bytes, message: str) -> None:
    record = judged(project, {"data.jsonl": content}, "a >= 0")
    assert (record["verdict"], record["reason"][: len(message)]) == ("error", message)


def parquet(project: Project, name: str, select: str) -> Path:
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (0, "data.parquet: it is empty, and no Parquet"),
        (100, "data.parquet: it is cut off: it does not end as Parquet does"),
    ],
)
def test_a_parquet_file_that_is_cut_off_is_an_error(project: Project, keep: int, message: str) -> None:
    whole = parquet(project, "data.parquet", "SELECT range AS a FROM range(1000)").read_bytes()
    record = judged(project, {"data.parquet": whole[:keep]}, "rows >= 1")
    assert (record["verdict"], record["reason"][: len(message)]) == ("error", message)
    assert "detail" in record


def test_what_is_no_parquet_is_an_error(project: Project) -> None:
    record = judged(project, {"data.parquet": b"a,b\n1,2\n"}, "rows >= 1")
    assert record["reason"] == "data.parquet: it is no Parquet: it does not begin as Parquet does"


def test_a_fraction_in_a_second_file_is_not_rounded_to_the_type_of_the_first(project: Project) -> None:
    parquet(project, "data/1.parquet", "SELECT 1 AS a")
    parquet(project, "data/2.parquet", "SELECT 1.7::DOUBLE AS a")
    assert verdict_of(project, "max(a) == 1.7", "data/*.parquet")["verdict"] == "passed"


def test_parquet_files_of_one_table_have_the_same_columns(project: Project) -> None:
    parquet(project, "data/1.parquet", "SELECT 1 AS a, [{'x': 1}] AS deep")
    parquet(project, "data/2.parquet", "SELECT 1 AS a, [{'x': 1, 'y': 2}] AS deep, 3 AS more")
    record = verdict_of(project, "rows >= 1", "data/*.parquet")
    expected = "data/2.parquet: its columns are not those of data/1.parquet: 'more' is only in data/2.parquet"
    assert (record["verdict"], record["reason"]) == ("error", expected)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("FIRST_col", "data.parquet: the columns 'first_col' and 'FIRST_col' differ in case only: rename one"),
        ("first_col", "data.parquet: two columns are called 'first_col': rename one"),
    ],
)
def test_parquet_columns_that_differ_in_case_only_are_refused(project: Project, second: str, message: str) -> None:
    made = parquet(project, "made.parquet", "SELECT 1 AS first_col, {'first_col': 3} AS deep, 2 AS other_col")
    record = judged(project, {"data.parquet": made.read_bytes().replace(b"other_col", second.encode())}, "rows >= 1")
    assert (record["verdict"], record["reason"]) == ("error", message)
    assert judged(project, {"data.parquet": made.read_bytes()}, "rows >= 1")["verdict"] == "passed"


@pytest.mark.parametrize(
    ("rules", "content", "message"),
    [
        ("mean(a) >= 0", b"a\n1\nx\n", "'avg' cannot be taken of a text: column 'a' is of another type than the rule"),
        ("a >= 0", b"a\n1\nNA\n", "a text is compared with a whole number: column 'a' is of another type than"),
        ("b >= a", b"a,b\n1,x\n", "column 'b' or 'a' is of another type than the rule wants, or has no value at all"),
        ("a >= 0", b"a\n", "column 'a' is of another type than the rule wants, or has no value at all"),
        ("a between 0 and 1", b"a\n1\nx\n", "another type than the rule wants"),
        ("a in [1, 2]", b"a\n1\nx\n", "another type than the rule wants"),
        ('a matches "x"', b"a\n1\n2\n", "'regexp_matches' cannot be taken of a whole number and a text"),
        ('a >= "2013-01-01"', b"a\n1\n2\n", "'2013-01-01' is not a whole number"),
        ("nulls(c) <= 1%", b"a\n1\n", "the table has no column 'c'; it has a"),
        ("freshness(d) <= 2d", b"d\n01/02/2013\n01/25/2013\n", "'01/02/2013' is not a time (2013-01-31 10:00:00)"),
        ("freshness(d) <= 2d", b"d\n01/02/2013 10:00\n01/05/2013 10:00\n", "'01/02/2013 10:00' is not a time"),
    ],
)
def test_a_column_of_another_type_is_an_error(project: Project, rules: str, content: bytes, message: str) -> None:
    record = judged(project, {"data.csv": content}, rules)
    assert record["verdict"] == "error"
    assert message in record["reason"]
    assert "\n" not in record["reason"]


ODD = b"x,y\n0.5,0.5\nnan,0.5\n0.25,nan\n"


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("x >= 0", 1),
        ("x > 0", 1),
        ("x <= 1", 1),
        ("0 <= x", 1),
        ("x != 7", 1),
        ("not x < 0", 1),
        ("not (x < 0 or x > 1)", 1),
        ("x between 0 and 1", 1),
        ("not x in [7, 8]", 1),
        ("abs(x) >= 0", 1),
        ("x - 1 >= -1", 1),
        ("x + y >= 0", 2),
        ("y <= x + 10", 2),
        ("x >= y - 1", 2),
        ("x / 2 >= 0 and y >= 0", 2),
    ],
)
def test_a_nan_breaks_a_rule_about_rows(project: Project, rule: str, broken: int) -> None:
    record = judged(project, {"data.csv": ODD}, rule)
    (measured,) = record["rules"][0]["measured"].values()
    assert (record["verdict"], measured["value"]) == ("blocked", broken)
    assert len(record["rules"][0]["sample"]) == broken


def test_nothing_by_nothing_breaks_a_rule(project: Project) -> None:
    assert judged(project, {"data.csv": b"a,b\n0,0\n4,2\n"}, "a / b >= 1")["verdict"] == "blocked"


def test_texts_and_times_are_compared_as_before(project: Project) -> None:
    data = {"data.csv": b"name,day,at\nNan,2013-01-01,2013-01-01 10:00:00\nAnn,2013-01-02,2013-01-02 10:00:00\n"}
    rules = 'name != "x"\nday >= "2013-01-01"\nat > "2012-12-31"\nname <= "Zed"\nname matches "n"'
    record = judged(project, data, rules)
    assert [r["outcome"] for r in record["rules"]] == ["passed"] * 5, record


@pytest.mark.parametrize(
    ("rule", "content", "message"),
    [
        ("mean(x) <= 30", ODD, "mean(x) is not a number (NaN)"),
        ("sum(x) <= 30", ODD, "sum(x) is not a number (NaN)"),
        ("max(x) <= 30", ODD, "max(x) is not a number (NaN)"),
        (
            "correlation(x, y) >= -0.5",
            ODD,
            "a statistic has no value: its column has NaN, infinite, or very large numbers",
        ),
        ("mae(x, y) <= 30", ODD, "mae(x, y) is not a number (NaN)"),
        ("mean(x) >= 3", b"x\n1\ninf\n", "mean(x) is infinite"),
        ("min(x) <= 3", b"x\n1\n-inf\n", "min(x) is infinite"),
        ("mean(x) <= 3", b"x,y\n,1\n,2\n", "'avg' cannot be taken of a text"),
        ("median(x) by y >= 0", b"x,y\n" + b"nan,a\n" * 40, "where y is a: median(x) by y is not a number (NaN)"),
    ],
)
def test_what_is_measured_is_a_finite_number_or_an_error(
    project: Project, rule: str, content: bytes, message: str
) -> None:
    record = judged(project, {"data.csv": content}, rule)
    assert (record["verdict"], message in record["reason"]) == ("error", True), record["reason"]


@pytest.mark.parametrize(
    ("rules", "content"),
    [
        ("min(n) >= 9223372036854775807", b"n\n9223372036854775807\n"),
        ("n > 9223372036854775807", b"n\n99999999999999999999999999\n"),
        ("max(price) == 1.1\nsum(price) <= 3.5", b"price\n1.10\n0.333333333333333333333\n"),
        ('day >= "2013-01-01"', b"day\n2013-01-02\n2013-01-03\n"),
        ('day == "01/02/2013"', b"day\n01/02/2013\n01/02/2013\n"),
        ('code == "007"', b"code\n007\n007\n"),
        ("nulls(a) <= 0%", b"a\nNA\nnull\nNULL\n"),
    ],
)
def test_values_mean_what_is_written(project: Project, rules: str, content: bytes) -> None:
    assert judged(project, {"data.csv": content}, rules)["verdict"] == "passed"


def test_a_decimal_is_exact(project: Project) -> None:
    parquet(project, "data.parquet", "SELECT 0.1::DECIMAL(9, 2) AS a FROM range(3)")
    assert verdict_of(project, "sum(a) == 0.3", "data.parquet")["verdict"] == "passed"


def test_a_type_that_changes_in_a_late_file_stops_the_guard(project: Project) -> None:
    data = {f"data/{i:02}.csv": b"a,b\n1,2\n" for i in range(14)} | {"data/99.csv": b"a,b\n1,2\nx,2\n"}
    record = judged(project, data, "a >= 0", "data/*.csv")
    assert record["verdict"] == "error"
    assert "\n" not in record["reason"]


@pytest.mark.parametrize("content", [b"a,b\n", b"a,b\n,1\n,2\n"], ids=["no rows", "nulls only"])
@pytest.mark.parametrize("rule", ["mean(a) >= 0", "max(a) >= 0", "a >= 0", "a >= 0 for 50%", "mae(a, b) >= 1"])
def test_nothing_to_measure_is_no_pass(project: Project, content: bytes, rule: str) -> None:
    assert judged(project, {"data.csv": content}, rule)["verdict"] == "error"


def test_a_column_that_is_no_longer_what_the_schema_says(project: Project) -> None:
    source = 'source data {\n  uri = "data.csv"\n  schema { a: int, b: float? }\n}\n\nguard g on data { rows >= 1 }\n'
    spec = project.write("p.mlops", f"mlops 1\n\npipeline p {{}}\n\nversion {{ code = off }}\n\n{source}")
    project.write("data.csv", "a,b\n1,2\n")
    plan = compile_plan(analyse(spec)).plan
    verdicts = {}
    for name, content in {
        "as it was": b"a,b\n1,0.5\n2,\n",
        "texts": b"a,b\n1,0.5\nx,\n",
        "fractions": b"a,b\n1.5,0.5\n2,\n",
        "nulls": b"a,b\n,0.5\n2,\n",
        "missing": b"a\n1\n",
        "dates": b"a,b\n2013-01-01,1\n",
    }.items():
        (project.root / "data.csv").write_bytes(content)
        verdicts[name] = project.states(plan)["data_schema"]
    expected = dict.fromkeys(("texts", "fractions", "nulls", "dates"), "blocked")
    assert verdicts == {"as it was": "passed", **expected, "missing": "error"}


FIELDS = st.text(st.sampled_from("ab1 ,;|\"'#-.\\é\n"), max_size=4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(FIELDS, min_size=n, max_size=n), min_size=1, max_size=6)))
def test_what_python_writes_as_csv_is_read_as_the_same_rows(rows: list[list[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[f"c{i}" for i in range(len(rows[0]))], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.csv")
        path.write_text(text.getvalue(), "utf-8", newline="")
        table = f"{table_expression([str(path)])[:-1]}, all_varchar = true)"
        found = duckdb.sql(f"SELECT * FROM {table}").fetchall()
    assert [[v or "" for v in row] for row in found] == rows


@pytest.mark.parametrize("rule", ["a references other.a", "overlap(other, a) <= 0%"])
def test_a_fault_in_a_second_table_is_found_in_its_file(project: Project, rule: str) -> None:
    project.write("data.csv", "a,b\n1,2\n")
    project.write("it's other.csv", "a,b\n1,2\n3,4,5\n")
    record = verdict_of(project, rule, "data.csv", 'source other { uri = "it\'s other.csv" }')
    assert record["reason"].startswith("it's other.csv, line 3: 3 fields, and the first line has 2"), record
    assert record["verdict"] == "error"
