"""Measure the memory, the speed and the input pipeline of trainings.

`python -m benchmarks.train [--images 256] [--epochs 3] [--rounds 3] [--stored 54706]`

Three figures. Peak memory: a process of its own trains on a store of 54,706 images of 512 × 320 pixels, some steps and a
validation; what it takes above the libraries alone is reported. (A few PNG files stand for all: memory depends on their number,
not on their pixels.) Speed: a run's own loop, which reads PNG files and has metrics log, validation, checkpoints and TensorBoard
files, and `model.fit` on float32 arrays in memory, train the same network on the same images in one process, in turns; data
augmentation is off in both, since bare Keras has none. The share of the run's time that live metrics take is reported beside
it. Pipeline: how many augmented 256 × 256 images are read in a second when nothing is trained.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import psutil
from PIL import Image
from scipy import ndimage

from benchmarks._report import Report
from mammo_core.dataset.store import Store
from mammo_core.dataset.store_png import PNG_OPTIONS
from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.preprocessing_config import PreprocessingConfig, Size, describe_size, rows_and_columns
from mammo_core.documents.progress import never_stop
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning import phase_model, trainer
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger
from mammo_core.learning.cancellation import StopSignal, TrainingContext
from mammo_core.learning.input_pipeline import TrainingImages, one_hot, training_batches
from mammo_core.learning.networks import build
from mammo_core.learning.plan import TrainingPlan, steps_per_epoch
from mammo_core.learning.training_data import TrainingData
from mammo_core.preprocess.prepare import to_tensor

SIZE: Size = 256
LARGE: Size = (512, 320)
VALIDATION = 32  # images: few, because training is what is compared
FILES = 48  # PNG files, at most, that stand for any number of images
STEPS = 24  # of the training whose memory is measured
CONFIG = TrainingConfig(store="benchmark", patience=20, imbalance="none", augment=False)


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
    parts = [data.indices(part) for part in ("train", "validation")]
    (images, labels), (shown, shown_labels) = ((data.images[part], data.labels[part]) for part in parts)
    model = build(config.network, SIZE)
    metrics = ["accuracy", phase_model.PositiveAUC(name="auc")]
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate), loss="categorical_crossentropy", metrics=metrics
    )
    ends: list[float] = []
    model.fit(
        to_tensor(images),
        one_hot(labels),
        validation_data=(to_tensor(shown), one_hot(shown_labels)),
        epochs=config.epochs,
        batch_size=config.batch_size,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.time()))],
    )
    return rate(len(images), ends)


def train_run(data: TrainingData, store: Store, config: TrainingConfig) -> tuple[float, float]:
    """Train as a run does, on the PNG files of a store, and measure the speed.

    Returns:
        Images per second, and the share of the run's time that live metrics took.
    """
    labels = data.labels[data.indices("train")]
    plan = TrainingPlan(config, store, None, data.table, steps_per_epoch(labels, config))
    TimedMetricsLogger.seconds = 0.0
    with tempfile.TemporaryDirectory() as folder, patch.object(trainer, "MetricsLogger", TimedMetricsLogger):
        started = time.perf_counter()
        trainer.fit(plan, data, TrainingContext(Path(folder), lambda _: None, StopSignal(never_stop)))
        seconds = time.perf_counter() - started
        ends = [record.time for record in read_metrics(Path(folder)) if isinstance(record, EpochRecord)]
    return rate(len(labels), ends), TimedMetricsLogger.seconds / seconds


def make_data(folder: Path, size: Size, images: int, validation: int = VALIDATION) -> tuple[Store, TrainingData]:
    """Return a store of noise in the outline of a breast, half of it positive.

    Its PNG files are written to the folder: `FILES` at most, which then stand for all images in turns. They are about as long
    as those of real mammograms and of phantoms, 20 kB at 256 × 256, and so take as long to decode.
    """
    rows, columns = rows_and_columns(size)
    row, column = np.mgrid[:rows, :columns]
    breast = (2 * row / rows - 1) ** 2 + (column / (0.65 * columns)) ** 2 < 1
    count = images + validation
    for index in range(min(count, FILES)):
        noise = ndimage.gaussian_filter(np.random.default_rng(index).normal(size=(rows, columns)), 2)
        picture = np.where(breast, np.clip(120 + 250 * noise, 13, 255), 0).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{index}.png", format="PNG", **PNG_OPTIONS)
    names = [f"{index % FILES}.png" for index in range(count)]
    part = ["train"] * images + ["validation"] * validation
    table = pd.DataFrame({"label": np.arange(count) % 2, "part": part, "png": names})
    store = Store(folder, PreprocessingConfig(size=size), Path("unused"))
    return store, TrainingData(table, StoredImages(store, names), np.ones(count, bool))


def compare_speed(options: argparse.Namespace, report: Report) -> None:
    """Add the speed of a run over that of arrays in memory."""
    config = CONFIG.model_copy(update={"epochs": options.epochs})
    ratios, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        store, data = make_data(Path(folder), SIZE, options.images)
        for number in range(1, options.rounds + 1):
            bare = train_bare(data, config)
            run, cost = train_run(data, store, config)
            ratios.append(run / bare)
            costs.append(cost)
            print(
                f"round {number}: fit {bare:.1f} images/s, run {run:.1f} images/s, live metrics {cost:.2%}", flush=True
            )
    ratio, cost = statistics.median(ratios), statistics.median(costs)
    report.add(f"speed, streamed : in memory, median of {options.rounds}", f"{ratio:.2f}", "at least 0.9", ratio >= 0.9)
    report.add("live metrics' share of the time", f"{cost:.2%}", "at most 1 %", cost <= 0.01)


def measure_pipeline(seconds: float, report: Report) -> None:
    """Add how many augmented images the input pipeline alone reads in a second."""
    config = CONFIG.model_copy(update={"augment": True, "batch_size": 32})
    with tempfile.TemporaryDirectory() as folder:
        store, data = make_data(Path(folder), SIZE, 4096)
        images = TrainingImages(
            store.folder,
            data.table["png"].tolist(),
            store.preprocessing.shape,
            data.labels,
            data.indices("train"),
            np.ones(2),
        )
        batches = iter(training_batches(images, config))
        for _ in range(8):
            next(batches)
        read, started, used = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - started < seconds:
            read += len(next(batches)[0])
        speed, share = read / (time.perf_counter() - started), (time.process_time() - used) / seconds
    cores = os.cpu_count() or 1
    text = f"{speed:,.0f} images/s, on {share:.1f} of {cores} cores"
    report.add(f"pipeline alone, {describe_size(SIZE)}, augmented", text, "at least 1,500", speed >= 1500)


def train_large_store(images: int, memory: Any) -> None:
    """Train some steps on a large store; runs in a process of its own.

    Args:
        images: of the training part; the validation part has as many as a step of the pass over it.
        memory: a queue that gets the peak of this process's memory above that of its libraries, in bytes.
    """
    process = psutil.Process()
    libraries = peak = process.memory_info().rss

    def watch(_: object) -> None:
        nonlocal peak
        peak = max(peak, process.memory_info().rss)

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as run:
        store, data = make_data(Path(folder), LARGE, images, validation=8 * VALIDATION)
        config = CONFIG.model_copy(update={"epochs": 1, "augment": True})
        plan = TrainingPlan(config, store, None, data.table, STEPS)
        trainer.fit(plan, data, TrainingContext(Path(run), watch, StopSignal(never_stop)))
        watch(None)
    memory.put(peak - libraries)


def measure_memory(images: int, report: Report) -> None:
    """Add the peak memory of a training on a large store."""
    spawning = multiprocessing.get_context("spawn")
    memory = spawning.Queue()
    process = spawning.Process(target=train_large_store, args=(images, memory))
    process.start()
    taken = memory.get() / 2**30
    process.join()
    name = f"peak memory, {images:,} images of {describe_size(LARGE)}"
    report.add(name, f"{taken:.2f} GiB above TensorFlow's own", "at most 2 GiB", taken <= 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=256, help="of a training whose speed is compared")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="for which the pipeline is measured")
    parser.add_argument("--stored", type=int, default=54_706, help="images of the store whose memory is measured")
    options = parser.parse_args()
    report = Report(name_width=52)
    measure_memory(options.stored, report)
    compare_speed(options, report)
    measure_pipeline(options.seconds, report)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
