"""Repro 1 to Repro 13: whether what was made can be made again.

The items are those of the machine learning reproducibility checklist (Pineau et al., "Improving Reproducibility in
Machine Learning Research", JMLR 22, 2021; version 2.0 of the checklist) that a pipeline can show, put into its words:
dependencies, training and evaluation code, data, hyperparameters with their range, the number of runs, variation,
run time, computing infrastructure, trained models; and what practice adds: seeds, hashes, digests, and having done it.
"""

from __future__ import annotations

import re

from ..features import Feature
from ..plan.nodes import Comparison, Condition, Deploy, Guard, Literal, Op, Plan, Rule, Source, Stage
from ..plan.place import Place
from .facts import Facts
from .findings import Evidence, Finding, Test, lacking, met
from .infrastructure import made_again, why_not_made_again
from .reading import (
    after_training,
    before,
    blocking_refs,
    check_of,
    evidence_of,
    is_seed,
    learnt_from,
    measures,
    on_predictions,
    trainers,
)

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_BY_CONTENT = ("content", "pinned:")


def code_is_versioned(facts: Facts) -> Finding:
    run = facts.last_run
    if facts.plan.version.code == "off":
        return lacking("the policy says code = off", "version { code = git }")
    if run is None:
        return lacking(facts.why_no_run, "mlopsc run")
    commit = (run.get("code") or {}).get("commit")
    if not commit:
        return lacking(f"run {run['run']} was made outside of git", "git init && git add . && git commit")
    return met(Evidence(f"commit {commit[:10]}", run=run["run"]))


def code_was_clean(facts: Facts) -> Finding:
    run = facts.last_run
    write = "git commit --all && mlopsc run   # and version { code = git(require: clean) } asks for it"
    if run is None:
        return lacking(facts.why_no_run, "mlopsc run")
    code = run.get("code") or {}
    if not code.get("commit"):
        return lacking(f"run {run['run']} was made outside of git", write)
    if code.get("uncommitted"):
        return lacking(
            f"run {run['run']} had changes that were not committed (its record keeps them as a patch)", write
        )
    return met(Evidence(f"nothing differed from commit {code['commit'][:10]}", run=run["run"]))


def data_is_versioned(facts: Facts) -> Finding:
    plan = facts.plan
    if plan.version.data != "content":
        return lacking(f"the policy says data = {plan.version.data}", "version { data = content }")
    sources = [s for s in plan.of(Source) if s.extracts is None]
    loose = [s for s in sources if not s.version.startswith(_BY_CONTENT)]
    if loose:
        missing = f"source {loose[0].id} is known by {loose[0].version}, not by what is in it"
        return lacking(missing, "version = content   # in the source")
    if sources:
        return met(*(Evidence(f"source {s.id}: version {s.version.partition(':')[0]}", s.place) for s in sources))
    roots = [s for s in plan.of(Stage) if not s.inputs]
    if not roots:
        return lacking("the spec has no data", 'source data { uri = "data/*.csv", version = content }')
    return met(*(Evidence(f"what stage {s.id} writes is kept by content", s.place) for s in roots))


def params_have_domains(facts: Facts) -> Finding:
    """Every param says which values make sense. A seed has none that do more than others; true and false say it all."""
    params = facts.plan.params
    if not params:
        missing = "no param is declared: what programs set themselves is not known"
        return lacking(missing, "param learning_rate: float = 0.1 in 0.001..1.0")
    free = [p for p in params if p.type != "bool" and not is_seed(p.name) and not p.choices]
    open_ = [p for p in free if p.low is None and p.high is None]
    if open_:
        return lacking(
            f"param {open_[0].name} may be anything", f"param {open_[0].name}: {open_[0].type} = … in LOW..HIGH"
        )
    return met(*(Evidence(f"param {p.name}", p.place) for p in params))


def seeds_are_fixed(facts: Facts) -> Finding:
    """Every stage that learns takes a seed, reads the one that it is offered, or made the same bytes again."""
    stages = trainers(facts.plan)
    if not stages:
        return lacking("no stage makes a model", "")
    found: list[Evidence] = []
    for stage in stages:
        how = _seeded(facts, stage)
        if how is None:
            write = "param seed: int = 7   # and params = [seed] in the stage"
            return lacking(f"stage {stage.name} takes no seed, and reads no MLOPS_SEED", write, *found)
        found.append(how)
    return met(*found)


def _seeded(facts: Facts, stage: Stage) -> Evidence | None:
    params = [name for name in stage.params if is_seed(name)]
    if params:
        return Evidence(f"stage {stage.id} takes {', '.join(params)}", stage.place)
    texts = {file.path: file.text for file in facts.plan.project}
    reads = next((path for path in stage.code if "MLOPS_SEED" in texts.get(path, "")), None)
    if reads is not None:
        return Evidence(f"stage {stage.id}: {reads} reads MLOPS_SEED", stage.place)
    again = made_again(facts)
    return again if again is not None and _same_to_the_bit(facts, stage) else None


def _same_to_the_bit(facts: Facts, stage: Stage) -> bool:
    """Whether a stage's models had the same bytes when the run was made again."""
    digests = facts.reproductions[0]["digests"]
    models = [digests.get(f"{stage.id}.{o.name}") for o in stage.outputs if o.kind == "model"]
    return all(pair and pair[0] is not None and pair[0] == pair[1] for pair in models)


def packages_are_locked(facts: Facts) -> Finding:
    """The lock names one version of each package, with the digest of its file."""
    plan = facts.plan
    write = 'version { env = lock("requirements.txt") }   # made by: uv pip compile --generate-hashes requirements.in'
    if not plan.version.env_lock:
        return lacking("no lock of the packages", write)
    lock = plan.version.env_lock
    text = next((f.text for f in plan.project if f.path == lock), None)
    if text is None:
        return lacking(f"{lock} cannot be read", write)
    line = _first_without_hash(text) if lock.endswith(".txt") else None if "sha256:" in text else 1
    if line is not None:
        missing = f"{lock} has versions without hashes: the same name may be another file tomorrow"
        seen = Evidence("without a hash", Place(lock, line, 1))
        return lacking(missing, f"uv pip compile --generate-hashes requirements.in -o {lock}", seen)
    return met(Evidence(f"{lock} has a hash for every package", Place(lock, 1, 1)))


def _first_without_hash(text: str) -> int | None:
    """The line of the first requirement that has no `--hash`; requirements may go on over lines that end in `\\`."""
    number, start, seen = 0, 0, False
    for chunk in re.split(r"(?<!\\)\n", text):
        start = number + 1
        number += chunk.count("\n") + 1
        requirement = chunk.strip()
        if not requirement or requirement.startswith(("#", "-")):
            continue
        seen = True
        if "--hash=sha" not in requirement:
            return start
    return None if seen else 1


def images_are_pinned(facts: Facts) -> Finding:
    plan = facts.plan
    if Feature.IMAGE not in facts.natively:
        return lacking("no target of this spec runs stages in images", "")
    stages = plan.of(Stage)
    loose = [s for s in stages if not _DIGEST.search(s.image or plan.image or "")]
    if loose or not stages:
        image = (loose[0].image or plan.image) if loose else None
        missing = f"image '{image}' is a name that can be moved" if image else "no image is named"
        return lacking(missing, 'image = "REGISTRY/NAME@sha256:…"   # in the pipeline')
    images = dict.fromkeys(s.image or plan.image or "" for s in stages)
    return met(*(Evidence(f"{image.partition('@')[0]} by digest") for image in images))


def surroundings_are_recorded(facts: Facts) -> Finding:
    run = facts.last_run
    if facts.plan.version.metadata != "all":
        return lacking(f"the policy says metadata = {facts.plan.version.metadata}", "version { metadata = all }")
    if run is None:
        return lacking(facts.why_no_run, "mlopsc run")
    machine = run.get("machine") or {}
    lost = [k for k in ("python", "system", "processors") if not machine.get(k)]
    timed = all("seconds" in r for r in run["nodes"].values() if r["kind"] == "stage" and r["state"] == "succeeded")
    if lost or not run.get("packages") or not timed:
        return lacking(f"run {run['run']} does not say {', '.join(lost) or 'its packages or times'}", "mlopsc run")
    on = machine.get("processor") or machine["system"]
    return met(Evidence(f"Python {machine['python']}, {on}, {len(run['packages'])} packages, times", run=run["run"]))


def results_are_recorded(facts: Facts) -> Finding:
    run = facts.last_run
    if run is None:
        return lacking(facts.why_no_run, "mlopsc run")
    stages = [r for r in run["nodes"].values() if r["kind"] == "stage"]
    results = [a for r in stages for a in (r.get("artifacts") or {}).values()]
    numbers = [n for r in stages for values in (r.get("metrics") or {}).values() for n in values]
    if not results or not all(a.get("digest") for a in results):
        return lacking(f"run {run['run']} kept no digest of its results", "mlopsc run")
    if not numbers:
        return lacking(
            "no stage writes metrics", 'outputs { metrics: metrics = "metrics.json" }   # in the stage that judges'
        )
    return met(Evidence(f"{len(results)} results by digest, {len(numbers)} metrics", run=run["run"]))


def a_run_was_made_again(facts: Facts) -> Finding:
    found = made_again(facts)
    return met(found) if found else lacking(why_not_made_again(facts), "mlopsc reproduce last")


def models_have_provenance(facts: Facts) -> Finding:
    """The newest version of every deployed model says what it was made from."""
    deploys = facts.plan.of(Deploy)
    if not deploys:
        return lacking(
            "no model is registered by a deploy", 'deploy production { model = train.model, alias = "champion" }'
        )
    found = []
    for deploy in deploys:
        model = next((m for m in facts.models if m.name.endswith(f".{deploy.model}") or m.name == deploy.model), None)
        if model is None or not model.versions:
            return lacking(f"no version of {deploy.model} is in the registry", "mlopsc run")
        version = model.versions[-1]
        if version["version"] not in model.provenance:
            return lacking(
                f"version {version['version']} of {deploy.model} does not say what it was made from", "mlopsc run"
            )
        found.append(Evidence(f"version {version['version']} of {model.name}", run=version.get("run")))
    return met(*found)


def what_judges_was_not_learnt(facts: Facts) -> Finding:
    """A rule that blocks finds no row of the test data among those that were learnt from."""
    plan = facts.plan
    learnt = {a for stage in trainers(plan) for entry in stage.inputs for a in entry.artifacts}
    for guard in plan.of(Guard):
        compared = {guard.subject, *(a for table in guard.tables for a in table.artifacts)}
        if compared & learnt and _stops_a_deploy(plan, guard):
            for rule in guard.rules:
                if _finds_none(guard, rule):
                    return met(evidence_of(guard, rule))
    missing = "no rule says that the data that judges is apart from the data that was learnt from"
    shared = _read_by_both(plan)
    if shared is not None:
        missing += f"; {shared} is read for both, and only their code knows which rows are for what"
        write = 'outputs { learning: table = "learning.csv", holdout: table = "holdout.csv" }   # of a stage before'
        return lacking(missing, write)
    return lacking(missing, on_predictions(plan, "apart", f"overlap({learnt_from(plan)}, KEY) <= 0%"))


def _read_by_both(plan: Plan) -> str | None:
    """A table that a stage learns from and a later one reads again."""
    learning = trainers(plan)
    learnt = {a for stage in learning for entry in stage.inputs for a in entry.artifacts}
    later = after_training(plan) - {stage.id for stage in learning}
    read = (a for s in plan.of(Stage) if s.id in later for entry in s.inputs for a in entry.artifacts)
    return next((a for a in read if a in learnt), None)


def _stops_a_deploy(plan: Plan, guard: Guard) -> bool:
    """Whether a guard stands before a deploy, or there is none to stand before."""
    deploys = plan.of(Deploy)
    return not deploys or any(guard.id in before(plan, d.id) for d in deploys)


def _finds_none(guard: Guard, rule: Rule) -> bool:
    """Whether one row of overlap is enough to block."""
    if not any(m.text.startswith("overlap(") for m in measures(guard, rule)):
        return False
    asked = (limit.condition for limit in rule.limits if limit.action == "block")
    return any(isinstance(c, Op) and c.op in ("<=", "==") and _is_zero(c.args[1]) for c in asked)


def _is_zero(condition: Condition) -> bool:
    return isinstance(condition, Literal) and condition.value == 0


def results_have_variation(facts: Facts) -> Finding:
    """Training is repeated over seeds, or a model is compared with a confidence."""
    plan = facts.plan
    for guard in plan.of(Guard):
        for rule in guard.rules:
            for ref in blocking_refs(rule):
                check = check_of(guard, ref)
                if isinstance(check, Comparison):
                    return met(Evidence(f"guard {guard.id}: {rule.text}", rule.place))
    seeded = [s for s in plan.of(Stage) if s.item is not None and is_seed(s.item.variable)]
    copies = [s for s in seeded if any(o.kind == "metrics" for o in s.outputs)]
    if len(copies) >= 3:
        return met(Evidence(f"{copies[0].name} is run with {len(copies)} seeds", copies[0].place))
    write = "foreach seed in [7, 8, 9]   # in a stage that learns with {item.seed} and writes metrics"
    if Feature.BETTER_THAN in facts.everywhere and plan.of(Deploy):
        write = "accuracy(TRUTH, PREDICTED, key: KEY) better than champion with 95%   # in a guard on the predictions"
    return lacking("one number, from one run, with no word of how far it may be off", write)


REPRODUCIBILITY = (
    Test(
        "Repro 1",
        "The code is versioned.",
        "The last run recorded the commit that it was made from.",
        1,
        code_is_versioned,
    ),
    Test(
        "Repro 2",
        "Nothing differed from the commit.",
        "The last run recorded that nothing was uncommitted.",
        1,
        code_was_clean,
    ),
    Test(
        "Repro 3",
        "Data is versioned by what is in it.",
        "Every source has `version = content` or a pinned digest; where there is none, stages write the data "
        "and it is kept by content.",
        1,
        data_is_versioned,
    ),
    Test(
        "Repro 4",
        "Params are declared, with the values that make sense.",
        "Every param has `in LOW..HIGH` or `in [ … ]`. Seeds, and params that are true or false, need none.",
        1,
        params_have_domains,
    ),
    Test(
        "Repro 5",
        "Randomness is fixed.",
        "Every stage that learns takes a param that is a seed, has code that reads `MLOPS_SEED`, or made a "
        "model of the same bytes when a run was made again.",
        1,
        seeds_are_fixed,
    ),
    Test(
        "Repro 6",
        "Packages are locked with hashes.",
        "`version { env = lock(…) }` names a file with a hash for every package.",
        1,
        packages_are_locked,
    ),
    Test(
        "Repro 7",
        "Images are named by digest.",
        "Every stage's image ends in `@sha256:` and 64 digits, and a target of the spec runs stages in "
        "images. Whether that image is still to be had is not looked up.",
        1,
        images_are_pinned,
    ),
    Test(
        "Repro 8",
        "Machine, packages and times are recorded.",
        "The last run recorded them.",
        1,
        surroundings_are_recorded,
    ),
    Test(
        "Repro 9",
        "Results are recorded.",
        "The last run recorded the digest of every result, and metrics.",
        1,
        results_are_recorded,
    ),
    Test(
        "Repro 10",
        "A run was made again, and was the same.",
        "`mlopsc reproduce` did it in the last 90 days, metrics within 1%.",
        1,
        a_run_was_made_again,
    ),
    Test(
        "Repro 11",
        "Models say what they were made from.",
        "The newest version of every deployed model has a statement of its provenance in the registry.",
        1,
        models_have_provenance,
    ),
    Test(
        "Repro 12",
        "What judges a model is apart from what it learnt from.",
        "A rule that blocks has `overlap(…) <= 0%`, and one of its two tables is what a stage learns from.",
        2,
        what_judges_was_not_learnt,
    ),
    Test(
        "Repro 13",
        "A number says how far it may be off.",
        "A stage writes metrics for each of at least three seeds (`foreach seed in [ … ]`), or a rule that "
        "blocks compares with a confidence (`better than … with 95%`).",
        2,
        results_have_variation,
    ),
)
