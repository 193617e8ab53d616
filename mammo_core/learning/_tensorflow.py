"""Load Keras with the TensorFlow backend, without TensorFlow's start-up messages.

The modules of this package import both from here.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes would fill every log and terminal
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers

__all__ = ["keras", "layers", "tf"]
