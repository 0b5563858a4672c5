"""The entry point `mlopsc`: the table of commands, and what every one of them does about errors.

Exit codes, the same for every command: 0 done, nothing found · 1 findings · 2 wrong usage or an unreadable spec ·
3 the run was blocked by a guard · 4 a stage failed · 70 our own bug · 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from .. import __version__
from .terminal import never_fail_to_print, paint_for

FOUND, USAGE, BUG, INTERRUPTED = 1, 2, 70, 130

COMMANDS = {
    "init": "Write a first spec from what is in this folder.",
    "lint": "Check specs: names, types, files, and what a careful reader would ask.",
    "fmt": "Format specs in the one style.",
    "build": "Compile a spec to the files of its targets.",
    "run": "Run the pipeline on this machine.",
    "plan": "Say what a run would do now, and why.",
    "runs": "List runs, show one, compare two.",
    "reproduce": "Run a recorded run again from its record, and compare.",
    "cache": "Say what the store holds; read all of it and find what is damaged.",
    "gc": "Take away what nothing in the store reaches.",
    "lineage": "Say what made a file, a result or a model, and what was made from it.",
    "models": "List models, show a version, move an alias, go back.",
    "why": "Say why a stage runs again, with file and line.",
    "accept": "Declare a change harmless: a stage keeps its result.",
    "breaking": "Fail where guards ask for less than at a git revision.",
    "verdicts": "Print what the guards of a run found, as a table, JSON or JUnit.",
    "score": "Say how far a pipeline has come: reproducibility, ML Test Score, MLOps level.",
    "test": "Run a spec's policy tests: given numbers, expected verdicts.",
    "schema": "Write a source's schema block by looking at its data.",
    "guards": "Propose guard rules from data.",
    "functions": "List the functions of guard rules, or explain one.",
    "graph": "Draw what waits for what.",
    "show": "Print a spec as it is meant: formatted, resolved, as JSON, or as a plan.",
    "explain": "Explain a diagnostic, or a function of guard rules.",
    "targets": "Print which target carries which feature, and how.",
    "completion": "Print the script that completes mlopsc's commands in a shell.",
}


class _Commands(click.Group):
    """Imports a command's module only when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __package__).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            if name.endswith(".mlops"):
                hint = f"name a command first: mlopsc lint {name}"
            else:
                from ..compiler.diagnostics import did_you_mean

                hint = did_you_mean(name, tuple(COMMANDS)) or ""
            raise click.UsageError(f"no command named '{name}'" + (f"; {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 findings, 2 wrong usage or an unreadable spec, 3 blocked by a guard, "
    "4 a stage failed, 70 a bug in mlopsc.",
)
@click.version_option(__version__, "-V", "--version", prog_name="mlopsc", message="%(prog)s %(version)s")
def cli() -> None:
    """Write an ML pipeline once, as a spec that reads aloud; run it on a laptop, Airflow, GitHub or Kubernetes."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits. No mistake of the user ends in a traceback."""
    never_fail_to_print()
    sys.exit(_code(list(sys.argv[1:] if argv is None else argv)))


def _code(argv: list[str]) -> int:
    try:
        code = cli.main(args=argv, prog_name="mlopsc", standalone_mode=False)
        _flush()
        return code if isinstance(code, int) else 0
    except click.UsageError as error:
        return _usage(error)
    except click.ClickException as error:
        _complain("error", error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("note", "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _flush()
        return 0
    except OSError as error:
        from ..runtime.registry import RegistryError
        from ..runtime.remote import StoreError

        if isinstance(error, RegistryError | StoreError):
            hint = getattr(error, "hint", "")
            _complain("error", f"{error}\n{hint}" if hint else str(error))
            return USAGE
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE):
            return _bug(error)
        where = f"{error.filename}: " if error.filename is not None else ""
        _complain("error", f"{where}{(error.strerror or str(error)).lower()}")
        return USAGE
    except Exception as error:
        return _bug(error)


def _flush() -> None:
    """Where whoever read our output has left (`mlopsc show | head`), the interpreter must not complain at its end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return USAGE
    _complain("error", error.format_message())
    if error.ctx is not None:
        click.echo(f"try '{error.ctx.command_path} --help'", err=True)
    return USAGE


def _complain(role: str, message: str) -> None:
    _flush()
    click.echo(f"{paint_for(sys.stderr)(role, role)}: {message}", err=True, color=True)


def _bug(error: Exception) -> int:
    if os.environ.get("MLOPSC_DEBUG"):
        import traceback

        traceback.print_exception(error)
    said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    _complain("error", f"internal error in mlopsc {__version__} ({said})")
    click.echo(
        "this is our bug, not yours: please report it, with the spec if you can share it\n"
        "(MLOPSC_DEBUG=1 prints where it happened)",
        err=True,
    )
    return BUG
