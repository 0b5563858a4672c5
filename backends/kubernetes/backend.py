"""The backend: a plan as Kubernetes objects, a file each, under a kustomization."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Any, ClassVar

from ...compiler.features import Feature
from ...compiler.plan.document import plan_json
from ...compiler.plan.needs import needs_mlflow, needs_psycopg, secrets_of, source_packages
from ...compiler.plan.nodes import Guard, Plan, Stage
from ..base import OutputFile, Support
from ..guard_sql import guard_files
from . import manifests as m
from .capabilities import CAPABILITIES
from .names import config_keys, legal_all
from .pods import Bundle, filling_pod, node_job, runnable
from .settings import Object, Settings, local_sources, read_settings

CONFIG_MAP_LIMIT = 1 << 20  # bytes of all values together; the API server refuses more


class Kubernetes:
    """One Job a source, stage, guard and deploy, created in order by a driver Job; CronJobs start the driver."""

    name: ClassVar[str] = "kubernetes"
    summary: ClassVar[str] = "Kubernetes objects: a Job a node, a CronJob a schedule"
    capabilities: ClassVar[Mapping[Feature, Support]] = CAPABILITIES
    options: ClassVar[Mapping[str, Any]] = json.loads(
        files(__package__).joinpath("options.schema.json").read_text("utf-8")
    )

    def problems(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[str]:
        """What stops this plan with these options, as sentences that say what to write instead."""
        settings = read_settings(plan, options)
        yield from _absolute_paths(plan)
        if plan.version.require_clean and settings.code != "image":
            yield (
                "only a checkout can tell whether code is a clean commit, and a ConfigMap is none; "
                'write code = "image", with git and the repository in the image'
            )
        if settings.code == "image" and not settings.workdir:
            yield 'code = "image" needs `workdir`; add the folder of the project in the images: workdir = "/app"'
        if plan.requirements and not options.get("image") and not plan.image:
            bare = [n.id for n in plan.of(Stage) if not n.image]
            if bare:
                yield (
                    f"stage '{bare[0]}' would run in {settings.image}, where {plan.requirements} is not installed; "
                    "name an image that has it, as `image` of the pipeline or of the target"
                )
        build = _Build(plan, settings)
        for size, what, instead in build.sizes:
            if size > CONFIG_MAP_LIMIT:
                yield (f"{what} take {size:,} bytes, and a ConfigMap holds {CONFIG_MAP_LIMIT:,}; {instead}")

    def emit(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[OutputFile]:
        build = _Build(plan, read_settings(plan, options))
        objects = dict(build.objects())
        yield _yaml(plan, "kustomization.yaml", m.kustomization(plan, build.settings, list(objects)))
        for path, value in objects.items():
            yield _yaml(plan, path, value)
        if build.settings.made_data:
            yield _yaml(plan, "fill-data.yaml", filling_pod(plan, build.settings))
        yield from guard_files(plan, "")
        yield OutputFile.of_text("README.md", build.readme(list(objects)))


def _yaml(plan: Plan, path: str, value: Object) -> OutputFile:
    from .yaml_text import yaml_file  # PyYAML is loaded when something is printed

    return OutputFile.of_text(path, yaml_file(plan, value))


def _absolute_paths(plan: Plan) -> Iterator[str]:
    for source in local_sources(plan):
        if source.uri is not None and source.uri.startswith("/"):
            yield (
                f"source '{source.id}' reads {source.uri}, a path of one machine; "
                "name files below the project, and put them into the volume claim of the option `data`"
            )


@dataclass(frozen=True)
class _Build:
    """The objects of one build."""

    plan: Plan
    settings: Settings

    @cached_property
    def runtime(self) -> bytes:
        from ..archive import runtime_archive

        return runtime_archive()

    @cached_property
    def plan_text(self) -> str:
        # The code lies beside it as files; twice, it would halve what a ConfigMap can carry.
        return plan_json(replace(self.plan, project=()))

    @cached_property
    def code(self) -> dict[str, str]:
        """Text by path; nothing where the images carry the code."""
        return {f.path: f.text for f in self.plan.project} if self.settings.code == "configmap" else {}

    @cached_property
    def bundle(self) -> Bundle:
        base = self.settings.base
        return Bundle(
            runtime=f"{base}-runtime-{_digest({'mlops.pyz': self.runtime})}",
            plan=f"{base}-plan-{_digest({'plan.json': self.plan_text})}",
            code=f"{base}-code-{_digest(self.code)}" if self.code else None,
            keys=config_keys(self.code),
        )

    @cached_property
    def jobs(self) -> dict[str, str]:
        """Each node's Job as JSON, which the driver reads without a YAML library, by file name."""
        nodes = runnable(self.plan)
        names = legal_all(f"{self.plan.name}-{n.id}" for n in nodes)
        return {
            f"{names[f'{self.plan.name}-{n.id}']}.json": _json(
                node_job(self.plan, self.settings, n, names[f"{self.plan.name}-{n.id}"], self.bundle)
            )
            for n in nodes
        }

    @cached_property
    def job_maps(self) -> dict[str, dict[str, str]]:
        """The Jobs in as many ConfigMaps as it takes, by name."""
        parts: list[dict[str, str]] = [{}]
        size = 0
        for name, text in self.jobs.items():
            size += len(text.encode())
            if parts[-1] and size > CONFIG_MAP_LIMIT:
                parts.append({})
                size = len(text.encode())
            parts[-1][name] = text
        return {f"{self.settings.base}-jobs-{_digest(part)}": part for part in parts}

    @cached_property
    def sizes(self) -> list[tuple[int, str, str]]:
        """Bytes of each ConfigMap, what is in it, and what to do when they are too many."""
        in_image = 'put it into the images: code = "image", workdir = "/app"'
        return [
            (_size(self.code), "the project's files", in_image),
            (len(self.plan_text.encode()), "the plan's nodes", "split the pipeline"),
        ]

    def objects(self) -> Iterator[tuple[str, Object]]:
        plan, settings, bundle = self.plan, self.settings, self.bundle
        if settings.made_account:
            yield "service-account.yaml", m.service_account(plan, settings)
        yield "role.yaml", m.role(plan, settings)
        yield "role-binding.yaml", m.role_binding(plan, settings)
        yield "network-policy.yaml", m.network_policy(plan, settings)
        if settings.made_claim:
            yield "store.yaml", m.store_claim(plan, settings)
        if settings.made_data:
            yield "data.yaml", m.data_claim(plan, settings)
        yield "runtime.yaml", m.config_map(plan, settings, bundle.runtime, {}, {"mlops.pyz": self.runtime})
        yield "plan.yaml", m.config_map(plan, settings, bundle.plan, {"plan.json": self.plan_text}, {})
        if bundle.code:
            texts = {bundle.keys[path]: text for path, text in self.code.items()}
            yield "code.yaml", m.config_map(plan, settings, bundle.code, texts, {})
        for i, (name, texts) in enumerate(self.job_maps.items()):
            yield ("jobs.yaml" if i == 0 else f"jobs-{i + 1}.yaml"), m.config_map(plan, settings, name, texts, {})
        yield "run.yaml", m.manual_cron_job(plan, settings, bundle, list(self.job_maps))
        for cron_job in m.schedules(plan, settings, bundle, list(self.job_maps)):
            yield f"schedule-{cron_job['metadata']['name'].removeprefix(settings.base + '-')}.yaml", cron_job

    def readme(self, paths: list[str]) -> str:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        env = Environment(
            loader=PackageLoader(__package__, "."),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return env.get_template("README.md.j2").render(
            plan=self.plan,
            settings=self.settings,
            paths=paths,
            data_words=" ".join(_shell_word(s.uri or "") for s in local_sources(self.plan)),
            secrets=_secret_names(self.plan),
            object_stores=" and ".join(f"`{p.partition('>')[0]}`" for p in sorted(_object_stores(self.plan))),
            needs_mlflow=any(needs_mlflow(self.plan, node) for node in self.plan.nodes),
            needs_psycopg=any(needs_psycopg(self.plan, node) for node in self.plan.nodes),
            guards=any(guard.asks_table for guard in self.plan.of(Guard)),
            about={path: _about(path) for path in paths},
            flag=f" -n {self.settings.namespace}" if self.settings.namespace else "",
        )


def _object_stores(plan: Plan) -> set[str]:
    return {line for node in plan.nodes for line in source_packages(node)}


_ABOUT = {
    "service-account.yaml": "who the pods are",
    "role.yaml": "what the driver may do: create and list Jobs, list pods",
    "role-binding.yaml": "gives the service account that role",
    "network-policy.yaml": "nothing connects to the pods",
    "store.yaml": "the volume of results",
    "data.yaml": "the volume of the sources' files, which you fill",
    "runtime.yaml": "mlops.pyz, which runs a node",
    "plan.yaml": "plan.json, the checked pipeline",
    "code.yaml": "the project's files",
    "jobs.yaml": "a Job for each node, which the driver names and creates",
    "run.yaml": "a CronJob that never starts by itself: the template of runs by hand",
}


def _about(path: str) -> str:
    return _ABOUT.get(path) or ("more of them" if path.startswith("jobs-") else "starts a run on schedule")


def _shell_word(path: str) -> str:
    """A path for a shell that expands it as a pattern, as the source means it."""
    return "".join(c if c.isalnum() or c in "/._-*?[]" else "\\" + c for c in path)


def _secret_names(plan: Plan) -> list[str]:
    return sorted({name for node in plan.nodes for name in secrets_of(plan, node)})


def _digest(content: Mapping[str, str | bytes]) -> str:
    found = sha256()
    for name, value in content.items():
        for part in (name.encode(), value.encode() if isinstance(value, str) else value):
            found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:10]


def _size(texts: Mapping[str, str]) -> int:
    return sum(len(text.encode()) for text in texts.values())


def _json(value: Object) -> str:
    return _folded(value, 0) + "\n"


def _folded(value: Any, indent: int) -> str:
    """JSON in which what fits on a line stays on it."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= 100 or not value or not isinstance(value, dict | list):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(k, ensure_ascii=False)}: {_folded(v, indent + 2)}" for k, v in value.items()]
    else:
        lines = [pad + _folded(v, indent + 2) for v in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{' ' * indent}{closing}"
