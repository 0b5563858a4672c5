"""report.html: whole, self-contained, and safe whatever is in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from . import plans as p
from .conftest import Project
from .specs import plan_of

HOSTILE = "<script>alert('x')</script>&\"'"


class Page(HTMLParser):
    """Every tag, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.seen = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen += data


@pytest.fixture
def page(project: Project) -> Page:
    pytest.importorskip("duckdb")
    project.write("data.csv", "name,n\n" + HOSTILE.replace('"', "") + ",1\nok,2\n")
    project.write(
        "m.py", "import json, sys; json.dump({sys.argv[2]: 0.8312, 'loss': float('nan')}, open(sys.argv[1], 'w'))"
    )
    rules = [
        p.rule(f"rows {HOSTILE}", p.op(">=", p.measure_ref("m0"), 5), "warn", message=HOSTILE,
               measured=(p.measure_ref("m0"),), offending="true"),
    ]  # fmt: skip
    stage = p.stage(
        "train",
        p.script("python", "m.py", p.n.Slot("outputs", "m"), HOSTILE),
        ["data"],
        [p.output("m", "m.json", "metrics")],
        doc=HOSTILE,
    )
    plan = p.plan(
        p.source("data", "data.csv"),
        p.table_guard("sane", "data", {"m0": ("rows", "count(*)")}, rules),
        stage,
        p.deploy("prod", "train.m"),
        doc=HOSTILE,
        params=[p.param("x", "string", HOSTILE)],
    )
    result = project.run(plan)
    assert result.report is not None and result.state == "succeeded"
    return Page(result.report.read_text("utf-8"))


def test_values_are_text_and_never_markup(page: Page) -> None:
    assert "script" not in [tag for tag, _ in page.tags]
    assert page.seen.count(HOSTILE) >= 5  # doc, doc of the stage, rule, message, param


def test_it_is_one_file_with_all_tags_closed(page: Page) -> None:
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe")
        assert not re.match(r"\w+:|//", attributes.get("href") or "")


def test_it_says_what_a_reader_asks(page: Page) -> None:
    for text in ("warned", "measured", "2", ">= 5", "else warn", "0.8312", "NaN".lower(), "champion", "train.log"):
        assert text in page.seen.lower() or any(text in str(a) for _, a in page.tags), text


def test_a_relaxed_rule_says_until_when_and_why(project: Project) -> None:
    pytest.importorskip("duckdb")
    project.write("data.csv", "n\n1\n")
    plan = plan_of(project, f'rows >= 1 relaxed "{HOSTILE.replace(chr(34), "")}" until 2099-01-15')
    result = project.run(plan)
    assert result.report is not None
    record = {r.id: r.record for r in result.nodes}["g"]
    assert record is not None and record["rules"][0]["text"] == "rows >= 1"
    assert "relaxed until 2099-01-15: <script>" in Page(result.report.read_text("utf-8")).seen
