"""The command line of the runtime. Standard library only: it travels with what is generated.

The archive holds source, which Python compiles at every start: each command imports what it needs and no more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .children import Children, InterruptedRunError, end_in_order, end_leftovers
from .console import Console, closing_lines
from .context import Context
from .environment import any_environment
from .events import BLOCKED, BUG, DONE, FAILED, INTERRUPTED, USAGE, RunOptions, system_reason
from .nodes import exit_code, run_node, write_record
from .params import check_params
from .pipeline import NotAPlanError, Pipeline
from .preflight import find_problems, why_refused
from .shared import open_store, why_unusable
from .sources import why_not_readable
from .store import why_no_run_id


class UsageError(Exception):
    """What was asked cannot be done; the message is for people."""


def main(argv: Sequence[str]) -> int:
    """The exit code: 0 done, 2 usage, 3 blocked, 4 failed, 5 not run, 70 our own bug."""
    if argv[:1] == ["call"]:
        from .call import main as call

        return call(argv[1:])
    if argv[:1] in (["kube-driver"], ["kube-node"]):
        return _kubernetes(argv)
    arguments = _parser().parse_args(argv)
    end_in_order()
    try:
        code: int = arguments.command(arguments)
        return code
    except (UsageError, NotAPlanError) as e:
        print(f"error: {e}", file=sys.stderr)
        return USAGE
    except (KeyboardInterrupt, InterruptedRunError):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except OSError as e:
        print(f"error: {system_reason(e)}", file=sys.stderr)
        return FAILED
    except Exception as e:
        import traceback

        traceback.print_exc()
        print(f"internal error: {e}; please report it with the lines above", file=sys.stderr)
        return BUG


def _kubernetes(argv: Sequence[str]) -> int:
    import importlib

    try:
        driver = importlib.import_module(".kubernetes", __package__)
    except ModuleNotFoundError:
        print("error: this archive was built without the Kubernetes driver", file=sys.stderr)
        return USAGE
    code: int = driver.main(argv)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlops.pyz", description="Runs a pipeline from its plan.json.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    node = commands.add_parser("node", help="run one node, after those that it waits for")
    node.add_argument("id")
    node.add_argument("--run", required=True, help="the run's id, the same for all its nodes")
    node.add_argument("--retry", action="store_true", help="try again as the plan says (engines usually do that)")
    node.add_argument("--engine", metavar="NAME", help="which engine called, for the record")
    node.add_argument("--engine-run", metavar="ID")
    node.set_defaults(command=_node)
    whole = commands.add_parser("run", help="run the whole pipeline here")
    add_run_options(whole)
    whole.set_defaults(command=_run)
    end = commands.add_parser("finish", help="account for all nodes of a run; write run.json and report.html")
    end.add_argument("--run", required=True)
    end.add_argument("--engine", metavar="NAME")
    end.add_argument("--engine-run", metavar="ID")
    end.set_defaults(command=_finish)
    for each in (node, whole, end):
        each.add_argument("--plan", type=Path, default=Path("plan.json"))
        each.add_argument("--root", type=Path, help="the project's folder (MLOPS_ROOT; default: the plan's)")
        each.add_argument("--params", metavar="JSON", help="a JSON object of params, or a file with one (MLOPS_PARAMS)")
    return parser


def add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="how many nodes at once")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="give a param")
    parser.add_argument("--select", action="append", default=[], metavar="NODE", help="NODE, +NODE, NODE+ or +NODE+")
    parser.add_argument("--only", action="append", default=[], metavar="NODE")
    parser.add_argument("--from", action="append", default=[], metavar="NODE", dest="after", help="NODE and all after")
    parser.add_argument("--dry-run", action="store_true", help="show the exact commands and what would be restored")
    parser.add_argument("--keep-going", action="store_true", help="after a failed stage, go on with what can")
    parser.add_argument("--run", metavar="ID", help="the run's id")
    parser.add_argument("--trigger", metavar="NAME", help="keep to this trigger's cooldown and limit")


def _run(arguments: argparse.Namespace) -> int:
    from .executor import run

    pipeline = Pipeline.read(arguments.plan)
    options = RunOptions(
        run=arguments.run,
        params=_params(arguments, arguments.set),
        jobs=arguments.jobs,
        select=tuple(arguments.select),
        only=tuple(arguments.only),
        after=tuple(arguments.after),
        dry_run=arguments.dry_run,
        keep_going=arguments.keep_going,
        trigger=arguments.trigger,
    )
    result = run(pipeline.document, root=_run_root(arguments, pipeline), options=options, listener=Console())
    out = sys.stderr if result.problems else sys.stdout
    for line in closing_lines(result):
        print(line, file=out)
    return result.exit_code


def _node(arguments: argparse.Namespace) -> int:
    context = _context(arguments)
    if arguments.id not in context.pipeline.nodes:
        raise UsageError(f"no node named '{arguments.id}' in {arguments.plan}")
    given = _params(arguments)
    context.params, wrong = check_params(context.pipeline.document["params"], given)
    _, problems = find_problems(context, [arguments.id], given)
    problems += why_refused(context, [arguments.id])
    if problems:
        # Written down, or the end of the run would not know why the node did nothing.
        failed = {"state": "failed", "reason": "; ".join(map(str, problems)), "seconds": 0.0}
        write_record(context, arguments.id, failed)
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
        return USAGE if wrong else FAILED
    try:
        code = exit_code(run_node(context, arguments.id, retry=arguments.retry))
        if context.lineage is not None:
            context.lineage.close()
        return code
    except BaseException:
        context.children.end_all()
        if context.lineage is not None:
            context.lineage.close(2.0)  # who asks for an end does not wait long for it
        raise


def _finish(arguments: argparse.Namespace) -> int:
    from .report import finish

    context = _context(arguments)
    context.params, _ = find_problems(context, [], _params(arguments))
    context.store.clear_leftovers(end_leftovers)
    summary = finish(context)
    print(f"run {summary['run']} {summary['state']}; report: {context.folder / 'report.html'}")
    return {"succeeded": DONE, "blocked": BLOCKED, "failed": FAILED}[summary["state"]]


def _context(arguments: argparse.Namespace) -> Context:
    if why := why_no_run_id(arguments.run):
        raise UsageError(why)
    pipeline, root = Pipeline.read(arguments.plan), _root(arguments)
    engine = {k: v for k, v in (("name", arguments.engine), ("run", arguments.engine_run)) if v}
    store = open_store(pipeline, root, os.environ.get("MLOPS_STORE"))
    if shut := why_unusable(store, write=True):
        raise UsageError("; ".join(filter(None, shut)))
    return Context(
        pipeline=pipeline,
        root=root,
        store=store,
        run=arguments.run,
        children=Children(),
        listener=Console(node_names=False),
        engine=engine,
        any_environment=any_environment(),
    )


def _root(arguments: argparse.Namespace) -> Path:
    given = arguments.root or os.environ.get("MLOPS_ROOT") or arguments.plan.absolute().parent
    return Path(given).absolute()


def _run_root(arguments: argparse.Namespace, pipeline: Pipeline) -> Path:
    """The project's folder of a run started by hand: where none is named and the plan's folder has not the data that
    the sources name by path, the folder it is started from, if that has it."""
    root, here = _root(arguments), Path.cwd()
    if arguments.root or os.environ.get("MLOPS_ROOT"):
        return root
    sources = pipeline.of("source")
    lacking = any(why_not_readable(s, root) for s in sources)
    return here if lacking and not any(why_not_readable(s, here) for s in sources) else root


def _params(arguments: argparse.Namespace, settings: Sequence[str] = ()) -> dict[str, Any]:
    text = arguments.params or os.environ.get("MLOPS_PARAMS") or "{}"
    try:
        if not text.lstrip().startswith("{"):
            text = Path(text).read_text("utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as e:
        raise UsageError(f"--params is neither a JSON object nor a file with one: {e}") from e
    if not isinstance(found, dict):
        raise UsageError("--params must be a JSON object")
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting}: write NAME=VALUE")
        found[name] = value
    return found
