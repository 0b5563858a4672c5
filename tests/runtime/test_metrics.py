"""Metrics files: what is wrong with one is told in plain words, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.runtime.context import FailedNodeError, read_metrics


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("[0.8]", "it is a list, and not an object"),
        ("0.8", "it is a number, and not an object"),
        ('{"auc": 0.8,\n "auc": 0.9}', "'auc' stands there twice (line 2, column 2)"),
        ('{"auc": "0.8"}', "'auc' is a text, and no number (line 1, column 2)"),
        ('{\n  "a": 1,\n  "b": null\n}', "'b' is null, and no number (line 3, column 3)"),
        ('{"a": true}', "'a' is true or false, and no number"),
        ('{"a": {"b": 1}}', "'a' is an object, and no number"),
        ('{"auc": 0.8,}', "a comma stands before the closing brace (line 1, column 1"),
        ("{'auc': 0.8}", "a name stands in double quotes, not in single ones (line 1, column 2)"),
        ('{"auc" 0.8}', "a colon is missing here (line 1, column 8)"),
        ('{"auc": 0.8\n "f1": 0.7}', "a comma or the closing brace is missing here (line 2, column 2)"),
        ('{"auc": }', "a value is missing here (line 1, column 9)"),
        ('{"auc": 0.8', "the closing brace is missing (line 1, column 12)"),
        ('{"auc": 0.8} {"auc": 0.9}', "something stands behind the end of the object (line 1, column 14)"),
        ('{"auc: 0.8}', "a text begins here and has no end (line 1, column 2)"),
        ('{"auc": 1' + "0" * 5000 + "}", "it holds a number or a nesting that no reader takes"),
        ("{" * 100_000, ""),
    ],
)  # fmt: skip
def test_a_file_that_is_no_metrics_says_why_and_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(text, "utf-8")
    with pytest.raises(FailedNodeError) as told:
        read_metrics(file)
    assert str(told.value).startswith("metrics.json holds no metrics: ")
    assert said in str(told.value)


def test_a_file_of_another_encoding_says_so(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_bytes('{"größe": 1}'.encode("latin-1"))
    with pytest.raises(FailedNodeError, match=r"is no text in UTF-8 \(byte 5\)"):
        read_metrics(file)
    file.write_text('{"größe": 1, "auc": NaN, "top": 2e3}', "utf-8-sig")
    found = read_metrics(file)
    assert found["größe"] == 1 and found["top"] == 2000 and found["auc"] != found["auc"]
