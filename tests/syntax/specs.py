"""Specs for property tests: written at random from the grammar, and damaged ones made from a corpus."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from random import Random

from mlopsc.compiler.source import Source, Span

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def corpus() -> list[str]:
    """Every spec of the repository: examples, the language's reference, and the ones kept for these tests."""
    files = [*HERE.glob("corpus/*.mlops"), *ROOT.glob("examples/**/*.mlops"), *ROOT.glob("tests/format/*.mlops")]
    return [path.read_text(encoding="utf-8") for path in sorted(files) if path.is_file()]


def shape(node: object) -> object:
    """A tree without its spans, its comments and its source: what has to stay when a spec is laid out anew."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        kept = [f.name for f in dataclasses.fields(node) if f.name not in ("span", "op_span", "source", "comments")]
        return (type(node).__name__, *((name, shape(getattr(node, name))) for name in kept))
    if isinstance(node, tuple):
        return tuple(shape(part) for part in node)
    if isinstance(node, Span | Source):
        return None
    return (type(node).__name__, node)


class Author:
    """Writes specs that parse, as untidily as the language allows."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments = 0

    def spec(self) -> str:
        parts = []
        for _ in range(self.random.randrange(1, 5)):
            parts.append(self.blank() + self.item() + self.tail())
        text = "".join(parts) + self.blank()
        return text.rstrip("\n") if self.chance(10) else text

    # Space -----------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def comment(self) -> str:
        self.comments += 1
        return (
            self.random.choice(("#", "##", "# ", "## ", "#!"))
            + f"c{self.comments}"
            + self.random.choice(("", " ", '"', " {"))
        )

    def tail(self) -> str:
        """The end of a line."""
        return (self.random.choice((" ", "")) + self.comment() if self.chance(20) else "") + "\n"

    def blank(self) -> str:
        """Blank and comment lines."""
        lines = [self.random.choice(("", "", "  ", self.comment())) for _ in range(self.random.choice((0, 0, 1, 2, 3)))]
        return "".join(f"{' ' * self.random.randrange(3)}{line}\n" for line in lines)

    def gap(self) -> str:
        """Between tokens in ( and [."""
        return self.random.choice(("", " ", "", " ", "", " ", "\n", " \n  ")) if not self.chance(6) else self.tail()

    def separated(self, statements: list[str]) -> str:
        """Statements between braces."""
        if self.chance(30):
            return "{" + ", ".join(statements) + "}"
        inner = "".join(self.blank() + s + self.random.choice(("", "", ",")) + self.tail() for s in statements)
        return "{" + self.tail() + inner + self.blank() + "}"

    # Expressions -----------------------------------------------------------------

    def name(self) -> str:
        return self.random.choice(
            (
                "a",
                "rows",
                "on",
                "in_",
                "schedule",
                "unique",
                "a_rather_long_name",
                "expected",
                "relaxed",
                "until",
                "warn_",
                "é_no"[2:],
            )
        )

    def path(self) -> str:
        return ".".join(self.name() for _ in range(self.random.choice((1, 1, 2, 3))))

    def number(self) -> str:
        return self.random.choice(("1", "10_000", "0.50", "1e-3", "7", "2E5", "12.5"))

    def text(self) -> str:
        return self.random.choice(
            ('"x"', '""', '"a # b"', '"{inputs.x}"', '"q\\"\\n"', '"\\u{e9}é"', '"' + "long " * 9 + '"')
        )

    def atom(self, depth: int) -> str:
        kind = self.random.randrange(14 if depth > 0 else 8)
        if kind < 2:
            return self.number()
        if kind < 5:
            return self.path()
        if kind == 5:
            return self.random.choice(("5%", "30m", "4GiB", "1.5h", "true", "false", "0.1%"))
        if kind < 8:
            return self.text()
        if kind < 10:
            return self.bracketed("[", [self.expression(depth - 1) for _ in range(self.random.randrange(4))], "]")
        if kind == 10:
            keys = (self.random.choice((self.name(), '"a b"')) for _ in range(self.random.randrange(3)))
            return self.separated([f"{key}: {self.expression(depth - 1, False)}" for key in keys])
        if kind < 13:
            args = [self.expression(depth - 1) for _ in range(self.random.randrange(3))]
            args += [
                f"{self.name()}{self.gap()}: {self.expression(depth - 1)}" for _ in range(self.random.randrange(2))
            ]
            return self.path() + self.bracketed("(", args, ")") + self.random.choice(("", "", " by a.b"))
        return f"({self.gap()}{self.expression(depth - 1)}{self.gap()})"

    def bracketed(self, opening: str, items: list[str], closing: str) -> str:
        inner = "".join(f"{self.gap()}{item}{self.gap()}," for item in items)
        if not self.chance(20):
            inner = inner.removesuffix(",")
        return opening + inner + self.gap() + closing

    def operand(self, depth: int) -> str:
        """What may stand beside a comparison."""
        left = self.atom(depth)
        if self.chance(75):
            return left
        if self.chance(30):
            return f"-{left}"
        return left + self.random.choice((" + ", " - ", "*", " / ", " - -", "..")) + self.atom(depth - 1)

    def sum(self, depth: int) -> str:
        return self.random.choice(("", "-")) + self.atom(depth)

    def expression(self, depth: int = 2, free: bool = True) -> str:
        kind = self.random.randrange(20)
        left = self.operand(depth)
        if depth <= 0 or kind < 9:
            return left
        if kind < 12:
            return f"{left} {self.random.choice(('<', '>=', '==', '!=', '<='))} {self.operand(depth)}"
        if kind == 12:
            return f"{left} between {self.sum(depth)} and {self.sum(depth)}"
        if kind == 13:
            return f"{left} {self.random.choice(('in', 'not in'))} {self.operand(depth)}"
        if kind == 14:
            return f"{left} {self.random.choice(('matches ' + self.text(), 'references a.b', 'every 3s'))}"
        if kind == 15:
            return f"not {self.expression(depth - 1, free)}"
        space = self.gap() if free and self.chance(30) else " "
        word = self.random.choice(("and", "or"))
        return f"{self.expression(depth - 1, free)} {space}{word} {self.expression(depth - 1, free)}"

    # Statements ------------------------------------------------------------------

    def type(self) -> str:
        return self.random.choice(("int", "float?", "list<string>", "list < int? >?", "timestamp"))

    def value(self) -> str:
        return self.operand(2)

    def formal(self) -> str:
        default = f"={self.value()}" if self.chance(50) else ""
        domain = f" in {self.value()}" if self.chance(40) else ""
        return f"{self.name()}:{self.type()} {default}{domain}"

    def statement(self, depth: int = 2) -> str:
        kind = self.random.randrange(10)
        if kind < 4 or (depth <= 0 and kind < 7):
            return f"{self.name()}{self.random.choice((' = ', '='))}{self.expression(2, False)}"
        if kind < 6:
            limits = ("", " unique", " in [1,2]", ' matches "x" unique', " in 1..6")
            default = f" = {self.value()}" if self.chance(30) else ""
            return f"{self.name()} : {self.type()}{default}{self.random.choice(limits)}"
        if kind == 6:
            return f"{self.name()} = {self.operand(1)} per {self.sum(1)}"
        if kind == 7:
            return f"foreach {self.name()} in {self.expression(1, False)}"
        label = self.random.choice(("", "", " train"))
        return f"{self.name()}{label} " + self.body(
            [self.statement(depth - 1) for _ in range(self.random.randrange(3))]
        )

    def body(self, statements: list[str]) -> str:
        return self.separated(statements)

    def otherwise(self) -> str:
        space = self.random.choice((" ", "\n   ", self.tail() + "  "))
        return self.random.choice(("", "", f"{space}else warn", f'{space}else block "why"', f'{space}else "so"'))

    def share(self) -> str:
        return self.random.choice(("", "", " for 98%", " for 98% of rows"))

    def relaxed(self) -> str:
        days = ("2027-01-15", "2027-1-5", "2027-99-99")
        return f"relaxed {self.text()} until {self.random.choice(days)}" if self.chance(20) else ""

    def rule(self) -> str:
        kind = self.random.randrange(11)
        if kind == 10:
            return self.relaxed() or "a > 1"
        return f"{self.plain_rule(kind)} {self.relaxed()}".rstrip(" ")

    def plain_rule(self, kind: int) -> str:
        if kind == 0:
            between = self.random.choice((" ", " # band\n  ", "\n"))
            return f"nulls(x) <= 1% warn,{between}<= 5% block"
        if kind == 1:
            keys = self.random.choice(("", " key id", " key (a, b)", " key (a)"))
            return f'expected "f.csv"{keys}{self.random.choice(("", " within 0.05"))}{self.share()}{self.otherwise()}'
        where = f" where {self.expression(1, False)}" if self.chance(15) else ""
        more = "\n    and a > 1" if self.chance(15) else ""
        return f"{self.expression(2, False)}{more}{where}{self.share()}{self.otherwise()}"

    def trigger_line(self) -> str:
        kind = self.random.randrange(6)
        if kind == 0:
            return 'on schedule "0 5 * * 1"' + self.random.choice(("", ' in "Europe/Paris"'))
        if kind < 4:
            return f"on {self.expression(2, False)}" + self.random.choice(("", " for 2 checks", " for 1 check"))
        return f"when {self.expression(2, False)}" if kind == 4 else f"limit = {self.value()} per 3d"

    def test_line(self) -> str:
        return self.random.choice(
            (
                f"given {self.path()} = {self.expression(2, False)}",
                f"given {self.path()}(a, b) = {self.expression(2, False)}",
                self.random.choice(("given manual", "given change(a)", 'given schedule "0 5 * * 1" in "UTC"')),
                f"expect {self.path()} blocks",
            )
        )

    # Items -----------------------------------------------------------------------

    def item(self) -> str:
        kind = self.random.randrange(12)
        if kind == 0:
            relaxed = f"relaxed {self.name()} {self.text()} until 2027-03-31"
            return self.random.choice(("mlops 1", f"import {self.text()}", relaxed))
        if kind < 3:
            return f"param {self.formal()}"
        if kind == 3:
            args = self.bracketed("(", [self.expression(1) for _ in range(self.random.randrange(3))], ")")
            return f"apply {self.name()}{args if self.chance(70) else ''} on {self.path()} {self.relaxed()}".rstrip(" ")
        several = self.random.randrange(5)
        if kind < 7:
            formals = self.bracketed("(", [self.formal() for _ in range(2)], ")") if self.chance(40) else ""
            subject = f" on {self.path()}" if self.chance(70) else ""
            return f"guard {self.name()}{formals}{subject} " + self.body([self.rule() for _ in range(several)])
        if kind == 7:
            return f"trigger {self.name()} " + self.body([self.trigger_line() for _ in range(several)])
        if kind == 8:
            return f"test {self.text()} " + self.body([self.test_line() for _ in range(several)])
        if kind == 9:
            return f"monitor m every {self.expression(1, False)} " + self.body(
                [self.statement() for _ in range(several)]
            )
        keyword = self.random.choice(("stage", "source", "pipeline", "profile", "target"))
        return f"{keyword} {self.name()} " + self.body([self.statement() for _ in range(several)])


_SCRAPS = (
    *("{", "}", "(", ")", "[", "]", '"', "'", "“", ",", "=", ":", "==", "..", ".", "#", "##", "\n", "\r\n", "\t", "\\"),
    *(
        " else ",
        " and ",
        " in ",
        "stage x {",
        "\nguard",
        " 30min",
        "5 %",
        "é",
        "\u00a0",
        "\ufeff",
        "\x00",
        "£",
        "-",
        "<",
    ),
    *("unique", "expected ", "schedule ", "of rows", " for ", "not ", "$", "%", "@", ";", "?", "1e999", "9" * 40),
)


def damaged(text: str, other: str, random: Random) -> str:
    """A spec with pieces lost, doubled, swapped, put in, or turned to noise."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        size = len(text)
        a = random.randrange(size + 1)
        b = min(size, a + random.choice((1, 1, 2, 5, 20, 100)))
        kind = random.randrange(7)
        if kind == 0:
            text = text[:a] + text[b:]
        elif kind == 1:
            text = text[:b] + text[a:b] + text[b:]
        elif kind == 2:
            c = random.randrange(size + 1)
            low, high = sorted((a, c))
            text = (
                text[high:] + text[:low]
                if random.randrange(8) == 0
                else text[:low] + text[high : high + 9] + text[low:high]
            )
        elif kind in (3, 4):
            text = text[:a] + random.choice(_SCRAPS) + text[a:]
        elif kind == 5:
            start = random.randrange(len(other) + 1)
            text = text[:a] + other[start : start + random.choice((3, 30, 200))] + text[b:]
        else:
            noise = random.randbytes(random.choice((1, 3, 8)))
            text = text[:a] + noise.decode("utf-8", errors="replace") + text[b:]
    return text
