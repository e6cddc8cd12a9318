"""Module file of the TFX side: the same features, model and training as pipelines/penguin."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
WORDS = ("island", "sex")
LABEL = "species"
LABEL_XF = "species_xf"
BATCH = 20


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """Scale numbers, index words."""
    outputs = {f"{key}_xf": tft.scale_to_z_score(_dense(inputs[key], 0.0)) for key in NUMBERS}
    for key in WORDS:
        outputs[f"{key}_xf"] = tft.compute_and_apply_vocabulary(
            _dense(inputs[key], ""), vocab_filename=key, num_oov_buckets=1
        )
    outputs[LABEL_XF] = tft.compute_and_apply_vocabulary(
        _dense(inputs[LABEL], ""), vocab_filename=LABEL
    )
    return outputs


def _dense(values: Any, default: object) -> Any:
    if isinstance(values, tf.sparse.SparseTensor):
        values = tf.sparse.to_dense(
            tf.sparse.SparseTensor(values.indices, values.values, [values.dense_shape[0], 1]),
            default_value=tf.cast(default, values.dtype) if values.dtype != tf.string else default,
        )
    return tf.squeeze(tf.cast(values, tf.float32) if values.dtype != tf.string else values, axis=1)


def build() -> Any:
    """A small dense network over all features."""
    inputs, parts = {}, []
    for key in NUMBERS:
        inputs[f"{key}_xf"] = keras.Input((1,), name=f"{key}_xf", dtype="float32")
        parts.append(inputs[f"{key}_xf"])
    for key in WORDS:
        inputs[f"{key}_xf"] = keras.Input((1,), name=f"{key}_xf", dtype="int64")
        parts.append(
            keras.layers.CategoryEncoding(num_tokens=6, output_mode="one_hot")(inputs[f"{key}_xf"])
        )
    x = keras.layers.Concatenate()(parts)
    for _ in range(2):
        x = keras.layers.Dense(8, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


def read(files: list[str], graph: Any, *, repeat: bool) -> Any:
    """Transformed examples as (features, label) batches."""
    spec = graph.transformed_feature_spec()

    def parse(batch: Any) -> Any:
        features = tf.io.parse_example(batch, spec)
        label = features.pop(LABEL_XF)
        return {key: tf.expand_dims(value, -1) for key, value in features.items()}, label

    found = sorted(name for pattern in files for name in tf.io.gfile.glob(pattern))
    data = tf.data.TFRecordDataset(found, compression_type="GZIP").shuffle(1000, seed=1)
    return (data.repeat() if repeat else data).batch(BATCH).map(parse).prefetch(1)


def export(model: Any, graph: Any, place: str) -> None:
    """Write a SavedModel that takes serialised raw examples."""
    raw = graph.raw_feature_spec()
    serving = {key: value for key, value in raw.items() if key != LABEL}
    module = tf.Module()
    module.model = model
    module.transform = graph.transform_features_layer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: Any) -> Any:
        features = module.transform(tf.io.parse_example(examples, serving))
        return {"outputs": model({k: tf.expand_dims(v, -1) for k, v in features.items()})}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def transform_features(examples: Any) -> Any:
        return module.transform(tf.io.parse_example(examples, raw))

    signatures = {"serving_default": serve, "transform_features": transform_features}
    tf.saved_model.save(module, place, signatures=signatures)


def run_fn(fn_args: Any) -> None:
    """Train and export."""
    graph = tft.TFTransformOutput(fn_args.transform_output)
    model = build()
    model.fit(
        read(fn_args.train_files, graph, repeat=True),
        steps_per_epoch=fn_args.train_steps,
        validation_data=read(fn_args.eval_files, graph, repeat=False),
        validation_steps=fn_args.eval_steps,
        verbose=0,
    )
    export(model, graph, fn_args.serving_model_dir)
