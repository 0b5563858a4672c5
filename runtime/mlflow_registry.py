"""Versions of a model and its aliases in MLflow's model registry.

A version is a version of MLflow's, with a run that holds params, metrics, data, the model's files, and what else is
kept with it under `mlops/`. It is made last, in one request, when everything that it names is there: a process that is
killed before leaves a run, and no version. Two processes that register the same bytes at once make two; both see the
lower number, which is the version, and the other is removed.

MLflow sets an alias to whatever it is told, whoever was there first. So the history of moves is ours: a run of its own,
where a move is a param `move 00007`, which MLflow lets nobody write twice. Who writes it has made the move; the alias
in MLflow follows, and `done 00007` says that it did. Seen from outside:

- alias as the last move says: nothing to do.
- alias as before the last move, which is not done: its process was killed, or is about to. Who wants to move the alias
  waits for it, and after PATIENCE sets the alias in its stead.
- anything else: somebody moved the alias in MLflow itself. That is respected: it becomes a move of the history.

What MLflow does not allow to promise: a process that sleeps for longer than PATIENCE between looking at the history and
setting the alias, and is then killed before it looks again, may leave the alias of an older move, which the next look
takes for a move by hand; and an alias that is moved by hand within the moment between another process's setting it and
its `done`, back to what it was before, is set again.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .digests import path_digest, value_digest
from .mlflow_client import code_of, connect, download, told
from .mlflow_runs import ABOUT, KEY, experiment_of, log_run, short_tags
from .registry import Alias, ModelRegistry, RegistryError, aliases_after, now
from .store import Store, finite, read_json, safe_id

PATIENCE = 5.0  # seconds
BY_HAND = "moved in MLflow"
_HISTORY = "mlops.history"  # tag of the model and param of its first version: the run that holds the moves
_RECORD = "mlops.version"  # tag of a version
_LONGEST_TAG = 5000  # characters, as MLflow's older servers have it
_GONE = ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")


@dataclass(frozen=True)
class _Look:
    """The history and the aliases as they are in MLflow."""

    history: str | None  # the id of its run
    moves: list[dict[str, Any]]
    done: frozenset[int]
    aliases: Mapping[str, int]

    @property
    def last(self) -> dict[str, dict[str, Any]]:
        return {m["alias"]: m for m in self.moves}

    def is_pending(self, alias: str) -> bool:
        """Whether the alias has yet to follow its last move."""
        move = self.last.get(alias)
        at = self.aliases.get(alias)
        return move is not None and move["move"] not in self.done and at != move["to"] and at == move["from"]

    def by_hand(self) -> Iterator[dict[str, Any]]:
        """The moves that somebody made in MLflow, in the words of the history, which has not got them yet."""
        number, last = self.moves[-1]["move"] if self.moves else 0, self.last
        for alias in sorted({*last, *self.aliases}):
            was, at = last[alias]["to"] if alias in last else None, self.aliases.get(alias)
            if at != was and not self.is_pending(alias):
                number += 1
                move = {"move": number, "alias": alias, "from": was, "to": at, "previous": was, "settled": True}
                yield {**move, "run": "", "why": BY_HAND, "at": now()}


class MlflowRegistry(ModelRegistry):
    """The versions of one model in MLflow. Its history of moves is a run there, in which nothing is written twice."""

    def __init__(self, store: Store, model: str, uri: str, pipeline: str) -> None:
        self.store = store
        self.model = model
        self.place = "MLflow"
        self._uri = uri
        self._pipeline = pipeline

    @property
    def _client(self) -> Any:
        return connect(self._uri)

    # --------------------------------------------------------------- versions

    def register(
        self, kept: Mapping[str, Any], file_name: str, about: Mapping[str, Any], card: str = ""
    ) -> dict[str, Any]:
        told_of: dict[str, Any] = finite({"digest": kept["digest"], "file": file_name, "created": now(), **about})
        key = value_digest([kept["digest"], told_of.get("metrics", {})])
        with told(self._uri):
            there = self._of_key(key)
            if not there:
                made = int(self._make(key, told_of, card).version)
                there = self._of_key(key)
                if int(there[0].version) != made:
                    self._client.delete_model_version(self.model, str(made))
            return self._read(there[0])

    def _make(self, key: str, about: dict[str, Any], card: str) -> Any:
        client, experiment = self._client, experiment_of(self._client, self._uri, self._pipeline)
        with self.store.workspace("mlflow") as workspace:
            file = workspace / str(about["file"])
            self.store.place(about["digest"], file)
            run, source = log_run(client, experiment, self.model, key, about, file, card)
        self._make_model()
        text = json.dumps(about, ensure_ascii=False)
        whole = {_RECORD: text} if len(text) <= _LONGEST_TAG else {}
        tags = {KEY: key, **short_tags(about), **whole}
        return client.create_model_version(
            self.model, source, run_id=run, tags=tags, description=card[:_LONGEST_TAG] or None
        )

    def _make_model(self) -> None:
        from mlflow.exceptions import MlflowException

        tags = {"mlops.pipeline": self._pipeline}
        try:
            self._client.create_registered_model(self.model, tags=tags)
        except MlflowException as e:
            if code_of(e) != "RESOURCE_ALREADY_EXISTS":
                raise
            _set(lambda: self._client.set_registered_model_tag(self.model, "mlops.pipeline", self._pipeline))

    def _entities(self) -> list[Any]:
        found: list[Any] = []
        token = None
        while True:
            page = self._client.search_model_versions(f"name = '{self.model}'", max_results=200, page_token=token)
            found += page
            token = page.token
            if not token:
                return sorted(found, key=lambda v: int(v.version))

    def _of_key(self, key: str) -> list[Any]:
        return [v for v in self._entities() if v.tags.get(KEY) == key]

    def versions(self) -> list[dict[str, Any]]:
        with told(self._uri):
            keys: set[str] = set()
            found = []
            for entity in self._entities():
                key = entity.tags.get(KEY)
                if key is None or key not in keys:  # the same again: its process was killed before it took it away
                    found.append(self._read(entity))
                keys.add(key)
            return found

    def _entity(self, number: int) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_model_version(self.model, str(number))
        except MlflowException as e:
            if code_of(e) in _GONE:
                return None
            raise

    def version(self, number: int) -> dict[str, Any] | None:
        with told(self._uri):
            connect(self._uri)
            entity = self._entity(number)
            return None if entity is None else self._read(entity)

    def _read(self, entity: Any) -> dict[str, Any]:
        named = {"version": int(entity.version), "model": self.model}
        about = entity.tags.get(_RECORD)
        if about is not None:
            return {**named, **json.loads(about)}
        if KEY in entity.tags:
            return {**named, **(self._document(entity.run_id, ABOUT) or {})}
        # Somebody registered it in MLflow: what its run says is all that is known.
        data = self._client.get_run(entity.run_id).data if entity.run_id else None
        created = entity.creation_timestamp / 1000
        return {
            **named,
            "digest": "",
            "file": "",
            "created": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(created)),
            "metrics": finite({"mlflow": dict(data.metrics)}) if data else {},
            "params": dict(data.params) if data else {},
            "run": entity.run_id or "",
        }

    def file(self, number: int) -> Path | None:
        with told(self._uri):
            entity = self._entity(number)
            if entity is None:
                return None
            about = self._read(entity)
        digest = str(about["digest"])
        folder = self.store.folder / "mlflow" / (digest.replace(":", "-") or f"{self.model}-{number}")
        if not digest:
            return self._fetched(entity.source, folder)
        path = folder / str(about["file"])
        if path.exists():
            return path
        if not self.store.object_path(digest).exists():
            with self.store.workspace("mlflow") as workspace:
                found = download(self._uri, entity.source, workspace)
                found = found if digest.startswith("tree:") else found / str(about["file"])
                if path_digest(found) != digest:
                    raise RegistryError(f"version {number} of {self.model} is not what was registered: MLflow's differ")
                self.store.put(found)
        self.store.place(digest, path)
        return path

    def _fetched(self, source: str, folder: Path) -> Path:
        if not folder.exists():
            with self.store.workspace("mlflow") as workspace:
                found = download(self._uri, source, workspace)
                folder.parent.mkdir(parents=True, exist_ok=True)
                aside = workspace / "whole"
                aside.mkdir()
                found.replace(aside / found.name)
                aside.replace(folder)
        return next(folder.iterdir())

    def where(self, number: int) -> str:
        with told(self._uri):
            entity = self._entity(number)
            return "" if entity is None else str(entity.source)

    def keep(self, number: int, kind: str, document: Mapping[str, Any], name: str = "") -> None:
        with told(self._uri):
            entity = self._entity(number)
            if entity is None or not entity.run_id or safe_id(name) in self.kept(number, kind):
                return
            path = f"mlops/{kind}/{safe_id(name)}.json" if name else f"mlops/{kind}.json"
            self._client.log_dict(entity.run_id, finite(document), path)

    def kept(self, number: int, kind: str) -> dict[str, dict[str, Any]]:
        with told(self._uri):
            entity = self._entity(number)
            run = entity.run_id if entity is not None else None
            if not run:
                return {}
            top = [f.path for f in self._client.list_artifacts(run, "mlops")]
            paths = {"": f"mlops/{kind}.json"} if f"mlops/{kind}.json" in top else {}
            if f"mlops/{kind}" in top:
                paths |= {Path(f.path).stem: f.path for f in self._client.list_artifacts(run, f"mlops/{kind}")}
            found = {name: self._document(run, path) for name, path in paths.items()}
            return {name: document for name, document in found.items() if document is not None}

    def _document(self, run: str, path: str) -> dict[str, Any] | None:
        """A document of ours; nothing where it is not whole."""
        with self.store.workspace("mlflow") as workspace:
            return read_json(download(self._uri, f"runs:/{run}/{path}", workspace))

    # ---------------------------------------------------------------- history

    def _look(self) -> _Look:
        """The history with the aliases of the same moment, wherever they do not agree.

        They are two requests, and a move between them looks as if somebody had taken it back in MLflow. The history
        only grows: if it is the same before the aliases and behind them, it was the same all the while.
        """
        look = self._glance()
        while any(look.by_hand()):
            before, look = look, self._glance()
            if (before.history, before.moves, before.done) == (look.history, look.moves, look.done):
                break
        return look

    def _glance(self) -> _Look:
        from mlflow.exceptions import MlflowException

        with told(self._uri):
            try:
                model = self._client.get_registered_model(self.model)
            except MlflowException as e:
                if code_of(e) in _GONE:
                    return _Look(None, [], frozenset(), {})
                raise
            aliases = {str(name): int(version) for name, version in model.aliases.items()}
            history = model.tags.get(_HISTORY)
            params = self._client.get_run(history).data.params if history else {}
            moves = sorted((json.loads(v) for k, v in params.items() if k.startswith("move ")), key=_number)
            done = frozenset(int(k.removeprefix("done ")) for k in params if k.startswith("done "))
            return _Look(history, moves, done, aliases)

    def moves(self) -> list[dict[str, Any]]:
        connect(self._uri)
        look = self._look()
        return [*look.moves, *look.by_hand()]

    def alias(self, name: str) -> Alias | None:
        """Where the alias points. A move of it whose process was killed half-way is brought to its end first."""
        connect(self._uri)
        look = self._followed(name)
        return aliases_after([*look.moves, *look.by_hand()]).get(name)

    def add_move(self, move: Mapping[str, Any]) -> bool:
        history = self._history()
        look = self._followed(move["alias"])
        by_hand = list(look.by_hand())
        if move["move"] != 1 + max((m["move"] for m in (*look.moves, *by_hand)), default=0):
            return False
        for each in by_hand:
            if not self._write(history, f"move {each['move']:05}", each):
                return False
        mine = {**move, "why": str(move["why"])[:300], "by": secrets.token_hex(8)}
        if not self._write(history, f"move {move['move']:05}", mine):
            return False
        self._follow(move["alias"])
        return True

    def _write(self, run: str, key: str, value: Mapping[str, Any]) -> bool:
        return self._first(run, key, json.dumps(value, ensure_ascii=False)) is None

    def _first(self, run: str, key: str, text: str) -> str | None:
        """Writes a param that nobody has written. What somebody else has written stays, and is returned."""
        from mlflow.exceptions import MlflowException

        with told(self._uri):
            try:
                self._client.log_param(run, key, text)
            except MlflowException:
                there = self._client.get_run(run).data.params.get(key)
                if there is None:
                    raise
                return None if there == text else str(there)
            return None

    def _followed(self, alias: str) -> _Look:
        """A look at MLflow when the alias is where its last move says, or somebody put it elsewhere."""
        patient_until = time.monotonic() + PATIENCE
        while (look := self._look()).is_pending(alias):
            if time.monotonic() >= patient_until:
                self._follow(alias)
            else:
                time.sleep(0.1)
        return look

    def _follow(self, alias: str) -> None:
        """Sets the alias as its last move says, and goes on while others move it."""
        set_to = -1
        while True:
            look = self._look()
            move = look.last[alias]
            if move["move"] == set_to or (set_to < 0 and move["move"] in look.done):
                return
            if look.aliases.get(alias) != move["to"]:
                self._set(alias, move["to"])
            if look.history is not None:
                self._first(look.history, f"done {move['move']:05}", now())
            set_to = move["move"]

    def _set(self, alias: str, to: int | None) -> None:
        with told(self._uri):
            if to is None:
                self._client.delete_registered_model_alias(self.model, alias)
            else:
                _set(lambda: self._client.set_registered_model_alias(self.model, alias, str(to)))

    def _history(self) -> str:
        """The run that holds the moves. The first one that is written down in the model's first version is the one."""
        with told(self._uri):
            history = self._client.get_registered_model(self.model).tags.get(_HISTORY)
            if history is not None:
                return str(history)
            first = next((v.run_id for v in self._entities() if v.run_id), None)
            if first is None:
                raise RegistryError(f"{self.model} has no version that a run has made, to keep its history with")
            experiment = experiment_of(self._client, self._uri, self._pipeline)
            run = self._client.create_run(experiment, run_name=f"aliases of {self.model}").info.run_id
            self._client.set_terminated(run)
            history = self._first(first, _HISTORY, run)
            if history is not None:
                self._client.delete_run(run)
            _set(lambda: self._client.set_registered_model_tag(self.model, _HISTORY, history or run))
            return str(history or run)


def _set(request: Callable[[], Any]) -> None:
    """Sets a tag or an alias. Where it was not there, MLflow inserts it: of two processes that do so at once one is
    refused by the database, and changes what it finds when it asks again."""
    from mlflow.exceptions import MlflowException

    try:
        request()
    except MlflowException:
        request()


def _number(move: Mapping[str, Any]) -> int:
    return int(move["move"])


def models_of(uri: str, pipeline: str) -> list[str]:
    """The models that a pipeline has registered."""
    with told(uri):
        found, token = [], None
        while True:
            page = connect(uri).search_registered_models(
                f"tags.`mlops.pipeline` = '{pipeline}'", max_results=200, page_token=token
            )
            found += [m.name for m in page]
            token = page.token
            if not token:
                return sorted(found)
