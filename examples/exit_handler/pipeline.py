"""A node that runs when all others have ended, whatever happened, and knows how.

mlops run examples/exit_handler
"""

from mlops_pipeline import ExitHandler, component, pipeline, run_info


@component
def Work() -> str:
    """What may fail."""
    return "done"


@component
def Report(run: str, state: str) -> str:
    """Stands for a message to somebody."""
    return f"the run ended as {state}" if run else "nothing ran"


@pipeline
def exit_handler() -> None:
    """Work, then tell."""
    Work()
    with ExitHandler():
        Report(run=run_info.id, state=run_info.state)
