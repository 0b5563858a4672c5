"""Commands: split into arguments and placeholders once, here, so that no shell has to read them later."""

from __future__ import annotations

import re
import shlex

from ..diagnostics import Diagnostics, did_you_mean
from ..plan import nodes as plan
from ..source import Span
from ..syntax import tree
from . import rules

_PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_.]*)\}|\{|\}")
_OPERATOR = re.compile(r"^[();<>|&]+$")
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_]\w*|\$\(|`")
_TAKES_CODE = {"sh", "bash", "dash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "Rscript"}
_CODE_FLAGS = {"-c", "-e", "-lc", "-ec", "--eval"}


def resolve_command(
    text: tree.Text, slots: dict[str, tuple[str, ...]], diagnostics: Diagnostics
) -> plan.Command | None:
    """The arguments of a command. `slots` names what may be put in: names by scope, or `()` for a scope by itself."""
    try:
        raw = _split(text.value)
    except ValueError:
        diagnostics.report(
            rules.SHELL,
            text.span,
            "a quote inside the command is not closed",
            hint="quotes inside a command come in pairs",
        )
        return None
    if not raw:
        diagnostics.report(rules.WRONG_TYPE, text.span, "the command is empty", hint='write "python train.py"')
        return None
    if not _is_plain(text, raw, diagnostics):
        return None
    words = tuple(_word(word, text, slots, diagnostics) for word in raw)
    _check_code(raw, words, text, diagnostics)
    return plan.Command(words, text.value)


def _split(command: str) -> list[str]:
    """As `shlex.split`, which looks at each character: most commands quote nothing. Raises ValueError."""
    if any(c in command for c in "'\"\\"):
        return shlex.split(command)
    return [word for word in re.split(r"[ \t\r\n]+", command) if word]


def _is_plain(text: tree.Text, raw: list[str], diagnostics: Diagnostics) -> bool:
    """Reports pipes, redirections and the like: without a shell they would arrive as arguments."""
    operator = _unquoted_operator(text.value)
    if operator is not None:
        diagnostics.report(
            rules.SHELL,
            _find(text, operator),
            f"'{operator}' is for a shell, and no shell reads a command",
            hint=f"put it into a script and run that, or quote it if it is text: '{operator}'",
        )
        return False
    variable = _shell_variable(text.value)
    if variable is not None:
        placeholder = variable.startswith("${") and "." in variable
        hint = f"write {variable[1:]}" if placeholder else "name a param, {params.x}, or read it in the program"
        if variable.startswith(("$(", "`")):
            hint = "put it into a script and run that"
        diagnostics.report(
            rules.SHELL, _find(text, variable), f"'{variable}' is for a shell, and no shell reads a command", hint=hint
        )
        return False
    if re.match(r"^[A-Za-z_]\w*=", raw[0]):
        name = raw[0].split("=")[0]
        diagnostics.report(
            rules.SHELL,
            _find(text, raw[0]),
            f"'{raw[0]}' sets a variable, which only a shell does",
            hint=f"write it in the stage: env {{ {name} = … }}",
        )
        return False
    return True


def _unquoted_operator(command: str) -> str | None:
    """The first `|`, `>`, `&&` or the like that no quotes protect."""
    if not any(c in command for c in "();<>|&"):
        return None
    # Without posix rules the lexer leaves quotes on its tokens, so what is quoted never looks like an operator.
    lexer = shlex.shlex(command, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return next((t for t in lexer if _OPERATOR.match(t)), None)
    except ValueError:
        return None


def _shell_variable(command: str) -> str | None:
    """The first `$HOME`, `${x}`, `$(date)` or backtick outside of any quotes."""
    if "$" not in command and "`" not in command:
        return None
    lexer = shlex.shlex(command, posix=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    for word in lexer:
        found = None if word[0] in "'\"" else _VARIABLE.search(word)
        if found and "'" not in word[: found.start()] and '"' not in word[: found.start()]:
            return found.group()
    return None


def _word(word: str, text: tree.Text, slots: dict[str, tuple[str, ...]], diagnostics: Diagnostics) -> plan.Word:
    parts: list[str | plan.Slot] = []
    literal = ""
    position = 0
    for match in _PIECE.finditer(word):
        literal += word[position : match.start()]
        position = match.end()
        if match.group() in ("{{", "}}"):
            literal += match.group()[0]
        elif match.group(1):
            if literal:
                parts.append(literal)
            literal = ""
            parts.append(_slot(match.group(1), text, slots, diagnostics))
        elif match.group() == "{":
            after = word[match.end() : match.end() + 12]
            diagnostics.report(
                rules.UNKNOWN_PLACEHOLDER,
                _find(text, "{" + after),
                "'{' begins a placeholder, and what follows is none",
                hint="write '{{' for a brace",
            )
            break
        else:
            literal += "}"
    literal += word[position:]
    if literal or not parts:
        parts.append(literal)
    return plan.Word(tuple(parts))


def _slot(name: str, text: tree.Text, slots: dict[str, tuple[str, ...]], diagnostics: Diagnostics) -> plan.Slot:
    scope, _, rest = name.partition(".")
    known = [f"{s}.{n}" for s, names in slots.items() for n in names] + [s for s, names in slots.items() if not names]
    if name in known:
        return plan.Slot(scope, rest)
    hint = did_you_mean(name, known) or "write '{{' for a brace"
    if rest == "" and f"inputs.{name}" in known:
        hint = f"write {{inputs.{name}}}"
    elif rest == "" and f"outputs.{name}" in known:
        hint = f"write {{outputs.{name}}}"
    elif rest == "" and f"params.{name}" in known:
        hint = f"write {{params.{name}}}"
    diagnostics.report(
        rules.UNKNOWN_PLACEHOLDER, _find(text, "{" + name + "}"), f"'{{{name}}}' stands for nothing here", hint=hint
    )
    return plan.Slot(scope, rest)


def _check_code(raw: list[str], words: tuple[plan.Word, ...], text: tree.Text, diagnostics: Diagnostics) -> None:
    """Reports `sh -c "… {params.x} …"`: the value would be read as code."""
    program = raw[0].rsplit("/", 1)[-1]
    if program not in _TAKES_CODE:
        return
    for flag, word, written in zip(raw[1:], words[2:], raw[2:], strict=False):
        if flag in _CODE_FLAGS and any(isinstance(p, plan.Slot) for p in word.parts):
            slot = next(p for p in word.parts if isinstance(p, plan.Slot))
            name = f"{slot.scope}.{slot.name}" if slot.name else slot.scope
            diagnostics.report(
                rules.CODE_IN_COMMAND,
                _find(text, "{" + name + "}"),
                f"the value of {{{name}}} would be run as code by {program}",
                hint="pass it behind the code, as an argument: '… \"$1\"' x {" + name + "}"
                if program in ("sh", "bash", "dash", "zsh", "ksh")
                else f"pass it behind the code, as an argument of {program}, or read MLOPS_… from the environment",
            )
            return
        if flag in _CODE_FLAGS or not written:
            return


def _find(text: tree.Text, piece: str) -> Span:
    """Where a piece of a text's value stands in the source; the whole text where escapes hide it."""
    at = text.span.text.find(piece)
    if at < 0:
        return text.span
    return Span(text.span.source, text.span.start + at, text.span.start + at + len(piece))
