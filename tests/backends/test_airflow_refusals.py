"""What Airflow would read otherwise than the spec is refused when it is built."""

from __future__ import annotations

import jsonschema
import pytest
from mlopsc.backends.airflow import Airflow
from mlopsc.backends.kubernetes import Kubernetes
from mlopsc.compiler.plan import nodes as n
from mlopsc.tests.runtime import plans as p


def scheduled(*crons: str, **more) -> n.Trigger:
    bounds = {"cooldown": None, "limit": None, "debounce": None, "delivery": None, **more}
    events = tuple(n.Event("schedule", cron=cron, zone="America/New_York") for cron in crons)
    return n.Trigger(id="often", doc="", events=events, place=p.HERE, **bounds)


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        (scheduled("0 5 * * 1", "30 6 1-7 * 2", "0 0 L * *", "0 0 * * 1#2"), None),
        (scheduled("0 0 */2 * 1"), "days that match '*/2' or '1'"),
        (scheduled("0 0 * * 5L"), "does not know '5L' as a day of the week"),
        (scheduled("0 0 LW * *"), "does not know 'LW' as a day of the month"),
        (scheduled("0 0 5 * * 1"), "reads five fields"),
        (scheduled("0 5 * * 1", cooldown=12 * 3600, limit=(6, 30 * 86400)), None),
        (scheduled("0 5,6 * * 1", cooldown=12 * 3600), "comes again after 1:00:00, within its cooldown"),
        (scheduled("0 5 * * *", limit=(6, 30 * 86400)), "more often than its limit of 6"),
        (scheduled("0 5 * * *", delivery="latest"), "debounce and delivery are about changes"),
    ],
)
def test_schedules_that_airflow_would_read_otherwise_are_refused(trigger, problem):
    found = list(Airflow().problems(p.plan(p.stage("tell", "python tell.py"), trigger), {}))
    assert not found if problem is None else problem in "\n".join(found)


def test_ids_that_airflow_does_not_take_are_refused():
    stages = (p.stage("a" * 250, "true"), p.stage("b" * 251, "true"), p.stage("c" * 130 + "[0]", "true"))
    plan = p.plan(*stages, name="d" * 251)
    found = list(Airflow().problems(plan, {}))
    assert [(text[1], text.split()[2]) for text in found] == [("d", "251"), ("b", "251"), ("c", "264")]
    assert len(list(Airflow().problems(plan, {"dag_id": "short"}))) == 2


def test_a_clean_commit_is_asked_of_a_checkout():
    plan = p.plan(p.stage("tell", "python tell.py"), version=n.Versioning(require_clean=True))
    assert "option 'project'" in "".join(Airflow().problems(plan, {}))
    assert not list(Airflow().problems(plan, {"project": "/srv/flights"}))
    assert 'write code = "image"' in "".join(Kubernetes().problems(plan, {}))
    assert not list(Kubernetes().problems(plan, {"code": "image", "workdir": "/app"}))


@pytest.mark.parametrize("path", ["relative", "/a/{{ 1 }}", "/a/run.sh", "/a\nb"])
@pytest.mark.parametrize("option", ["project", "store", "python"])
def test_a_path_that_airflow_would_read_as_a_template_is_refused(option, path):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({option: path}, Airflow.options)


def test_a_scheduled_param_needs_a_default():
    plan = p.plan(p.stage("tell", "python tell.py"), scheduled("0 5 * * 1"), params=[p.param("month", "int")])
    assert list(Airflow().problems(plan, {})) == [
        "param month has no default, so that a scheduled run has no value for it"
    ]
