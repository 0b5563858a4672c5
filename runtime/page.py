"""report.html: one file that says what a run did, nothing loaded from elsewhere. Every value is escaped."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from .conditions import number_text
from .pipeline import Pipeline
from .style import STYLE

Record = Mapping[str, Any]


def render_page(summary: Mapping[str, Any], pipeline: Pipeline) -> str:
    """The report of a run, from what `run.json` says."""
    nodes: Mapping[str, Record] = summary["nodes"]
    parts = [
        _head(summary, pipeline),
        _served(nodes.values()),
        _timeline(nodes, summary),
        _guards([r for r in nodes.values() if r["kind"] == "guard"]),
        _metrics([r for r in nodes.values() if r.get("metrics")]),
        _table_of("Params", ["param", "value"], [[_t(k), _t(v)] for k, v in summary["params"].items()]),
        _outputs(nodes.values()),
        _about(summary),
    ]
    title = f"{summary['pipeline']} · {summary['state']}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_t(title)}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(p for p in parts if p)
        + "\n</main></body></html>\n"
    )


def _t(value: Any) -> str:
    """Any value as the text of a page."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list | tuple):
        return _t(", ".join(map(str, value)))
    return escape(number_text(value))


def _badge(state: str) -> str:
    return f'<span class="badge {_t(state.split()[0])}">{_t(state.replace("_", " "))}</span>'


def _state(record: Record) -> str:
    return str(record.get("verdict") or record["state"])


def _head(summary: Mapping[str, Any], pipeline: Pipeline) -> str:
    doc = str(pipeline.document.get("doc") or "")
    seconds = max(0.0, _clock(summary["finished"]) - _clock(summary["started"]))
    state = "interrupted" if summary.get("interrupted") else summary["state"]
    when = f"{summary['started'][:10]} {summary['started'][11:19]} UTC"
    return (
        f"<header><h1>{_t(summary['pipeline'])} {_badge(state)}</h1>"
        + (f"<p>{_t(doc)}</p>" if doc else "")
        + f'<p class="quiet">run {_t(summary["run"])} · {_t(when)} · {_t(_seconds(seconds))}</p></header>'
    )


def _served(records: Iterable[Record]) -> str:
    """The sentence that most readers came for: which model is in use now."""
    lines = []
    for r in (r for r in records if r["kind"] == "deploy"):
        model = f"version {r['version']} of {r['model']}" if "version" in r else "the model"
        alias = f" as <b>{_t(r['alias'])}</b>" if r.get("alias") else ""
        before = f", before it version {r['previous']}" if r.get("previous") else ""
        text = {
            "succeeded": f"deployed {_t(model)}{alias}{_t(before)}",
            "restored": f"{_t(model)} was deployed already{alias}",
        }.get(r["state"], f"not deployed: {_t(r['reason'])}")
        lines.append(f'<p class="served">{_badge(r["state"])} {_t(r["node"])}: {text}</p>')
    return "".join(lines)


def _timeline(nodes: Mapping[str, Record], summary: Mapping[str, Any]) -> str:
    start = _clock(summary["started"])
    whole = max(_clock(summary["finished"]) - start, 0.001)
    rows = []
    for r in nodes.values():
        left = 100 * (_clock(r["started"]) - start) / whole if "started" in r else 0
        width = min(100 * r["seconds"] / whole, 100 - left)
        bar = f'<i class="{_t(_state(r))}" style="left:{left:.2f}%;width:{max(width, 0.4):.2f}%"></i>'
        log = f' <a href="{_t(r["log"])}">log</a>' if r.get("log") else ""
        tries = f" ({len(r['tries'])} tries)" if len(r.get("tries", ())) > 1 else ""
        rows.append(
            [
                f"<b>{_t(r['node'])}</b>" + (f'<div class="quiet">{_t(r["doc"])}</div>' if r.get("doc") else ""),
                _t(r["kind"]),
                _badge(_state(r)),
                f'<span class="bar">{bar if "started" in r else ""}</span>',
                f"{_t(_seconds(r['seconds']) if 'started' in r else '')}{_t(tries)}{log}",
                _t(r["reason"] or ""),
            ]
        )
    return _table_of("Steps", ["step", "kind", "state", "when", "time", "why"], rows)


def _guards(guards: list[Record]) -> str:
    shown = [g for g in guards if g.get("rules")]
    return "<h2>Guards</h2>" + "".join(map(_guard, shown)) if shown else ""


def _guard(record: Record) -> str:
    compared = ""
    baseline = record.get("baseline") or {}
    if "champion" in baseline:
        compared = f", compared with version {baseline['champion']['version']}, the {baseline['champion']['alias']}"
    elif "previous" in baseline:
        compared = f", compared with run {baseline['previous']['run']}"
    rows = [_rule(rule) for rule in record["rules"]]
    samples = "".join(_sample(rule) for rule in record["rules"] if rule.get("sample"))
    title = f"<h3>{_t(record['node'])} {_badge(_state(record))}</h3>"
    aside = record.get("quarantined")
    if aside:
        href = quote(aside["file"].split("/", 2)[2])
        number = f"{aside['rows']} row{'' if aside['rows'] == 1 else 's'}"
        linked = f', <a href="{_t(href)}">{_t(number)} set aside</a>, {_t(aside["kept"])} go on'
    on = f'<p class="quiet">on {_t(record["subject"])}{_t(compared)}{linked if aside else ""}</p>'
    return title + on + _table(["rule", "measured", "limit", "outcome", ""], rows) + samples


def _rule(rule: Mapping[str, Any]) -> list[str]:
    many = len(rule["measured"]) > 1
    measured = "<br>".join(
        f'<span class="n">{_measured(name, m["text"], many)}</span>' for name, m in rule["measured"].items()
    )
    limits = "<br>".join(f'<span class="n">{_t(_limit(limit))}</span>' for limit in rule["limits"])
    where = f'<div class="quiet">{_t(rule["file"])}:{_t(str(rule["line"]))}</div>'
    if rule.get("relaxed"):
        where += f'<div class="quiet">relaxed {_t(rule["relaxed"])}</div>'
    return [
        f"<code>{_t(rule['text'])}</code>{where}",
        measured
        + _slices(rule.get("slices"))
        + _cases(rule.get("cases"))
        + "".join(map(_compared, (rule.get("drift") or {}).values())),
        limits,
        _badge(rule["outcome"]),
        _t(rule["message"] or ""),
    ]


def _slices(slices: Mapping[str, Any] | None) -> str:
    """How many slices were judged, and those that were not."""
    if not slices:
        return ""
    few = [f"{'nothing' if s['slice'] is None else s['slice']} ({s['rows']})" for s in slices["left_out"]]
    more = f", {len(few) - 5} more" if len(few) > 5 else ""
    left = f"; fewer than {slices['min_support']} rows: {', '.join(few[:5])}{more}" if few else ""
    return f'<div class="quiet">the worst of {slices["judged"]}{_t(left)}</div>'


def _compared(drift: Mapping[str, Any]) -> str:
    """What a column was compared with, and how exact the number is."""
    low, high = drift.get("between") or (None, None)
    exact = f"; between {number_text(low)} and {number_text(high)}" if drift.get("between") else ""
    rows = f"{number_text(drift['rows'])} rows against {number_text(drift['reference_rows'])} of {drift['against']}"
    return f'<div class="quiet">{_t(rows)}{_t(exact)}</div>'


def _cases(cases: Mapping[str, Any] | None) -> str:
    """How many cases were judged, and those that had too little to compare."""
    if not cases:
        return ""
    more = f", {cases['left_out'] - len(cases['named'])} more" if cases["left_out"] > len(cases["named"]) else ""
    left = f"; left out: {', '.join(cases['named'])}{more}" if cases["left_out"] else ""
    return f'<div class="quiet">of {cases["judged"]} cases{_t(left)}</div>'


def _limit(limit: Mapping[str, Any]) -> str:
    return f"{limit['text']} else {limit['action']}" if limit["action"] != "block" else str(limit["text"])


def _measured(name: str, text: str, many: bool) -> str:
    if name.startswith("rows that"):
        return f"<b>{_t(text)}</b> {'row' if text == '1' else 'rows'}"
    return (f"{_t(name)} = " if many else "") + f"<b>{_t(text)}</b>"


def _sample(rule: Mapping[str, Any]) -> str:
    columns = list(rule["sample"][0])
    rows = [["" if row.get(c) is None else _t(row.get(c)) for c in columns] for row in rule["sample"]]
    broke = "slices" if rule.get("slices") else "cases" if rule.get("cases") else "rows"
    what = "what moved in" if rule.get("drift") else f"{broke} that broke"
    return f'<p class="quiet">{what} <code>{_t(rule["text"])}</code></p>' + _table(columns, rows)


def _metrics(records: list[Record]) -> str:
    rows = [
        [_t(f"{r['node']}.{output}"), _t(name), f"<b>{_t(value)}</b>"]
        for r in records
        for output, metrics in r["metrics"].items()
        for name, value in metrics.items()
    ]
    return _table_of("Metrics", ["from", "metric", "value"], rows)


def _outputs(records: Iterable[Record]) -> str:
    rows = [
        [_linked(name, artifact), _t(artifact["kind"]),
         _t(number_text(artifact["size"], "size")) if "size" in artifact else "",
         f"<code>{_t(artifact['digest'].partition(':')[2][:12])}</code>"]
        for r in records
        for name, artifact in r.get("artifacts", {}).items()
    ]  # fmt: skip
    return _table_of("Data", ["artifact", "kind", "size", "digest"], rows)


def _linked(name: str, artifact: Mapping[str, Any]) -> str:
    """The artifact's name, with a link to its file where that lies beside the report."""
    if "file" not in artifact:
        return _t(name)
    return f'<a href="{_t(quote(artifact["file"].split("/", 2)[2]))}">{_t(name)}</a>'


def _about(summary: Mapping[str, Any]) -> str:
    code = summary.get("code") or {}
    machine = summary["machine"]
    facts = {
        "spec": f"{summary['spec']} ({summary['digest'][:19]})",
        "profile": summary.get("profile"),
        "commit": code.get("commit") and code["commit"][:12] + (" and changes" if code.get("uncommitted") else ""),
        "machine": f"{machine['host']}, {machine['system']}, Python {machine['python']}",
        "engine": " ".join((summary.get("engine") or {}).values()),
        "trigger": summary.get("trigger"),
    }
    return _table_of("About", ["", ""], [[_t(k), _t(v)] for k, v in facts.items() if v])


def _table_of(title: str, heads: list[str], rows: list[list[str]]) -> str:
    return f"<h2>{_t(title)}</h2>" + _table(heads, rows) if rows else ""


def _table(heads: list[str], rows: list[list[str]]) -> str:
    """Cells are HTML already, heads are text."""
    head = "".join(f"<th>{_t(h)}</th>" for h in heads) if any(heads) else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _clock(at: str) -> float:
    return calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")) + float(at[19:-1] or 0)


def _seconds(value: float) -> str:
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
