"""Compare the speed of a training run with bare Keras.

`python -m benchmarks.train [--images 512] [--epochs 4] [--rounds 8]`

Both sides train the same network on the same images, with the same batch size and optimiser, in one process, in turns:
`model.fit` on float32 arrays in memory, and a run's own loop, which reads PNG files and has metrics log, validation, checkpoints
and TensorBoard files. Data augmentation is off in both, since bare Keras has none. Then it measures the share of a run's time
that live metrics alone take.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks._report import Report
from mammo_core.dataset.store import Store
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.progress import never_stop
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning import phase_model, trainer
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger
from mammo_core.learning.cancellation import StopSignal, TrainingContext
from mammo_core.learning.input_pipeline import one_hot
from mammo_core.learning.networks import build
from mammo_core.learning.plan import TrainingPlan, steps_per_epoch
from mammo_core.learning.training_data import TrainingData
from mammo_core.preprocess.prepare import to_tensor

SIZE = 256
VALIDATION = 32  # images: few, because training is what is compared


class TimedMetricsLogger(MetricsLogger):
    """A metrics logger that measures how long its calls take, in seconds."""

    seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Measure a step's metrics."""
        started = time.perf_counter()
        super().on_train_batch_end(batch, logs)
        TimedMetricsLogger.seconds += time.perf_counter() - started

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure an epoch's metrics."""
        started = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        TimedMetricsLogger.seconds += time.perf_counter() - started


def rate(images: int, ends: list[float]) -> float:
    """Return the training speed in images per second.

    It is measured from the end of the first epoch, which compiles, to the end of the last.
    """
    return images * (len(ends) - 1) / (ends[-1] - ends[0])


def train_bare(data: TrainingData, config: TrainingConfig) -> float:
    """Train with `model.fit` on arrays in memory; return images per second."""
    images, labels = (values[data.indices("train")] for values in (data.images, data.labels))
    shown = [values[data.indices("validation")] for values in (data.images, data.labels)]
    model = build(config.network, SIZE)
    metrics = ["accuracy", phase_model.PositiveAUC(name="auc")]
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate), loss="categorical_crossentropy", metrics=metrics
    )
    ends: list[float] = []
    model.fit(
        to_tensor(images),
        one_hot(labels),
        validation_data=(to_tensor(shown[0]), one_hot(shown[1])),
        epochs=config.epochs,
        batch_size=config.batch_size,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.time()))],
    )
    return rate(len(images), ends)


def train_run(data: TrainingData, pngs: Path, config: TrainingConfig) -> tuple[float, float]:
    """Train as a run does, on the PNG files in a folder, and measure the speed.

    Returns:
        Images per second, and the share of the run's time that live metrics took.
    """
    labels = data.labels[data.indices("train")]
    store = Store(pngs, PreprocessingConfig(size=SIZE), Path("unused"))
    plan = TrainingPlan(config, store, None, data.table, steps_per_epoch(labels, config))
    TimedMetricsLogger.seconds = 0.0
    with tempfile.TemporaryDirectory() as folder, patch.object(trainer, "MetricsLogger", TimedMetricsLogger):
        started = time.perf_counter()
        trainer.fit(plan, data, TrainingContext(Path(folder), lambda _: None, StopSignal(never_stop)))
        seconds = time.perf_counter() - started
        ends = [record.time for record in read_metrics(Path(folder)) if isinstance(record, EpochRecord)]
    return rate(len(labels), ends), TimedMetricsLogger.seconds / seconds


def make_data(images: int, folder: Path) -> TrainingData:
    """Return random images, `VALIDATION` of them for validation.

    They are also written as PNG files to the folder.
    """
    count = images + VALIDATION
    grains = np.random.default_rng(0).integers(0, 256, (count, SIZE // 4, SIZE // 4), dtype=np.uint8)
    pixels = grains.repeat(4, axis=1).repeat(4, axis=2)
    names = [f"{index}.png" for index in range(count)]
    for name, image in zip(names, pixels, strict=True):
        Image.fromarray(image).save(folder / name)
    part = ["train"] * images + ["validation"] * VALIDATION
    table = pd.DataFrame({"label": np.arange(count) % 2, "part": part, "png": names})
    return TrainingData(table, pixels, np.ones(count, bool))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    config = TrainingConfig(store="benchmark", epochs=options.epochs, patience=20, imbalance="none", augment=False)
    ratios, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        data = make_data(options.images, Path(folder))
        for number in range(1, options.rounds + 1):
            bare = train_bare(data, config)
            run, cost = train_run(data, Path(folder), config)
            ratios.append(run / bare)
            costs.append(cost)
            print(
                f"round {number}: fit {bare:.1f} images/s, run {run:.1f} images/s, live metrics {cost:.2%}", flush=True
            )
    report = Report()
    ratio, cost = statistics.median(ratios), statistics.median(costs)
    report.add(f"run : fit, median of {options.rounds}", f"{ratio:.2f}", "at least 0.9", ratio >= 0.9)
    report.add("live metrics' share of the time", f"{cost:.2%}", "at most 1 %", cost <= 0.01)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
