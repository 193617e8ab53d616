"""Train on two devices, as on two GPUs, in a separate process, since TensorFlow sets up its devices once."""

import sys
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import tensorflow as tf

from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning import trainer
from mammo_core.learning.plan import resolve
from mammo_core.workspace import Workspace


def main() -> None:
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    plan = resolve(Workspace.from_environment(), TrainingConfig(store="demo", network="original", epochs=2))
    run = Path(sys.argv[1])
    with patch.object(trainer, "distribution_strategy", lambda: strategy):
        with suppress(KeyboardInterrupt):
            trainer.train(plan, run, die_in_second_epoch)
        finished = sum(isinstance(record, EpochRecord) for record in read_metrics(run))
        result = trainer.train(plan, run)
    print(strategy.num_replicas_in_sync, finished, result.epochs, result.status, result.verified)


def die_in_second_epoch(report: Progress) -> None:
    if report.epoch == 2:
        raise KeyboardInterrupt


if __name__ == "__main__":
    main()
