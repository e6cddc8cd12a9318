"""The table of commands; each is imported when it is used, so that help comes at once."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module:attribute, what it does)
    "init": ("Start", "init:init", "Start a project that runs."),
    "run": ("Start", "run:run", "Run a pipeline, with progress and a report at its end."),
    "plan": ("Start", "plan:plan", "Say what a run would run, and what it would take from cache."),
    "compile": ("Start", "compile:compile_", "Compile a pipeline to its IR, a JSON file."),
    "runs": ("Look back", "runs:runs", "List the latest runs."),
    "show": ("Look back", "show:show", "Show a run, or one of its nodes."),
    "why": ("Look back", "why:why", "Say why a node ran or was taken from the cache."),
    "lineage": ("Look back", "lineage:lineage", "Show what something was made from, or became."),
    "artifacts": ("Look back", "artifacts:artifacts", "List artifacts of a run or of a type."),
    "data": (
        "Look back",
        "data:data",
        "List versions of datasets, compare them, trace models.",
    ),
    "resume": ("Go on", "resume:resume", "Go on with a run that failed or was stopped."),
    "replay": ("Go on", "replay:replay", "Run a node of a run again, on its own, to debug it."),
    "airflow": ("Elsewhere", "airflow:airflow", "Deploy pipelines to Airflow 3, and start them."),
    "kubeflow": (
        "Elsewhere",
        "kubeflow:kubeflow",
        "Deploy pipelines to Kubeflow, start and schedule them there.",
    ),
    "metadata": ("Elsewhere", "metadata:metadata", "Serve the metadata store to other machines."),
    "run-node": ("Go on", "run_node:run_node", "Run one node of compiled IR, for schedulers."),
    "loop-items": (
        "Go on",
        "steps:loop_items",
        "Say over how many items a loop goes, for schedulers.",
    ),
    "end-run": ("Go on", "steps:end_run", "Record that a run has ended, for schedulers."),
    "import-tfx": ("Set up", "import_tfx:import_tfx", "Import runs and artifacts from TFX."),
    "doctor": ("Set up", "doctor:doctor", "Check the environment, the store and the folders."),
    "config": ("Set up", "config:config", "Show the settings, and where each came from."),
    "completion": ("Set up", "completion:completion", "Print the completion script of a shell."),
}


class Commands(click.Group):
    """A group that knows its commands' names and one line of help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name][1].partition(":")
        module = importlib.import_module(f"mlops_pipeline.cli.{module_name}")
        command: click.Command = getattr(module, attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from mlops_pipeline.errors import PipelineError, did_you_mean

            hint = did_you_mean(args[0], COMMANDS)
            raise PipelineError(
                f"there is no command {args[0]!r}",
                hint=hint if hint.startswith("did") else "see `mlops --help`",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, (section, _, text) in COMMANDS.items():
            sections.setdefault(section, []).append((name, text))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows, col_max=14)


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from mlops_pipeline.doctor import own_version

        click.echo(f"mlops-pipeline {own_version()}")
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
    epilog="Exit codes: 0 done, 1 the run failed, 2 a mistake in the command or the pipeline.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def app() -> None:
    """Machine-learning pipelines: typed, cached by content, with lineage of all they make."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
