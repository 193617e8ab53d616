"""Train on two devices, as on two GPUs; a process of its own, since TensorFlow lays out its devices once."""

import sys
from pathlib import Path
from unittest.mock import patch

import tensorflow as tf

from mammo_core.learning import trainer
from mammo_core.learning.config import TrainingConfig


def main() -> None:
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    config = TrainingConfig(store="demo", epochs=2)
    run = Path(sys.argv[1])
    begun: list[dict] = []
    with patch.object(trainer, "devices", lambda: strategy):
        stopped = trainer.train(run, config, begun.append, lambda: bool(begun) and begun[-1].get("epoch") == 2)
        result = trainer.train(run, config)
    print(strategy.num_replicas_in_sync, stopped["epochs"], result["epochs"], result["status"], result["verified"])


if __name__ == "__main__":
    main()
