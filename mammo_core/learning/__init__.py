"""Training: configuration, networks, input pipeline, trainer. The only package, with inference, that loads TensorFlow."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes would fill every log and terminal
os.environ["KERAS_BACKEND"] = "tensorflow"
