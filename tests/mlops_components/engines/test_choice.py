"""Which engine is chosen, and what is said about wrong Beam options."""

from pathlib import Path

import pytest

from mlops_components.engines import choice as engines
from mlops_components.engines import choose
from mlops_pipeline.artifacts import ExampleStatistics
from mlops_pipeline.errors import ExecutorError, ParameterError

CLUSTER = ["--runner=FlinkRunner", "--flink_master=flink:8081"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "one").write_bytes(bytes(600))
    (tmp_path / "two").write_bytes(bytes(600))
    return [tmp_path / "one", tmp_path / "two"]


def test_small_data_stays_in_memory(files: list[Path]) -> None:
    choice = choose("auto", files, CLUSTER)
    assert (choice.engine, choice.reason) == ("memory", "1.17 KiB of input, at most 4 GiB")


def test_large_data_goes_to_the_cluster(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.LIMIT_VARIABLE, "1K")
    choice = choose("auto", files, CLUSTER)
    assert (choice.engine, choice.reason) == ("beam", "1.17 KiB of input, more than 1e+03 B")


@pytest.mark.parametrize(
    "arguments",
    [None, ["--direct_num_workers=2"], ["--runner", "DirectRunner"], ["--runner=PrismRunner"]],
)
def test_large_data_stays_in_memory_if_there_is_no_cluster(
    files: list[Path], arguments: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engines.LIMIT_VARIABLE, "0")
    choice = choose("auto", files, arguments)
    assert choice.engine == "memory"
    assert choice.reason.endswith("beam_pipeline_args name no runner of a cluster")


def test_less_data_stays_in_memory_if_it_is_held_at_once(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engines.LIMIT_VARIABLE, "16K")
    assert choose("auto", files, CLUSTER).engine == "memory"
    assert choose("auto", files, CLUSTER, holds_all=True).engine == "beam"


def test_what_is_asked_for_is_taken(files: list[Path]) -> None:
    assert choose("beam", files).is_beam
    assert choose("memory", files, CLUSTER).engine == "memory"


@pytest.mark.parametrize("engine", ["auto", "memory"])
def test_what_memory_does_not_offer_goes_to_beam(
    engine: engines.Engine, files: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    choice = choose(engine, files, only_beam="lift of a label")
    assert (choice.engine, choice.reason) == ("beam", "lift of a label")
    assert ("hands over to Beam: lift of a label" in caplog.text) == (engine == "memory")


def test_choice_is_kept_with_the_output(files: list[Path]) -> None:
    statistics = ExampleStatistics("/nowhere")
    choose("memory", files).note(statistics)
    assert statistics.properties == {"engine": "memory", "engine_reason": "asked for"}


def test_limit_that_is_no_size_is_refused(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engines.LIMIT_VARIABLE, "much")
    with pytest.raises(ParameterError, match="MLOPS_MEMORY_ENGINE_LIMIT is 'much'"):
        choose("auto", files)


@pytest.mark.ml
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--runner=DirectRuner"], "no Beam runner 'DirectRuner'", "'DirectRunner'"),
        (["--runner=a.b.C"], "no Beam runner 'a.b.C'", "known: "),
        (["--direct_num_worker=2"], "no option --direct_num_worker", "'direct_num_workers'"),
        (["--direct_num_workers=x"], "invalid int value: 'x'", "--name=value"),
        (["--runner=DataflowRunner"], "Missing required option: project", "add what is missing"),
    ],
)
def test_wrong_beam_options_are_named(arguments: list[str], message: str, hint: str) -> None:
    with pytest.raises(ParameterError) as caught, engines.open_pipeline(arguments):
        pytest.fail("the block must not be entered")
    assert caught.value.message.startswith("beam_pipeline_args: ")
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.ml
@pytest.mark.filterwarnings("ignore")
def test_runner_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    import apache_beam as beam

    arguments = ["--runner=PrismRunner", f"--prism_location={tmp_path}/missing"]
    with pytest.raises(ExecutorError) as caught, engines.open_pipeline(arguments) as pipeline:
        _ = pipeline | beam.Create([1])
    assert "PrismRunner cannot be started" in caught.value.message
    assert "--prism_location" in caught.value.hint
