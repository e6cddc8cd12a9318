"""`mlops watch`: policies are looked at again and again."""

from __future__ import annotations

import signal
import threading
from dataclasses import asdict
from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.retrain import policies_option, retrained
from mlops_pipeline.cli.serving_options import log_option
from mlops_pipeline.errors import PipelineError


@click.command()
@policies_option
@log_option
@click.option("--every", type=click.FloatRange(0.1), default=60.0, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Look once, as a cron job does.")
@json_option
@project_options
def watch(
    project: Project, policies: Path, log: Path, every: float, once: bool, as_json: bool
) -> int:
    """Train models again whenever their policies say so.

    Ends when it is asked to. With --once, ends with 1 if a policy has failed.
    """
    from mlops_pipeline.retraining import RetrainOutcome, read_policies

    # Mistakes in the file end it at once, not at the first look.
    known = read_policies(policies)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    last: dict[str, str] = {}
    failed = False
    while True:
        for policy in known.values():
            try:
                result = retrained(project, policy, log)
            except PipelineError as error:
                # Another policy, or another time, may do better.
                failed = True
                if last.get(policy.name) != error.message:
                    warn(f"policy {policy.name}: {error.message}", hint=error.hint)
                last[policy.name] = error.message
                continue
            failed |= result.outcome == RetrainOutcome.FAILED
            told = f"{policy.name}: {result.outcome}: {result.why}"
            if told != last.get(policy.name):
                if as_json:
                    write_json({**asdict(result), "outcome": str(result.outcome)})
                else:
                    echo(told)
            last[policy.name] = told
            if over.is_set():
                break
        if once or over.wait(every):
            return int(failed and once)
