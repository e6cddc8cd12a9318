"""`mlops completion`: the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

INSTALL = {
    "bash": 'eval "$(mlops completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(mlops completion zsh)"    # in ~/.zshrc',
    "fish": "mlops completion fish | source   # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(INSTALL.values()))
@click.argument("shell", type=click.Choice(list(INSTALL)))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from mlops_pipeline.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None  # the choices are those that click knows
    click.echo(kind(app, {}, "mlops", "_MLOPS_COMPLETE").source())
