"""The plain side of penguin.py: the same library calls in one script, without any framework.

  python benchmarks/penguin_plain.py DATA_FOLDER WORK_FOLDER [--train-steps 100] [--beam memory]

TFDV describes both splits in memory, infers a schema and validates; TFT analyses and transforms;
`penguin_model.run_fn` trains with Keras and saves; TFMA evaluates by slice; the model is copied
to where it is served from if it is good enough. Nothing is recorded. `--beam` says which Beam
runner TFT and TFMA get: Beam's own in this process (`direct`), or the one that our components
use (`memory`), which leaves the framework as the only difference. Prints seconds by step as JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "pipelines" / "penguin"))

SPLITS = ("train", "eval")
SECONDS: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Note how long a step takes."""
    begin = time.perf_counter()
    yield
    SECONDS[name] = time.perf_counter() - begin


def read_csv(data: Path, folder: Path) -> None:
    """Write two thirds of the rows as training examples, one third as others."""
    import pandas as pd
    import tensorflow as tf

    rows = pd.concat([pd.read_csv(path) for path in sorted(data.glob("*.csv"))])
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    files = {}
    for split in SPLITS:
        (folder / "examples" / split).mkdir(parents=True)
        files[split] = tf.io.TFRecordWriter(str(folder / f"examples/{split}/data.gz"), options)
    for row in rows.to_dict("records"):
        example = tf.train.Example(
            features=tf.train.Features(feature={k: feature(v) for k, v in row.items()})
        )
        text = example.SerializeToString(deterministic=True)
        bucket = int(hashlib.sha256(text).hexdigest(), 16) % 3
        files["train" if bucket < 2 else "eval"].write(text)
    for file in files.values():
        file.close()


def feature(value: Any) -> Any:
    """Return a value as a feature; missing ones are empty."""
    import tensorflow as tf

    if value != value:
        return tf.train.Feature()
    if isinstance(value, str):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))


def batches(folder: Path, split: str, schema: Any = None, raw: str = "") -> Any:
    """Return the examples of a split as one record batch; `raw` names a serialised column."""
    import pyarrow as pa
    import tensorflow as tf
    from tfx_bsl.coders import example_coder

    file = str(folder / f"examples/{split}/data.gz")
    records = list(tf.data.TFRecordDataset([file], compression_type="GZIP").as_numpy_iterator())
    known = [schema.SerializeToString()] if schema is not None else []
    batch = example_coder.ExamplesToRecordBatchDecoder(*known).DecodeBatch(records)
    if not raw:
        return batch
    column = pa.array([[r] for r in records], type=pa.large_list(pa.large_binary()))
    return pa.RecordBatch.from_arrays([*batch.columns, column], [*batch.schema.names, raw])


def statistics(folder: Path) -> dict[str, Any]:
    """Compute statistics of both splits."""
    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics import stats_impl

    found = {}
    for split in SPLITS:
        batch = batches(folder, split)
        found[split] = stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
        (folder / f"statistics-{split}.pb").write_bytes(found[split].SerializeToString())
    return found


def transform(folder: Path, schema: Any, runner: Any) -> None:
    """Analyse the training data, and transform both splits."""
    import apache_beam as beam
    import penguin_model
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
    from tfx_bsl.public import tfxio

    source = tfxio.TFExampleRecord(["-"], schema=schema, telemetry_descriptors=["plain"])
    config = source.TensorAdapterConfig()
    with (
        beam.Pipeline(runner=runner) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "scratch")),
    ):
        data = {}
        for split in SPLITS:
            made = beam.Create([batches(folder, split, schema)])
            data[split] = pipeline | f"read {split}" >> made
        function = (data["train"], config) | tft_beam.AnalyzeDataset(penguin_model.preprocessing_fn)
        function | tft_beam.WriteTransformFn(str(folder / "transform"))
        for split in SPLITS:
            (folder / "transformed" / split).mkdir(parents=True)
            apply = tft_beam.TransformDataset(output_record_batches=True)
            transformed, _ = ((data[split], config), function) | split >> apply
            place = str(folder / f"transformed/{split}/data")
            encoded = transformed | f"encode {split}" >> beam.FlatMapTuple(encode)
            encoded | f"write {split}" >> beam.io.WriteToTFRecord(place, file_name_suffix=".gz")
    raw = dataset_metadata.DatasetMetadata(schema)
    metadata_io.write_metadata(raw, str(folder / "transform/metadata"))


def encode(batch: Any, _: Any) -> Any:
    """Encode transformed rows as serialised examples."""
    from tfx_bsl.coders import example_coder

    return example_coder.RecordBatchToExamplesEncoder().encode(batch)


def dataset(patterns: list[str], options: Any, schema: Any) -> Any:
    """Return the batches for `run_fn`."""
    from tfx_bsl.public import tfxio

    source = tfxio.TFExampleRecord(patterns, schema=schema, telemetry_descriptors=["plain"])
    return source.TensorFlowDataset(options)


def train(folder: Path, steps: int) -> None:
    """Train and save."""
    import penguin_model

    penguin_model.run_fn(
        SimpleNamespace(
            train_files=[str(folder / "transformed/train/*")],
            eval_files=[str(folder / "transformed/eval/*")],
            train_steps=steps,
            eval_steps=None,
            transform_graph_path=str(folder / "transform"),
            transform_output=str(folder / "transform"),
            serving_model_dir=str(folder / "model"),
            data_accessor=SimpleNamespace(tf_dataset_factory=dataset),
            custom_config={"learning_rate": 0.01, "seed": 7},
        )
    )


def evaluate(folder: Path, schema: Any, runner: Any) -> bool:
    """Compute metrics by slice; also return True if the thresholds hold."""
    import apache_beam as beam
    import tensorflow_model_analysis as tfma
    from eval_configs import eval_config

    # There is no model before it to compare with.
    config = tfma.utils.update_eval_config_with_defaults(
        eval_config("penguin"), has_baseline=False, rubber_stamp=True
    )
    # Spares TFMA an attempt to load the model with Keras 2.
    config.model_specs[0].model_type = tfma.TF_GENERIC
    model = tfma.default_eval_shared_model(str(folder / "model"), eval_config=config)
    batch = batches(folder, "eval", schema, raw=tfma.ARROW_INPUT_COLUMN)
    outputs = str(folder / "evaluation")
    with beam.Pipeline(runner=runner) as pipeline:
        (
            pipeline
            | beam.Create([batch])
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=model, eval_config=config, output_path=outputs, schema=schema
            )
        )
    return bool(tfma.load_validation_result(outputs).validation_ok)


def beam_runner(name: str) -> Any:
    """Return Beam's own runner in this process, or the one of our components."""
    if name == "memory":
        sys.path += [str(REPOSITORY), str(REPOSITORY / "components")]
        from mlops_components.engines._memory_runner import MemoryRunner

        return MemoryRunner()
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    return FnApiRunner()


def load_libraries() -> None:
    """Import everything, so that the steps show work only."""
    import apache_beam  # noqa: F401
    import pandas  # noqa: F401
    import tensorflow_data_validation  # noqa: F401
    import tensorflow_model_analysis  # noqa: F401
    import tensorflow_transform.beam  # noqa: F401


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run all steps."""
    folder: Path = options.folder
    with timed("import"):
        load_libraries()
        import tensorflow_data_validation as tfdv
    runner = beam_runner(options.beam)
    with timed("CsvExampleGen"):
        read_csv(options.data, folder)
    with timed("StatisticsGen"):
        found = statistics(folder)
    with timed("SchemaGen"):
        schema = tfdv.infer_schema(found["train"])
        tfdv.write_schema_text(schema, str(folder / "schema.pbtxt"))
    with timed("ExampleValidator"):
        for split in SPLITS:
            anomalies = tfdv.validate_statistics(found[split], schema)
            (folder / f"anomalies-{split}.pb").write_bytes(anomalies.SerializeToString())
    with timed("Transform"):
        transform(folder, schema, runner)
    with timed("Trainer"):
        train(folder, options.train_steps)
    with timed("Evaluator"):
        good = evaluate(folder, schema, runner)
    with timed("Pusher"):
        if good:
            shutil.copytree(folder / "model", folder / "serving" / "1")
    return {"pushed": int(good), "steps": SECONDS}


def main() -> None:
    begin = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train-steps", type=int, default=100)
    parser.add_argument("--beam", choices=("direct", "memory"), default="direct")
    options = parser.parse_args()
    answer = run(options)
    sys.stdout.write("\n" + json.dumps({"run": time.perf_counter() - begin, **answer}) + "\n")


if __name__ == "__main__":
    main()
