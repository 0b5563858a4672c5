"""What must hold, as the runtime decides it: values, and numbers known at run time, under operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

Scalar = Union[str, int, float, bool, None]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `unit` is one of number, percent, duration, size, string, bool, list; it decides how it is shown."""

    value: Scalar | tuple[Scalar, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A value known at run time.

    scope `measure`: a number of the guard's one query; `check`: the answer of one of its checks; `metric`: the
    subject's metrics file; `champion`: the metrics of the model version now in the alias; `previous`: those of the last
    good run; `file`: `size`, the subject's bytes; `param`; `monitor`: NAME.NUMBER.
    """

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """`+ - * / == != < <= > >= and or not neg in between matches max min abs`, applied to its arguments in order.

    `part` is a share of a number of rows, in whole rows: 29% of 100 is 29, the product of floats less.
    """

    op: str
    args: tuple[Condition, ...]


Condition = Union[Literal, Ref, Op]
