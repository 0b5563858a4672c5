"""Stages of two revisions: what their keys are made of, what others read of them, and how they are run."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import nodes as plan
from ..plan.place import Place
from ..ratchet.pairs import Revision
from .classes import Change, Class
from .code import changed_code
from .pair import Pair, differing, matched, place_of, written

# What makes a result another one (`runtime/keys.py`), as the field of the plan and the attribute of the spec.
_OF_THE_KEY = {
    "program": "run", "inputs": "inputs", "params": "params", "env": "env", "image": "image", "when": "when",
    "cache": "cache", "item": "foreach",
}  # fmt: skip
_SAID = {
    "program": "what stage '{name}' runs is {now}, was {was}",
    "inputs": "stage '{name}' has other inputs: {now}, was {was}",
    "params": "stage '{name}' takes other params: {now}, was {was}",
    "item": "stage '{name}' is made for other items",
}
_AROUND = ("resources", "timeout", "retries")


def stages_differ(pair: Pair) -> Iterator[Change]:
    """What has changed of stages, and of the code that they run."""
    files: set[str] = set()
    for was, now in matched(pair.before.plan.of(plan.Stage), pair.now.plan.of(plan.Stage)):
        stage = now or was
        places = place_of(pair.now, stage.name), place_of(pair.before, stage.name)
        if was is None:
            yield pair.remade(now.id, now.name, f"stage '{now.name}' is new", *places)
        elif now is None:
            if any(s.name == was.name for s in pair.now.plan.of(plan.Stage)):
                message = f"stage '{was.name}' is made for fewer items"
            else:
                message = f"stage '{was.name}' is gone, and with it {_count(len(was.outputs))}"
            yield Change(Class.BREAKING, was.name, message, "who reads what it made finds nothing new", *places)
        else:
            yield from _differ(pair, was, now)
            yield from _code(pair, was, now, files)


def _differ(pair: Pair, was: plan.Stage, now: plan.Stage) -> Iterator[Change]:
    for field in differing(was, now):
        part = _OF_THE_KEY.get(field, field)
        places = place_of(pair.now, now.name, part), place_of(pair.before, now.name, part)
        text = _SAID.get(field, "{part} of stage '{name}' is {now}, was {was}")
        values = written(pair.now, now.name, part), written(pair.before, now.name, part)
        message = text.format(part=part, name=now.name, now=values[0], was=values[1])
        if values[0] == values[1]:  # said elsewhere, or what is shown of it is alike
            message = f"'{part}' of stage '{now.name}' is not what it was"
        if field in _OF_THE_KEY:
            yield pair.remade(now.id, now.name, message, *places)
        elif field == "outputs":
            yield from _outputs(pair, was, now)
        elif field in _AROUND:
            why = "how it is run, and not what it makes"
            yield Change(Class.REDEPLOY, now.name, message, why, *places)
    if was.doc != now.doc:
        places = place_of(pair.now, now.name), place_of(pair.before, now.name)
        message = f"stage '{now.name}' is described otherwise"
        yield Change(Class.COSMETIC, now.name, message, "words for people", *places)


def _outputs(pair: Pair, was: plan.Stage, now: plan.Stage) -> Iterator[Change]:
    old, new = ({o.name: o for o in s.outputs} for s in (was, now))
    for name in dict.fromkeys([*new, *old]):
        artifact = f"{now.name}.{name}"
        places = _output(pair.now, now.name, name), _output(pair.before, now.name, name)
        if name not in new:
            why = "who reads it finds nothing new"
            yield Change(Class.BREAKING, now.name, f"output '{artifact}' is gone", why, *places)
        elif name not in old:
            yield pair.remade(now.id, now.name, f"output '{artifact}' is new", *places)
        else:
            for field in ("kind", "format", "path"):
                then, there = getattr(old[name], field), getattr(new[name], field)
                if then != there:
                    what = {"kind": "a", "format": "of format", "path": "the file"}[field]
                    message = f"output '{artifact}' is {what} {there or 'unknown'}, was {what} {then or 'unknown'}"
                    why = "who reads it expects what it was"
                    yield Change(Class.BREAKING, now.name, message, why, *places)


def _output(revision: Revision, stage: str, name: str) -> Place | None:
    entity = revision.model.entities.get(stage)
    field = entity.blocks["outputs"].fields.get(name) if entity and "outputs" in entity.blocks else None
    return revision.model.place(field.span) if field is not None else place_of(revision, stage)


def _code(pair: Pair, was: plan.Stage, now: plan.Stage, told: set[str]) -> Iterator[Change]:
    """The files of a stage's code, each told once; a script that was renamed is told by what the stage runs."""
    for file in sorted({*was.code, *now.code} - told):
        stages = [s for s in (*pair.now.plan.of(plan.Stage), *pair.before.plan.of(plan.Stage)) if file in s.code]
        for message, place, before in changed_code(pair, file, in_old=file in was.code, in_new=file in now.code):
            told.add(file)
            models = tuple(dict.fromkeys(m for s in stages for m in pair.retrains(s.id)))
            change = pair.remade(now.id, file, message, place, before)
            if models:
                yield Change(Class.RETRAIN, file, message, f"{', '.join(models)} made anew", place, before, models)
            else:
                yield change


def _count(outputs: int) -> str:
    return f"{outputs} output{'' if outputs == 1 else 's'}"
