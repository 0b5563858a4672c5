"""A run's verdicts as JUnit's XML, which every CI server shows: a suite a guard, a case a rule.

Blocked is a failure and error an error; a rule that warned has passed, and says so in its output; one that was not
reached, or had nothing to compare with, is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Mapping[str, Any]) -> str:
    """The XML of what `run.json` says of a run."""
    suites = ET.Element("testsuites", name=_text(run["pipeline"]))
    for record in run["nodes"].values():
        if record["kind"] == "guard":
            suites.append(_suite(run, record))
    for name in ("tests", *_COUNTED.values()):
        if name != "skipped":  # JUnit's schema has it for suites alone
            suites.set(name, str(sum(int(s.get(name, "0")) for s in suites)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(run: Mapping[str, Any], record: Mapping[str, Any]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(record["node"]))
    suite.set("timestamp", str(record.get("started") or run["started"])[:19])
    suite.set("time", f"{record.get('seconds') or 0:.3f}")
    properties = ET.SubElement(suite, "properties")
    for name, value in (("run", run["run"]), ("subject", record.get("subject")), ("verdict", record["verdict"])):
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=_text(value))
    place = record.get("place") or {}
    whole = {"text": record["node"], "outcome": record["verdict"], "message": record.get("reason"), **place}
    for rule in record.get("rules") or [whole]:
        case = ET.SubElement(suite, "testcase", name=_text(rule["text"]))
        case.set("classname", _text(f"{run['pipeline']}.{record['node']}"))
        case.set("time", "0")
        case.set("file", _text(rule.get("file", "")))
        case.set("line", str(rule.get("line", 0)))
        _outcome(case, rule)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for tag, attribute in _COUNTED.items():
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _outcome(case: ET.Element, rule: Mapping[str, Any]) -> None:
    outcome, message = rule["outcome"], str(rule.get("message") or rule["text"])
    if outcome == "passed":
        return
    if outcome == "warned":
        ET.SubElement(case, "system-out").text = _text("\n".join(["warned", *lines_of(rule)]))
        return
    if outcome in ("no champion", "no previous run", "not_run"):
        ET.SubElement(case, "skipped", message=_text(rule.get("message") or outcome.replace("_", " ")))
        return
    tag = "failure" if outcome in ("blocked", "same model") else "error"
    found = ET.SubElement(case, tag, message=_text(message), type=_text(outcome))
    found.text = _text("\n".join(lines_of(rule)))


def lines_of(rule: Mapping[str, Any]) -> list[str]:
    """What a rule measured, its message and its sample, a line each."""
    lines = [f"{name} is {value['text']}" for name, value in rule.get("measured", {}).items()]
    lines += [f"limit {limit['text']}" for limit in rule.get("limits", ()) if not limit["holds"]]
    lines += [rule["message"]] if rule.get("message") else []
    return lines + [", ".join(f"{k}={v}" for k, v in row.items()) for row in rule.get("sample", ())]


def _text(value: object) -> str:
    return _UNWRITABLE.sub("\ufffd", str(value))
