"""The table of commands; each is imported only when it is used, so that help is fast."""

from __future__ import annotations

import importlib

import click

SCHEDULERS = "Only for schedulers"
"""The section of commands that Airflow's tasks and Kubeflow's pods call, and people do not."""

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module:attribute, summary; the same as the first sentence of its help)
    "init": ("Build and run", "init:init", "Create a small project that runs."),
    "run": ("Build and run", "run:run", "Run a pipeline, and report the results."),
    "plan": ("Build and run", "plan:plan", "Show what a run would execute or reuse, and why."),
    "compile": ("Build and run", "compile:compile_", "Compile a pipeline to a file."),
    "runs": ("Inspect", "runs:runs", "List the latest runs."),
    "show": ("Inspect", "show:show", "Show a run, or one of its nodes."),
    "why": ("Inspect", "why:why", "Explain why a node ran, or came from the cache."),
    "compare": (
        "Inspect",
        "compare:compare",
        "Compare runs: what differs, and why their models do.",
    ),
    "lineage": (
        "Inspect",
        "lineage:lineage",
        "Trace an artifact back to its sources, or on to results.",
    ),
    "impact": (
        "Inspect",
        "impact:impact",
        "Show which models, pushes and runs an artifact reached.",
    ),
    "reuse": (
        "Inspect",
        "reuse:reuse",
        "Show what runs reused, the time saved, and the edits that cost most.",
    ),
    "card": ("Inspect", "card:card", "Write the card of a model in Markdown."),
    "artifacts": ("Inspect", "artifacts:artifacts", "List artifacts of a run or of a type."),
    "find": ("Inspect", "find:find", "Find runs or artifacts."),
    "tag": ("Inspect", "tag:tag", "Tag a run or an artifact, or list its tags."),
    "note": (
        "Inspect",
        "note:note",
        "Write a note about a run or an artifact, or list its notes.",
    ),
    "verify": (
        "Inspect",
        "verify:verify",
        "Read stored artifacts, and compare them with their records.",
    ),
    "data": ("Inspect", "data:data", "List and compare versions of datasets."),
    "models": (
        "Inspect",
        "models:models",
        "Show registered models, promote versions and roll them back.",
    ),
    "ui": ("Inspect", "ui:ui", "Show runs, artifacts and lineage as web pages."),
    "report": ("Inspect", "report:report", "Write runs or a comparison to one HTML file."),
    "resume": ("Continue and debug", "resume:resume", "Continue a run that failed or was stopped."),
    "replay": ("Continue and debug", "replay:replay", "Run one node of a run again, to debug it."),
    "business": (
        "Deploy",
        "business:business",
        "Define business metrics, and show what versions are worth.",
    ),
    "deploy": (
        "Deploy",
        "deploy:deploy",
        "Roll out a version of a registered model.",
    ),
    "retrain": ("Deploy", "retrain:retrain", "Train a model again, if its policy says so."),
    "watch": ("Deploy", "watch:watch", "Train models again whenever their policies say so."),
    "monitor": (
        "Deploy",
        "monitor:monitor",
        "Tell which inputs and outputs of a served MODEL have drifted.",
    ),
    "rollout": (
        "Deploy",
        "rollout:rollout",
        "Show rollouts, and pause, resume, end or verify one.",
    ),
    "serve": ("Deploy", "serve:serve", "Serve models over HTTP, as TensorFlow Serving does."),
    "repeat": (
        "Continue and debug",
        "repeat:repeat",
        "Run a run again with the code that it had, and compare what it writes.",
    ),
    "airflow": ("Deploy", "airflow:airflow", "Deploy pipelines to Airflow 3, and start them."),
    "kubeflow": (
        "Deploy",
        "kubeflow:kubeflow",
        "Deploy pipelines to Kubeflow, start and schedule them.",
    ),
    "metadata": (
        "Deploy",
        "metadata:metadata",
        "Serve, back up, copy, check or clean the metadata store.",
    ),
    "export": (
        "Deploy",
        "export:export",
        "Write a run with its whole lineage into a ZIP file.",
    ),
    "import": (
        "Deploy",
        "import_:import_",
        "Take a run from a file of `mlops export` into the store.",
    ),
    "openlineage": (
        "Deploy",
        "openlineage:openlineage",
        "Send runs to a catalogue of data, as OpenLineage events.",
    ),
    "import-tfx": ("Setup", "import_tfx:import_tfx", "Import runs and artifacts from TFX."),
    "doctor": ("Setup", "doctor:doctor", "Check the environment, the store and the folders."),
    "config": ("Setup", "config:config", "Show the settings, and the origin of each."),
    "completion": ("Setup", "completion:completion", "Print the completion script of a shell."),
    "run-node": (SCHEDULERS, "run_node:run_node", "Run one node of a compiled pipeline."),
    "loop-items": (SCHEDULERS, "scheduler_steps:loop_items", "List the iterations of a loop."),
    "end-run": (SCHEDULERS, "scheduler_steps:end_run", "Record the end of a run."),
}


class Commands(click.Group):
    """A group with the names and summaries of its commands, without importing them."""

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
        from mlops_pipeline.cli.doctor import own_version

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
    """Build, run and inspect machine-learning pipelines."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
