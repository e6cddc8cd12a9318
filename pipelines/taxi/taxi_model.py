"""Features and model of the taxi pipeline: what Transform and Trainer call.

Whether a trip is tipped well, from what is known of it when it ends. The model is wide and deep:
a linear one over categories beside a network over numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public import tfxio

LABEL = "tips"
FARE = "fare"
GENEROUS = 0.2
"""A tip of more than this part of the fare is a good one."""

NUMERIC = ("trip_miles", "fare", "trip_seconds")
BUCKETED = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")
BUCKETS = 10
TEXTS = ("payment_type", "company")
VOCABULARY = 1000
OOV = 10
"""Extra categories of each vocabulary, for texts that were not seen."""

NUMBERED = {
    "trip_start_hour": 24,
    "trip_start_day": 8,
    "trip_start_month": 13,
    "pickup_community_area": 78,
    "dropoff_community_area": 78,
}
"""Categories that are small numbers, and how many there are; 0 stands for a missing one."""

TRACTS = ("pickup_census_tract", "dropoff_census_tract")
TRACT_BUCKETS = 100
HIDDEN = (100, 70, 50, 25)


def transformed(name: str) -> str:
    """The name of a feature after `preprocessing_fn`."""
    return f"{name}_xf"


def preprocessing_fn(inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Scale numbers, and number categories; what is missing becomes 0 or the empty text."""
    outputs = {}
    for name in NUMERIC:
        outputs[transformed(name)] = tft.scale_to_z_score(_number(inputs[name]))
    for name in BUCKETED:
        outputs[transformed(name)] = tft.bucketize(_number(inputs[name]), BUCKETS)
    for name in TEXTS:
        outputs[transformed(name)] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name], ""), top_k=VOCABULARY, num_oov_buckets=OOV, vocab_filename=name
        )
    for name, count in NUMBERED.items():
        outputs[transformed(name)] = tf.clip_by_value(_dense(inputs[name], 0), 0, count - 1)
    for name in TRACTS:
        text = tf.strings.as_string(_dense(inputs[name], 0))
        outputs[transformed(name)] = tf.strings.to_hash_bucket_fast(text, TRACT_BUCKETS)
    fare, tips = _number(inputs[FARE]), _number(inputs[LABEL])
    outputs[transformed(LABEL)] = tf.cast(tips > fare * GENEROUS, tf.int64)
    return outputs


def _number(values: Any) -> tf.Tensor:
    return tf.cast(_dense(values, 0), tf.float32)


def _dense(values: Any, default: Any) -> tf.Tensor:
    """One value a row, with a default for missing ones."""
    if isinstance(values, tf.SparseTensor):
        shape = [values.dense_shape[0], 1]
        filler = tf.cast(default, values.dtype) if default != "" else default
        sparse = tf.SparseTensor(values.indices, values.values, shape)
        values = tf.sparse.to_dense(sparse, default_value=filler)
    return values


def run_fn(fn_args: Any) -> None:
    """Train on transformed examples; save the model so that it takes raw ones."""
    config = fn_args.custom_config or {}
    keras.utils.set_random_seed(int(config.get("seed", 7)))
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    model = build_model(transform, float(config.get("learning_rate", 0.001)))
    model.fit(
        _dataset(fn_args.train_files, fn_args, transform).repeat(),
        steps_per_epoch=fn_args.train_steps or 100,
        validation_data=_dataset(fn_args.eval_files, fn_args, transform).repeat(),
        validation_steps=fn_args.eval_steps or 10,
        epochs=1,
        verbose=0,
    )
    save(model, transform, fn_args.serving_model_dir)


def _dataset(
    patterns: list[str], fn_args: Any, transform: tft.TFTransformOutput
) -> tf.data.Dataset:
    options = tfxio.TensorFlowDatasetOptions(
        batch_size=64, label_key=transformed(LABEL), shuffle_seed=7
    )
    return fn_args.data_accessor.tf_dataset_factory(
        patterns, options, transform.transformed_metadata.schema
    )


def categories(transform: tft.TFTransformOutput) -> dict[str, int]:
    """How many values each category has, by feature."""
    sizes = dict.fromkeys(BUCKETED, BUCKETS) | NUMBERED | dict.fromkeys(TRACTS, TRACT_BUCKETS)
    return sizes | {name: transform.vocabulary_size_by_name(name) + OOV for name in TEXTS}


def build_model(transform: tft.TFTransformOutput, learning_rate: float) -> keras.Model:
    """The network over numbers, plus a weight for each category."""
    inputs = {}
    for name in NUMERIC:
        inputs[transformed(name)] = keras.Input((1,), name=transformed(name))
    deep = keras.layers.Concatenate()(list(inputs.values()))
    for units in HIDDEN:
        deep = keras.layers.Dense(units, activation="relu")(deep)
    parts = [keras.layers.Dense(1)(deep)]
    for name, size in categories(transform).items():
        inputs[transformed(name)] = keras.Input((1,), name=transformed(name), dtype="int64")
        # A weight a category is what a linear layer over its one-hot encoding has.
        weight = keras.layers.Embedding(size, 1, embeddings_initializer="zeros")
        parts.append(keras.layers.Flatten()(weight(inputs[transformed(name)])))
    output = keras.layers.Activation("sigmoid", name="probability")(keras.layers.Add()(parts))
    model = keras.Model(inputs, output)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["binary_accuracy"],
    )
    return model


def save(model: keras.Model, transform: tft.TFTransformOutput, folder: str) -> None:
    """Save with two signatures: serving of raw examples, and the transformation by itself."""
    exported = tf.Module()
    # Not the model: TensorFlow Serving would not find what Keras 3 keeps in its variables.
    exported.weights = [weight.value for weight in model.weights]
    exported.transform = tf.saved_model.load(transform.transform_savedmodel_dir)
    labelled = transform.raw_feature_spec()
    unlabelled = {name: spec for name, spec in labelled.items() if name != LABEL}

    # Without AutoGraph: there is no Python control flow to convert, and looking takes seconds.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = tf.io.parse_example(examples, unlabelled)
        # The transformation asks for the tip, too; nothing that is served depends on it.
        raw[LABEL] = _none(examples, labelled[LABEL])
        features = exported.transform.transform_fn(raw)
        del features[transformed(LABEL)]
        return {"probability": model(features, training=False)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return exported.transform.transform_fn(tf.io.parse_example(examples, labelled))

    tf.saved_model.save(
        exported,
        folder,
        signatures={"serving_default": serve, "transform_features": transform_features},
    )


def _none(examples: tf.Tensor, spec: Any) -> Any:
    """A feature that no example has."""
    count = tf.size(examples, out_type=tf.int64)
    if isinstance(spec, tf.io.FixedLenFeature):
        return tf.zeros(tf.stack([count, 1]), spec.dtype)
    empty = tf.zeros([0, 2], tf.int64), tf.zeros([0], spec.dtype)
    return tf.SparseTensor(*empty, dense_shape=tf.stack([count, tf.constant(1, tf.int64)]))
