"""Features and model of the penguin pipeline: what Transform and Trainer call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public import tfxio

LABEL = "species"
NUMERIC = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
CATEGORICAL = ("island", "sex")
OOV = 1
"""Extra category of each vocabulary, for values that were not seen and for missing ones."""


def transformed(name: str) -> str:
    """The name of a feature after `preprocessing_fn`."""
    return f"{name}_xf"


def preprocessing_fn(inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Scale numbers, index texts; missing numbers become the mean, missing texts the OOV index."""
    outputs = {}
    for name in NUMERIC:
        scaled = tft.scale_to_z_score(_sparse(tf.cast(inputs[name], tf.float32)))
        outputs[transformed(name)] = _dense(scaled, 0.0)
    for name in CATEGORICAL:
        index = tft.compute_and_apply_vocabulary(
            _sparse(inputs[name]), num_oov_buckets=OOV, vocab_filename=name
        )
        size = tft.experimental.get_vocabulary_size_by_name(name)
        outputs[transformed(name)] = _dense(index, -1)
        outputs[transformed(name)] = tf.where(
            outputs[transformed(name)] < 0, size, outputs[transformed(name)]
        )
    outputs[transformed(LABEL)] = _dense(
        tft.compute_and_apply_vocabulary(_sparse(inputs[LABEL]), vocab_filename=LABEL), -1
    )
    return outputs


def _sparse(values: Any) -> tf.SparseTensor:
    if isinstance(values, tf.SparseTensor):
        return values
    return tf.sparse.from_dense(values)


def _dense(values: tf.SparseTensor, default: Any) -> tf.Tensor:
    shape = [values.dense_shape[0], 1]
    sparse = tf.SparseTensor(values.indices, values.values, shape)
    return tf.sparse.to_dense(sparse, default_value=default)


def run_fn(fn_args: Any) -> None:
    """Train a small network on transformed examples; save it so that it takes raw ones."""
    config = fn_args.custom_config or {}
    keras.utils.set_random_seed(int(config.get("seed", 7)))
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    train = _dataset(fn_args.train_files, fn_args, transform)
    model = build_model(transform, float(config.get("learning_rate", 0.01)))
    model.fit(train.repeat(), steps_per_epoch=fn_args.train_steps or 100, epochs=1, verbose=0)
    save(model, transform, fn_args.serving_model_dir)


def _dataset(
    patterns: list[str], fn_args: Any, transform: tft.TFTransformOutput
) -> tf.data.Dataset:
    options = tfxio.TensorFlowDatasetOptions(
        batch_size=32, label_key=transformed(LABEL), shuffle_seed=7
    )
    return fn_args.data_accessor.tf_dataset_factory(
        patterns, options, transform.transformed_metadata.schema
    )


def build_model(transform: tft.TFTransformOutput, learning_rate: float) -> keras.Model:
    """Numbers as they are, categories one-hot, two small dense layers."""
    inputs = {}
    parts = []
    for name in NUMERIC:
        inputs[transformed(name)] = keras.Input((1,), name=transformed(name))
        parts.append(inputs[transformed(name)])
    for name in CATEGORICAL:
        size = transform.vocabulary_size_by_name(name) + OOV
        inputs[transformed(name)] = keras.Input((1,), name=transformed(name), dtype="int64")
        encoding = keras.layers.CategoryEncoding(size, output_mode="one_hot")
        parts.append(encoding(inputs[transformed(name)]))
    hidden = keras.layers.Concatenate()(parts)
    hidden = keras.layers.Dense(16, activation="relu")(hidden)
    hidden = keras.layers.Dense(16, activation="relu")(hidden)
    classes = transform.vocabulary_size_by_name(LABEL)
    outputs = keras.layers.Dense(classes, activation="softmax", name="probabilities")(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
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
        # The transformation asks for the label, too; nothing that is served depends on it.
        raw[LABEL] = tf.fill([tf.size(examples), 1], "")
        features = exported.transform.transform_fn(raw)
        del features[transformed(LABEL)]
        return {"probabilities": model(features, training=False)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return exported.transform.transform_fn(tf.io.parse_example(examples, labelled))

    tf.saved_model.save(
        exported,
        folder,
        signatures={"serving_default": serve, "transform_features": transform_features},
    )
