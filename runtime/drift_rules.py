"""The numbers of a guard's rules about drift: each column profiled, kept, and compared with what the rule names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .baselines import champion
from .columns import Column, profile_of
from .conditions import NoBaselineError, UnknownValueError
from .context import Context
from .drift import Drift, measure
from .kept_profiles import keep_with_run, of_last_good_run, of_version
from .profiles import Profile
from .registries import registry_of
from .tables import Table


class Drifts:
    """The drifts of one guard, by the ids that its rules name. The subject is profiled at once, whatever comes of it:
    a first run has nothing to compare with, and is what the second one is compared with."""

    def __init__(self, context: Context, guard: Mapping[str, Any], table: Table) -> None:
        self._context, self._guard, self._table = context, guard, table
        self._asked: dict[str, Mapping[str, Any]] = {d["id"]: d for d in guard["drifts"]}
        self._profiles: dict[tuple[str, str], Profile | UnknownValueError] = {}
        self._found: dict[str, Drift] = {}
        self.baseline: dict[str, Any] = {}
        own = {d["profile"]: self._profile("subject", d) for d in self._asked.values()}
        keep_with_run(context, guard, {name: p for name, p in own.items() if isinstance(p, Profile)})

    def measured(self, id_: str) -> Drift:
        """Raises UnknownValueError, and NoBaselineError where there is nothing to compare with yet."""
        if id_ not in self._found:
            asked = self._asked[id_]
            try:
                current = _known(self._profile("subject", asked))
                self._found[id_] = measure(asked["function"], self._reference(asked), current)
            except NoBaselineError:
                raise
            except UnknownValueError as e:
                raise UnknownValueError(f"{asked['text']} has no value: {e}") from e
        return self._found[id_]

    def text(self, id_: str) -> str:
        return str(self._asked[id_]["text"])

    def told(self, id_: str) -> dict[str, Any]:
        """What the record says of a number: what it is compared with, how many rows, and how exact it is."""
        asked, found = self._asked[id_], self._found[id_]
        current, reference = (_known(self._profile(where, asked)) for where in ("subject", asked["against"]))
        exact = current.exact and reference.exact
        bounds = {} if exact or found.low is None else {"between": [found.low, found.high]}
        return {
            "against": self._name(asked["against"]),
            "rows": current.rows,
            "reference_rows": reference.rows,
            "exact": exact,
            **bounds,
        }

    def _reference(self, asked: Mapping[str, Any]) -> Profile:
        return _known(self._profile(asked["against"], asked))

    def _profile(self, where: str, asked: Mapping[str, Any]) -> Profile | UnknownValueError:
        """The column's profile in the subject, in another table, or as an earlier run kept it; or why there is none."""
        key = (where, asked["profile"])
        if key not in self._profiles:
            find: Callable[[Mapping[str, Any]], Profile] | None
            find = {"champion": self._champions, "previous": self._last_runs}.get(where)
            try:
                column = Column(asked["sql"], asked.get("where"), where)
                self._profiles[key] = find(asked) if find else profile_of(self._table, column)
            except UnknownValueError as e:
                self._profiles[key] = e
        return self._profiles[key]

    def _champions(self, asked: Mapping[str, Any]) -> Profile:
        pipeline = self._context.pipeline
        if not any(self._guard["id"] in pipeline.all_before(d["id"]) for d in pipeline.of("deploy")):
            why = f"{self._guard['subject']} has no part in a model that is deployed, so no champion has seen it"
            raise UnknownValueError(f"{why}; compare with previous, or with a table")
        told = champion(self._context, self._guard).told
        self.baseline["champion"] = told
        registry = registry_of(self._context, told["model"])
        found = of_version(registry, told["version"], self._guard["subject"], asked["profile"])
        if found is None:
            why = f"version {told['version']}, the {told['alias']}, was made before {asked['profile']} was profiled"
            raise NoBaselineError("no champion", why)
        return found

    def _last_runs(self, asked: Mapping[str, Any]) -> Profile:
        found = of_last_good_run(self._context, self._guard["subject"], asked["profile"])
        if found is None:
            raise NoBaselineError("no previous run", f"no earlier run that succeeded has profiled {asked['profile']}")
        run, profile = found
        self.baseline["previous"] = {"run": run}
        return profile

    def _name(self, where: str) -> str:
        if where == "champion":
            return f"version {self.baseline['champion']['version']}, the {self.baseline['champion']['alias']}"
        return "the last good run" if where == "previous" else where


def _known(profile: Profile | UnknownValueError) -> Profile:
    if isinstance(profile, UnknownValueError):
        raise profile
    return profile
