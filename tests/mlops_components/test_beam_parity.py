"""Our runner of Beam pipelines against Beam's own: what comes out is the same.

Cases are in tests/contracts/beam_cases.py, and apart from this file as they import Beam.
"""

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import Evaluator
from mlops_components.records import files_of_split, read_split_batches
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

Build = Callable[[Any], None]

ROOT = Path(__file__).resolve().parent.parent.parent

ON_BEAMS_OWN = {"windows_are_kept_apart", "function_that_takes_batches"}
"""Cases that `_memory_beam.run` hands to Beam's own runner."""


def on_beams_own(build: Build) -> None:
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import fn_runner

    with beam.Pipeline(runner=fn_runner.FnApiRunner()) as pipeline:
        build(pipeline)


def written(folder: Path) -> list[str]:
    return sorted(line for file in folder.iterdir() for line in file.read_text().splitlines())


@pytest.mark.slow  # Beam's own runner takes half a second for each of the thirty cases.
def test_single_transforms_give_the_same_elements(tmp_path: Path) -> None:
    import beam_cases

    from mlops_components.engines import _memory_runner

    ours, theirs = {}, {}
    for name in beam_cases.CASES.keys() - ON_BEAMS_OWN:
        for run, results in ((_memory_runner.run, ours), (on_beams_own, theirs)):
            folder = tmp_path / f"{name}-{len(results)}-{run.__name__}"
            run(functools.partial(beam_cases.build, name=name, folder=str(folder)))
            results[name] = written(folder)
    assert ours == theirs
    assert len(ours) > 25


@pytest.mark.parametrize("name", sorted(ON_BEAMS_OWN))
def test_what_our_runner_cannot_do_goes_to_beams_own_aloud(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import beam_cases

    from mlops_components.engines import _memory_runner

    with caplog.at_level(logging.WARNING, "mlops_components.engines._memory_runner"):
        _memory_runner.run(functools.partial(beam_cases.build, name=name, folder=str(tmp_path)))
    assert "Beam's own runner takes over" in caplog.text
    assert len(written(tmp_path)) > 1


def records_in(folder: Path) -> list[bytes]:
    """Examples in an order that does not depend on who wrote them when."""
    import tensorflow as tf

    files = [str(path) for path in sorted(folder.iterdir())]
    data = tf.data.TFRecordDataset(files, compression_type="GZIP")
    rows = map(tf.train.Example.FromString, data.as_numpy_iterator())
    return sorted(row.SerializeToString(deterministic=True) for row in rows)


def transform_on_beams_own(penguin: PipelineRun, schema: Any, folder: Path) -> None:
    """Transform as the documents of TFT have it."""
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from tfx_bsl.coders import example_coder
    from tfx_bsl.public import tfxio

    sys.path.insert(0, str(ROOT / "pipelines" / "penguin"))
    import penguin_model

    examples = penguin["CsvExampleGen"].artifact()

    def encode(batch: Any, schema: Any) -> list[bytes]:
        return list(example_coder.RecordBatchToExamplesEncoder(schema).encode(batch))

    source = tfxio.TFExampleRecord(["-"], schema=schema, telemetry_descriptors=["test"])
    config = source.TensorAdapterConfig()

    def build(pipeline: Any) -> None:
        data = {}
        for split in ("train", "eval"):
            # In the same batches: the last bits of a mean depend on them.
            batches = list(read_split_batches(files_of_split(examples, split), schema=schema))
            data[split] = (pipeline | split >> beam.Create(batches), config)
        graph = data["train"] | tft_beam.AnalyzeDataset(penguin_model.preprocessing_fn)
        graph | tft_beam.WriteTransformFn(str(folder / "graph"))
        apply = tft_beam.TransformDataset(output_record_batches=True)
        transformed, metadata = (data["eval"], graph) | apply
        texts = transformed | beam.FlatMap(
            lambda pair, given: encode(pair[0], given.schema),
            beam.pvalue.AsSingleton(metadata.deferred_metadata),
        )
        texts | beam.io.WriteToTFRecord(str(folder / "eval" / "x"), file_name_suffix=".gz")

    with tft_beam.Context(temp_dir=str(folder / "scratch")):
        on_beams_own(build)


@pytest.mark.slow  # Beam's own runner takes some ten seconds for the analysis.
def test_transform_is_what_it_is_on_beams_own(
    penguin: PipelineRun, load: Callable[[Any], Any], tmp_path: Path
) -> None:
    import tensorflow_transform as tft

    transform_on_beams_own(penguin, load(penguin["SchemaGen"].artifact()), tmp_path)
    ours = load(penguin["Transform"].artifact("transform_graph"))
    theirs = tft.TFTransformOutput(str(tmp_path / "graph"))
    for name in ("island", "sex", "species"):
        assert ours.vocabulary_by_name(name) == theirs.vocabulary_by_name(name) != []
    assert ours.transformed_metadata.schema == theirs.transformed_metadata.schema
    rows = records_in(penguin["Transform"].artifact("transformed_examples").split("eval"))
    other = records_in(tmp_path / "eval")
    assert rows == other
    assert len(rows) == 140


EVAL_CONFIG: dict[str, Any] = {
    "model_specs": [
        {"label_key": "species_xf", "preprocessing_function_names": ["transform_features"]}
    ],
    "slicing_specs": [{}, {"feature_keys": ["island"]}, {"feature_keys": ["sex", "island"]}],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {"class_name": "SparseCategoricalCrossentropy"},
                {"class_name": "MultiClassConfusionMatrixPlot"},
                {"class_name": "MeanLabel"},
                {
                    "class_name": "SparseCategoricalAccuracy",
                    "threshold": {"value_threshold": {"lower_bound": 0.5}},
                    "per_slice_thresholds": [
                        {
                            "slicing_specs": [{"feature_keys": ["island"]}],
                            "threshold": {"value_threshold": {"lower_bound": 0.999}},
                        }
                    ],
                },
            ]
        }
    ],
}


def evaluate_on_beams_own(penguin: PipelineRun, schema: Any, folder: Path) -> None:
    """Evaluate as the documents of TFMA have it."""
    import tensorflow_model_analysis as tfma
    from google.protobuf import json_format
    from tfx_bsl.public import tfxio

    config = json_format.ParseDict(EVAL_CONFIG, tfma.EvalConfig())
    config.model_specs[0].model_type = tfma.TF_GENERIC
    config.model_specs[0].signature_name = "serving_default"
    model = tfma.default_eval_shared_model(
        str(penguin["Trainer"].artifact("model").path / "Format-Serving"),
        eval_config=config,
        rubber_stamp=True,
    )
    source = tfxio.TFExampleRecord(
        str(penguin["CsvExampleGen"].artifact().split("eval") / "*"),
        schema=schema,
        telemetry_descriptors=["test"],
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
    )
    on_beams_own(
        lambda pipeline: (
            pipeline
            | source.BeamSource()
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=model, eval_config=config, output_path=str(folder), schema=schema
            )
        )
    )


@pytest.mark.slow  # Beam's own runner takes some twenty seconds.
def test_evaluation_is_what_it_is_on_beams_own(
    penguin: PipelineRun, load: Callable[[Any], Any], tmp_path: Path
) -> None:
    import tensorflow_model_analysis as tfma

    schema = penguin["SchemaGen"].artifact()
    evaluation = run_component(
        Evaluator,
        examples=penguin["CsvExampleGen"].artifact(),
        model=penguin["Trainer"].artifact("model"),
        schema=schema,
        eval_config=EVAL_CONFIG,
    ).outputs["evaluation"]
    evaluate_on_beams_own(penguin, load(schema), tmp_path)
    found = [tfma.load_eval_result(str(path)) for path in (evaluation.path, tmp_path)]
    for kind in ("slicing_metrics", "plots"):
        ours, theirs = ({str(key): value for key, value in getattr(f, kind)} for f in found)
        assert ours == theirs
        assert len(ours) > 8
    said = [tfma.load_validation_result(str(path)) for path in (evaluation.path, tmp_path)]
    assert canonical(said[0]) == canonical(said[1])
    assert not said[0].validation_ok


def canonical(result: Any) -> Any:
    """A validation result whose slices are in order."""
    slices = sorted(result.metric_validations_per_slice, key=str)
    del result.metric_validations_per_slice[:]
    result.metric_validations_per_slice.extend(slices)
    return result
