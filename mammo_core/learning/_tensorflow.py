"""Load Keras with the TensorFlow backend, without TensorFlow's start-up messages.

The modules of this package import both from here.
"""

import os

from mammo_core.errors import ConfigError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes would fill every log and terminal
backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
if backend != "tensorflow":
    raise ConfigError(f"The environment variable KERAS_BACKEND is {backend!r}. Unset it: the networks need TensorFlow.")

import keras  # noqa: E402 - Keras reads the variable when it is imported
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

__all__ = ["keras", "layers", "tf"]
