"""How much a run costs beside bare Keras: `python -m benchmarks.train [--images 512] [--epochs 4] [--rounds 8]`.

The same network on the same images, batch size and optimiser, in one process, in turns: `model.fit` on float32 arrays in
memory, and the loop of a run, with shuffling from uint8, journal, validation, checkpoints and TensorBoard's files. Variation of
images is off in both, since bare Keras has none. Then what the live metrics alone (the journal) take of a run's time.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pandas as pd

from benchmarks._report import Report
from mammo_core.learning import trainer
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger
from mammo_core.learning.callbacks.training_state import METRICS
from mammo_core.learning.cancellation import StopSignal, never_stop
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.input_pipeline import one_hot
from mammo_core.learning.networks import build
from mammo_core.learning.plan import TrainingData
from mammo_core.preprocess import to_tensor
from mammo_core.storage.json_files import read_json_lines

SIZE = 256
VALIDATION = 32  # images: both sides judge few, for what is compared is training


class TimedJournal(MetricsLogger):
    """A journal that knows how long its calls took, in seconds."""

    seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Take the time of a step's metrics."""
        started = time.perf_counter()
        super().on_train_batch_end(batch, logs)
        TimedJournal.seconds += time.perf_counter() - started

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Take the time of an epoch's metrics."""
        started = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        TimedJournal.seconds += time.perf_counter() - started


def rate(images: int, ends: list[float]) -> float:
    """Return images a second from the end of the first epoch, which compiles, to the end of the last."""
    return images * (len(ends) - 1) / (ends[-1] - ends[0])


def bare(data: TrainingData, config: TrainingConfig) -> float:
    """Train with `model.fit` on arrays in memory; returns images a second."""
    images, labels = (values[data.places("train")] for values in (data.images, data.labels))
    shown = [values[data.places("validation")] for values in (data.images, data.labels)]
    model = build(config.network, SIZE)
    metrics = ["accuracy", trainer.PositiveAUC(name="auc")]
    model.compile(optimizer=keras.optimizers.Adam(config.learning_rate), loss=trainer.LOSS, metrics=metrics)
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


def run(data: TrainingData, config: TrainingConfig) -> tuple[float, float]:
    """Train as a run does; returns images a second, and the share of its time that live metrics took."""
    TimedJournal.seconds = 0.0
    with tempfile.TemporaryDirectory() as folder, patch.object(trainer, "MetricsLogger", TimedJournal):
        started = time.perf_counter()
        trainer.fit_run(data, config, Path(folder), lambda _: None, StopSignal(never_stop))
        seconds = time.perf_counter() - started
        records = read_json_lines(Path(folder) / METRICS)
    ends = [record["time"] for record in records if record["kind"] == "epoch"]
    return rate(int((data.table["part"] == "train").sum()), ends), TimedJournal.seconds / seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    count = options.images + VALIDATION
    images = generator.integers(0, 256, (count, SIZE, SIZE), dtype=np.uint8)
    part = ["train"] * options.images + ["validation"] * VALIDATION
    data = TrainingData(pd.DataFrame({"label": np.arange(count) % 2, "part": part}), images, np.ones(count, bool))
    config = TrainingConfig(store="benchmark", epochs=options.epochs, patience=20, imbalance="none", augment=False)
    ratios, costs = [], []
    for number in range(1, options.rounds + 1):
        reference = bare(data, config)
        rate, cost = run(data, config)
        ratios.append(rate / reference)
        costs.append(cost)
        print(
            f"round {number}: fit {reference:.1f} images/s, run {rate:.1f} images/s, live metrics {cost:.2%}",
            flush=True,
        )
    report = Report()
    ratio, cost = statistics.median(ratios), statistics.median(costs)
    report.add(f"run : fit, median of {options.rounds}", f"{ratio:.2f}", "at least 0.9", ratio >= 0.9)
    report.add("live metrics' share of the time", f"{cost:.2%}", "at most 1 %", cost <= 0.01)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
