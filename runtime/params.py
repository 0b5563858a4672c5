"""Values given from outside, checked against what the plan says of them before anything runs."""

from __future__ import annotations

import datetime
import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from .events import Problem

_DURATION = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZE = {
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}


class WrongValueError(Exception):
    """The value does not fit; the message completes "param 'x' ..."."""


def check_params(declared: list[Mapping[str, Any]], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """All values after overrides, and everything that is wrong with them."""
    problems = []
    names = [p["name"] for p in declared]
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            known = f"known here: {', '.join(names)}" if names else "the pipeline has no params"
            problems.append(Problem(f"no param named '{name}'", hint=f"did you mean '{close[0]}'?" if close else known))
    values: dict[str, Any] = {}
    for param in declared:
        name = param["name"]
        try:
            if name in given:
                values[name] = coerce(given[name], param)
            elif param.get("value") is None:
                raise WrongValueError(f"has no value; give it with --set {name}=…")
            else:
                values[name] = coerce(param["value"], param)
        except WrongValueError as e:
            place = param.get("place") or {}
            problems.append(Problem(f"param '{name}' {e}", file=place.get("file"), line=place.get("line")))
    return values, problems


def coerce(value: Any, param: Mapping[str, Any]) -> Any:
    """The value in the param's type, within its domain. Text is read strictly: engines hand numbers over as text."""
    kind: str = param["type"]
    result = _typed(value, kind)
    for each in result if isinstance(result, list) else [result]:
        choices = param.get("choices") or []
        if choices and each not in choices:
            raise WrongValueError(f"must be one of {', '.join(json.dumps(c) for c in choices)}, not {json.dumps(each)}")
        low, high = param.get("low"), param.get("high")
        if (low is not None and each < low) or (high is not None and each > high):
            low_text, high_text = ("" if v is None else f"{v:g}" for v in (low, high))
            raise WrongValueError(f"must be in {low_text}..{high_text}, not {each:g}")
    return result


def _typed(value: Any, kind: str) -> Any:
    if kind.startswith("list<"):
        return [_typed(v, kind[5:-1].strip()) for v in _list(value)]
    read = {
        "int": _int,
        "float": _float,
        "string": _string,
        "bool": _bool,
        "duration": _duration,
        "size": _size,
        "date": _date,
    }[kind]
    result = read(value)
    if result is None:
        raise WrongValueError(f"must be {_ARTICLE.get(kind, kind)}, not {json.dumps(value, default=str)}")
    return result


_ARTICLE = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "duration": "a duration such as 30m",
    "size": "a size such as 4GiB",
    "date": "a date such as 2026-01-31",
}


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list | tuple):
        raise WrongValueError("must be a list such as [1, 2]")
    return list(value)


def _int(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(_\d+)*", value.strip(), re.ASCII):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _string(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise WrongValueError("holds a character that no program can be given")
    return value


def _bool(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _duration(value: Any) -> float | None:
    if isinstance(value, str) and (m := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhdw])", value.strip())):
        return float(m[1]) * _DURATION[m[2]]
    seconds = _float(value)
    return seconds if seconds is not None and seconds >= 0 else None


def _size(value: Any) -> int | None:
    if isinstance(value, str) and (m := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", value.strip())):
        return int(float(m[1]) * _SIZE[m[2]]) if m[2] in _SIZE else None
    size = _int(value)
    return size if size is not None and size >= 0 else None


def _date(value: Any) -> str | None:
    try:
        return datetime.date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def shown(value: Any) -> str:
    """A param as the text that a program gets: `true`, `0.1`, a list as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


RUN, DEFAULT = "the run", "default"


def origin_of(param: Mapping[str, Any], value: Any) -> str:
    """What gave a param its value: its DEFAULT, `profile NAME` or `--set` when the plan was made, or the RUN."""
    if param.get("value") != value and shown(param.get("value")) != shown(value):
        return RUN
    return str(param.get("origin") or DEFAULT)
