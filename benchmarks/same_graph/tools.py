"""The same graph as each tool wants it written, and how each is told to bring it up to date with two jobs at once.

Every one of them is told of every file that a stage reads, `step.sh` among them, and uses the means by which it finds
changes when nothing is said: times for make, ninja and Snakemake, contents for doit, DVC and ours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .graph import MIDDLE, START, Graph

JOBS = 2


@dataclass(frozen=True)
class Tool:
    """`program` is what is started, with the folder that the tool's environment is in; `files` are written before."""

    name: str
    files: Callable[[Graph], Mapping[str, str]]
    program: Callable[[Path], list[str]]
    prepare: tuple[str, ...] = ()
    results: Callable[[Path, Graph], dict[str, str]] | None = None  # where it is not the folder `out`

    def results_in(self, folder: Path, graph: Graph) -> dict[str, str]:
        """What each stage wrote, by its name."""
        if self.results is not None:
            return self.results(folder, graph)
        return {s.name: (folder / s.output).read_text("utf-8") for s in graph.stages if (folder / s.output).is_file()}


# --------------------------------------------------------------------- ours


def _spec(graph: Graph) -> dict[str, str]:
    names = {START: "start", MIDDLE: "middle"}
    parts = ["mlops 1\n", 'pipeline benchmark { owner = "ops@example.org" }\n']
    parts += [f'source {name} {{ uri = "{file}", version = content }}\n' for file, name in names.items()]
    for stage in graph.stages:
        inputs = {f"i{n}": f"{b}.o" for n, b in enumerate(stage.before)} | {names[f]: names[f] for f in stage.files}
        words = " ".join(f"{{inputs.{name}}}" for name in inputs)
        given = ", ".join(f"{name}: {what}" for name, what in inputs.items())
        parts.append(
            f"stage {stage.name} {{\n"
            f'  run     = "sh step.sh {{outputs.o}} {words}"\n'
            f"  inputs  = {{ {given} }}\n"
            f'  outputs {{ o: file = "{stage.name}.txt" }}\n'
            "}\n"
        )
    return {"benchmark.mlops": "\n".join(parts)}


def _ours_results(folder: Path, graph: Graph) -> dict[str, str]:
    found = {}
    for run in sorted((folder / ".mlops/runs").iterdir()):
        for stage in graph.stages:
            path = run / stage.name / f"{stage.name}.txt"
            if path.is_file():
                found[stage.name] = path.read_text("utf-8")
    return found


# --------------------------------------------------------------- make, ninja


def _makefile(graph: Graph) -> dict[str, str]:
    lines = [f".PHONY: all\nall: {' '.join(s.output for s in graph.last)}\n"]
    lines += [f"{s.output}: step.sh {' '.join(s.inputs)}\n\t{s.command}\n" for s in graph.stages]
    return {"Makefile": "\n".join(lines)}


def _ninja_file(graph: Graph) -> dict[str, str]:
    lines = ["rule step\n  command = sh step.sh $out $in\n"]
    lines += [f"build {s.output}: step {' '.join(s.inputs)} | step.sh" for s in graph.stages]
    return {"build.ninja": "\n".join(lines) + "\n"}


# ---------------------------------------------------------------------- doit


def _dodo(graph: Graph) -> dict[str, str]:
    stages = [(s.name, list(s.inputs), s.output, s.command) for s in graph.stages]
    return {
        "dodo.py": f"STAGES = {stages!r}\n\n\n"
        "def task_stage():\n"
        "    for name, inputs, output, command in STAGES:\n"
        "        yield {\n"
        "            'name': name,\n"
        "            'file_dep': ['step.sh', *inputs],\n"
        "            'targets': [output],\n"
        "            'actions': [command],\n"
        "        }\n"
    }


# ----------------------------------------------------------------- Snakemake


def _snakefile(graph: Graph) -> dict[str, str]:
    inputs = {s.name: s.inputs for s in graph.stages}
    return {
        "Snakefile": f"INPUTS = {inputs!r}\n\n\n"
        f"rule all:\n    input: {[s.output for s in graph.last]!r}\n\n\n"
        "rule stage:\n"
        "    input: data=lambda wildcards: INPUTS[wildcards.name], step='step.sh'\n"
        "    output: 'out/{name}.txt'\n"
        "    shell: 'sh step.sh {output} {input.data}'\n"
    }


# ----------------------------------------------------------------------- DVC


def _dvc_yaml(graph: Graph) -> dict[str, str]:
    stages: dict[str, Any] = {
        s.name: {"cmd": s.command, "deps": ["step.sh", *s.inputs], "outs": [s.output]} for s in graph.stages
    }
    return {"dvc.yaml": json.dumps({"stages": stages}, indent=1)}  # JSON is YAML, too


def _installed(name: str, *arguments: str) -> Callable[[Path], list[str]]:
    return lambda home: [str(home / name / "bin" / name), *arguments]


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "ours",
            _spec,
            lambda _: [str(Path(sys.executable).with_name("mlopsc")), "run", "--quiet", "--jobs", str(JOBS)],
            results=_ours_results,
        ),
        Tool("make", _makefile, lambda _: ["make", "--silent", f"-j{JOBS}"]),
        Tool("ninja", _ninja_file, _installed("ninja", "--quiet", f"-j{JOBS}")),
        Tool("doit", _dodo, _installed("doit", "-n", str(JOBS))),
        Tool("snakemake", _snakefile, _installed("snakemake", "--quiet", "all", "--cores", str(JOBS))),
        Tool("dvc", _dvc_yaml, _installed("dvc", "repro", "--quiet"), prepare=("init", "--quiet")),
    )
}

# No tool asks the network whether there is a newer one, or tells anybody that it was used.
ENVIRONMENT = {**os.environ, "DVC_NO_ANALYTICS": "1", "NO_COLOR": "1"}
