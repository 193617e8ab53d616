"""Training: configuration, networks, input pipeline, trainer. The only package, with inference, that loads TensorFlow."""
