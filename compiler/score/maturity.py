"""Google's levels of MLOps: what level 1 and level 2 ask for, each as a test of its own.

From "MLOps: Continuous delivery and automation pipelines in machine learning", Google Cloud Architecture Center.
Level 0 is all that is not level 1. A feature store, which is optional there, is not asked for.
"""

from __future__ import annotations

from ..features import Feature
from ..plan.nodes import Deploy, Event, Stage, Trigger
from ..plan.place import Place
from .code_tests import tests_run
from .data import expectations_are_captured
from .facts import Facts, path_of
from .findings import Evidence, Finding, Test, lacking, met
from .monitoring import quality_in_use_has_not_fallen, training_and_serving_agree
from .reading import against_the_one_in_use, evidence_of, judged, quality_rules, trainers

_NEEDS = {
    "schedule": Feature.SCHEDULE,
    "change": Feature.ON_CHANGE,
    "monitor": Feature.ON_MONITOR,
    "age": Feature.ON_AGE,
    "finished": Feature.ON_FINISHED,
}
_DELIVERS = ("kubectl", "helm", "rsync", "scp", "gsutil", "argocd", "kustomize")


def steps_are_a_pipeline(facts: Facts) -> Finding:
    stages = facts.plan.of(Stage)
    if not trainers(facts.plan):
        return lacking("no stage makes a model", 'outputs { model: model = "model.joblib" }   # in a stage')
    return met(Evidence(f"{len(stages)} stages, {trainers(facts.plan)[0].id} learns", stages[0].place))


def training_starts_by_itself(facts: Facts) -> Finding:
    """A trigger whose event a target carries."""
    for trigger in facts.plan.of(Trigger):
        for event in trigger.events:
            if _carried(event, facts):
                return met(Evidence(f"trigger {trigger.id}: {event.text or event.kind}", trigger.place))
    return lacking(
        "no trigger that a target of this spec carries starts it", 'trigger weekly { on schedule "0 5 * * 1" in "UTC" }'
    )


def _carried(event: Event, facts: Facts) -> bool:
    if event.kind == "all":
        return all(part.kind == "manual" or _carried(part, facts) for part in event.parts) and any(
            part.kind != "manual" for part in event.parts
        )
    return event.kind in _NEEDS and _NEEDS[event.kind] in facts.carried


def it_has_started_by_itself(facts: Facts) -> Finding:
    for run in facts.runs:
        engine = (run.get("engine") or {}).get("name")
        if facts.is_fresh(run["finished"]) and (engine or run.get("trigger")):
            by = f"trigger {run['trigger']}" if run.get("trigger") else f"{engine}"
            return met(Evidence(f"started by {by}", run=run["run"]))
    return lacking(
        "every run of the last 90 days in this store was started by hand, if there was one",
        "mlopsc build   # and let that engine run it; its store is the one to score",
    )


def models_are_validated(facts: Facts) -> Finding:
    """Before every deploy: a rule about quality, and one that compares with the model in use."""
    plan = facts.plan
    write = f"accuracy >= champion.accuracy - 0.01   # in a guard on {judged(plan)}"
    deploys = plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed", 'deploy production { model = train.model, alias = "champion" }')
    found = []
    for deploy in deploys:
        rules = [evidence_of(g, r) for g, r in quality_rules(plan, deploy) if against_the_one_in_use(g, r)]
        if not rules:
            return lacking(f"no rule that stops deploy {deploy.id} compares with the model in use", write)
        found += rules
    return met(*dict.fromkeys(found))


def models_are_delivered(facts: Facts) -> Finding:
    deploys = [d for d in facts.plan.of(Deploy) if d.alias or d.command]
    if not deploys:
        return lacking(
            "no deploy moves an alias or runs a command",
            'deploy production { model = train.model, alias = "champion" }',
        )
    return met(*(Evidence(f"deploy {d.id}", d.place) for d in deploys))


def runs_are_recorded(facts: Facts) -> Finding:
    if facts.plan.version.metadata != "all":
        return lacking(f"the policy says metadata = {facts.plan.version.metadata}", "version { metadata = all }")
    run = facts.last_run
    if run is None:
        return lacking(facts.why_no_run, "mlopsc run")
    return met(Evidence("spec, times, params, artifacts, metrics", run=run["run"]))


def models_are_registered(facts: Facts) -> Finding:
    model = next((m for m in facts.models if m.versions), None)
    if model is None:
        return lacking("no model is in the registry", "mlopsc run")
    version = model.versions[-1]
    return met(Evidence(f"version {version['version']} of {model.name}", run=version.get("run")))


def the_spec_is_in_git(facts: Facts) -> Finding:
    repository = facts.repository
    write = f"git add {facts.plan.spec}"
    if repository is None:
        return lacking("the folder is in no repository of git", "git init")
    stage_files = {path for stage in facts.plan.of(Stage) for path in stage.code}
    loose = sorted(p for p in {facts.plan.spec, *stage_files} if p not in repository.tracked)
    if loose:
        return lacking(f"git does not know {', '.join(loose[:3])}", write.replace(facts.plan.spec, loose[0]))
    return met(Evidence("git knows the spec and the code of its stages", Place(facts.plan.spec, 1, 1)))


def changes_are_checked(facts: Facts) -> Finding:
    """A workflow that starts at every change lints the spec, runs its tests and builds it."""
    found, missing = [], []
    for command in ("lint", "test", "build"):
        place = next((Place(w.path, o.line, 1) for w, o in facts.ordered(command) if w.on_change), None)
        if place is None:
            missing.append(command)
        else:
            found.append(Evidence(f"runs mlopsc {command}", place))
    if missing:
        said = " && ".join(f"mlopsc {c}{' --check' if c == 'build' else ''}" for c in missing)
        return lacking(
            f"no workflow runs mlopsc {', '.join(missing)} on this spec at every change", f"- run: {said}", *found
        )
    return met(*found)


def components_are_tested(facts: Facts) -> Finding:
    repository = facts.repository
    tests = [t for t in repository.tests if path_of(repository.folder) in path_of(t).parents] if repository else []
    if not tests:
        return lacking("there are no tests beside the spec", "tests/test_train.py, which trains on a few rows")
    found = tests_run(facts, tests)
    missing = "no workflow runs the tests beside the spec at every change"
    return met(found) if found else lacking(missing, "- run: pytest")


def the_pipeline_is_delivered(facts: Facts) -> Finding:
    """The repository has a workflow that was built from this spec, or one that builds it and takes it to its place."""
    for workflow in facts.workflows:
        if workflow.spec == facts.plan.spec and workflow.made_from == facts.plan.digest:
            return met(Evidence("built from this spec, and in the repository that runs it", Place(workflow.path, 1, 1)))
    stale = next((w for w in facts.workflows if w.spec == facts.plan.spec), None)
    for workflow, order in facts.ordered("build"):
        deliver = [o for o in workflow.orders if o.program in _DELIVERS or (o.program, *o.words[:1]) == ("git", "push")]
        if "push" in workflow.events and "--check" not in order.words and deliver:
            line = deliver[0].line
            return met(Evidence(f"builds it, and delivers by {deliver[0].program}", Place(workflow.path, line, 1)))
    missing = (
        f"{stale.path} was built from another text of the spec, or for another profile"
        if stale
        else "no workflow builds it and takes it where it runs"
    )
    return lacking(missing, "mlopsc build -T github --into .")


def the_model_is_monitored(facts: Facts) -> Finding:
    quality = quality_in_use_has_not_fallen(facts)
    return quality if quality.points else training_and_serving_agree(facts)


LEVEL_1 = (
    Test(
        "Level 1 pipeline",
        "Training is a pipeline of steps.",
        "A stage makes a model.",
        2,
        steps_are_a_pipeline,
    ),
    Test(
        "Level 1 trigger",
        "It is started again by itself.",
        "A trigger has an event that a target of the spec carries; `manual` is none.",
        1,
        training_starts_by_itself,
    ),
    Test(
        "Level 1 started",
        "It has been started by itself.",
        "A run of the last 90 days was started by an engine or for a trigger.",
        3,
        it_has_started_by_itself,
    ),
    Test(
        "Level 1 data",
        "Data is validated before it is learnt from.",
        "As for Data 1.",
        2,
        expectations_are_captured,
    ),
    Test(
        "Level 1 model",
        "A model is compared with the one in use before it takes its place.",
        "Before every deploy stands a rule about quality that blocks and compares with `champion` or `previous`.",
        1,
        models_are_validated,
    ),
    Test(
        "Level 1 delivery",
        "Models are delivered by the pipeline.",
        "A deploy moves an alias or runs a command.",
        1,
        models_are_delivered,
    ),
    Test(
        "Level 1 metadata",
        "What ran is recorded.",
        "A run of the last 90 days that succeeded is in the store.",
        1,
        runs_are_recorded,
    ),
    Test(
        "Level 1 registry",
        "Models are registered.",
        "The registry has a version.",
        1,
        models_are_registered,
    ),
)

LEVEL_2 = (
    Test(
        "Level 2 source",
        "The pipeline is in a repository.",
        "Git tracks the spec and the code of its stages.",
        1,
        the_spec_is_in_git,
    ),
    Test(
        "Level 2 checks",
        "A change of the pipeline is checked by itself.",
        "A workflow that starts at every change runs `mlopsc lint`, `mlopsc test` and `mlopsc build` on this spec.",
        3,
        changes_are_checked,
    ),
    Test(
        "Level 2 tests",
        "Its components are tested by themselves.",
        "A workflow that starts at every change runs all the test files in the folder of the spec.",
        3,
        components_are_tested,
    ),
    Test(
        "Level 2 delivery",
        "The pipeline itself is delivered.",
        "The repository has a workflow that was built from this very spec, or one that builds it and takes "
        "it where it runs.",
        1,
        the_pipeline_is_delivered,
    ),
    Test(
        "Level 2 monitoring",
        "What is in use is monitored.",
        "As for Monitor 7 or Monitor 3.",
        3,
        the_model_is_monitored,
    ),
)
