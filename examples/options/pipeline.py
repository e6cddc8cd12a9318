"""How a node runs: its id, retries, time limit, cache policy, resources, labels, order.

mlops run examples/options
"""

from mlops_pipeline import Cache, Resources, component, current_task, pipeline


@component
def Flaky(failures: int) -> int:
    """Fails a few times. Later attempts find what earlier ones left in `state_dir`."""
    log = current_task().state_dir / "attempts"
    attempts = int(log.read_text()) + 1 if log.exists() else 1
    log.write_text(str(attempts))
    if attempts <= failures:
        raise ConnectionError(f"attempt {attempts} found nobody there")
    return attempts


@component
def Greet(name: str) -> str:
    """Placed twice, so each node has an id of its own."""
    return f"hello {name}"


@pipeline
def options(failures: int = 2) -> None:
    """Two retries after a tenth of a second and more; the greetings come in order."""
    flaky = Flaky.options(retries=2, retry_wait=0.1, timeout=60, cache=False)(failures=failures)
    first = Greet.options(
        id="first",
        after=[flaky],
        cache=Cache(max_age=3600),
        resources=Resources(cpu=1, memory="500M"),
        labels={"team": "penguins"},
    )(name="Ada")
    Greet.options(id="second", after=[first], cache=Cache(salt="v2"))(name="Grace")
