"""What a backend is: a pure function from a plan to files, with what it can and cannot carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Protocol, runtime_checkable

from ..compiler.features import Feature
from ..compiler.plan.nodes import Plan


class Level(Enum):
    NATIVE = "native"
    EMULATED = "emulated"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Support:
    """How a target carries a feature. `how` says by what an emulated one is carried, or what to do without it."""

    level: Level
    how: str = ""


NATIVE = Support(Level.NATIVE)


def emulated(how: str) -> Support:
    return Support(Level.EMULATED, how)


def unsupported(instead: str) -> Support:
    return Support(Level.UNSUPPORTED, instead)


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to write, its path relative to the output folder, in posix form."""

    path: str
    content: bytes
    executable: bool = False

    @classmethod
    def of_text(cls, path: str, text: str, *, executable: bool = False) -> OutputFile:
        return cls(path, text.encode(), executable)


class Backend(Protocol):
    """Turns a plan into files. Pure: equal plans give equal bytes, and nothing is written."""

    name: ClassVar[str]
    summary: ClassVar[str]
    capabilities: ClassVar[Mapping[Feature, Support]]  # a feature that is not listed is unsupported
    options: ClassVar[Mapping[str, Any]]  # the JSON Schema of `target NAME { … }`

    def emit(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[OutputFile]: ...


@runtime_checkable
class ChecksPlans(Protocol):
    """What a backend may have besides: a look at the plan and its options together, before `emit`.

    For what neither the features nor the options' schema can say, such as "this source needs that option". Each
    sentence is an error of the target, short and in lower case, what to write instead after "; ". With any of them,
    nothing is emitted.
    """

    def problems(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[str]: ...
