"""`mlopsc completion SHELL`"""

from __future__ import annotations

import click


@click.command(
    help="Print the script that completes mlopsc's commands, options and targets in a shell.\n\n"
    '\b\nbash:  eval "$(mlopsc completion bash)"      in ~/.bashrc\n'
    'zsh:   eval "$(mlopsc completion zsh)"       in ~/.zshrc\n'
    "fish:  mlopsc completion fish | source       in ~/.config/fish/config.fish"
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    from click.shell_completion import get_completion_class

    cls = get_completion_class(shell)
    if cls is None:
        raise click.UsageError(f"click knows no completion for {shell}", ctx)
    click.echo(cls(ctx.find_root().command, {}, "mlopsc", "_MLOPSC_COMPLETE").source())
