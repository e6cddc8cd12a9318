"""A driver of one's own: it decides what a node reads, before the cache is looked into.

mlops run examples/custom_driver
"""

from pathlib import Path

from mlops_pipeline import component, pipeline
from mlops_pipeline.node import Plan, Request, drive


def newest_day(request: Request) -> Plan:
    """Point the parameter `day` at the newest folder below it; the rest is as ever."""
    days = Path(request.value("day"))
    newest = max(folder.name for folder in days.iterdir())
    return drive(request.replace_parameters(day=str(days / newest)))


@component(driver=newest_day)
def Read(day: Path) -> str:
    """Runs when there is a new day, and only then."""
    return (day / "data.txt").read_text().strip()


@pipeline
def custom_driver(days: Path = Path("days")) -> None:
    """Read the newest day."""
    Read(day=days)
