"""Evaluation of models: configuration, metrics, slices and results, as TFMA has them."""
