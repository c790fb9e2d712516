"""TFLite models with the operators of Larq Compute Engine, written without TensorFlow."""
