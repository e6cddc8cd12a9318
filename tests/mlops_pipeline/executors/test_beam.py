import importlib.util

import pytest

from mlops_pipeline.artifacts import Examples, Integer
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.interface import BeamPipeline, Input, Output
from mlops_pipeline.ir import BeamExecutor


def count_words(text: Input[Examples], pipeline: BeamPipeline, *, words: Output[Integer]) -> None:
    import apache_beam as beam

    _ = (
        pipeline
        | beam.io.ReadFromText(str(text.path / "text"))
        | beam.FlatMap(str.split)
        | beam.combiners.Count.Globally()
        | beam.io.WriteToText(
            str(words.path), shard_name_template="", append_trailing_newlines=False
        )
    )


def takes_no_pipeline() -> None: ...


def fails_while_running(pipeline: BeamPipeline) -> None:
    import apache_beam as beam

    _ = pipeline | beam.Create([0]) | beam.Map(lambda number: 1 / number)


def task(function, **fields):
    target = f"{__name__}:{function.__name__}"
    return Task("run-1/node", BeamExecutor(target, ("--runner=DirectRunner",)), **fields)


@pytest.mark.ml
@pytest.mark.filterwarnings("ignore")
def test_pipeline_that_the_function_built_has_run_when_the_task_ends(tmp_path):
    (tmp_path / "text").write_text("one two\nthree\n")
    result = execute(
        task(
            count_words,
            inputs={"text": [ArtifactRef("Examples", str(tmp_path))]},
            outputs={"words": ArtifactRef("Integer", str(tmp_path / "words" / "value"))},
        )
    )
    assert result.error == ""
    assert Integer(str(tmp_path / "words" / "value")).read() == 3


@pytest.mark.ml
@pytest.mark.filterwarnings("ignore")
def test_failure_inside_the_pipeline_is_the_tasks_failure():
    result = execute(task(fails_while_running))
    assert "ZeroDivisionError" in result.error
    assert "ZeroDivisionError" in result.details


def test_function_without_a_pipeline_parameter_is_refused():
    result = execute(task(takes_no_pipeline))
    assert "takes no Beam pipeline" in result.error
    assert "pipeline: BeamPipeline" in result.hint


@pytest.mark.skipif(importlib.util.find_spec("apache_beam") is not None, reason="Beam is installed")
def test_missing_beam_is_named():
    result = execute(task(fails_while_running))
    assert result.error.startswith("run-1/node needs Apache Beam, which cannot be imported")
    assert not result.retryable
