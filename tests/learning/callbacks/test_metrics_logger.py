import math
from types import SimpleNamespace

import pytest

from mammo_core.documents.metrics import (
    METRICS,
    EpochRecord,
    ResumeRecord,
    StartRecord,
    StepRecord,
    append_record,
    read_metrics,
)
from mammo_core.documents.progress import never_stop
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning.callbacks import metrics_logger
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger, rewind_metrics
from mammo_core.learning.cancellation import StopSignal

COUNTS = {"images": 4, "patients": 2, "positive_images": 2, "positive_patients": 1}
START = StartRecord(time=1.0, parts={"validation": COUNTS})
VALIDATION = {"val_loss": 0.3, "val_accuracy": 0.8, "val_auc": 0.7}


def step(epoch):
    return StepRecord(time=2.0, epoch=epoch, step=1, steps=1, loss=0.5, accuracy=0.5, auc=0.5)


def epoch_record(epoch):
    values = {"loss": 0.5, "accuracy": 0.5, "auc": 0.5, "learning_rate": 1e-3, **VALIDATION}
    return EpochRecord(time=3.0, epoch=epoch, seconds=1.0, **values)


def set_clock(monkeypatch, seconds):
    """Stop the logger's clock at a time."""
    monkeypatch.setattr(metrics_logger, "time", SimpleNamespace(monotonic=lambda: seconds, time=lambda: 0.0))


@pytest.fixture
def logger(tmp_path, monkeypatch):
    """A logger of a run with two epochs of three steps, ten images each, at a clock that stands still."""
    set_clock(monkeypatch, 100.0)
    config = TrainingConfig(store="x", epochs=2, batch_size=10)
    reports = []
    logger = MetricsLogger(tmp_path / METRICS, config, reports.append, StopSignal(never_stop))
    logger.reports = reports
    logger.set_params({"steps": 3})
    logger.set_model(SimpleNamespace(stop_training=False, optimizer=SimpleNamespace(learning_rate=1e-3)))
    return logger


def test_steps_are_logged_with_the_mean_loss_since_the_previous_record(logger, tmp_path, monkeypatch):
    logger.on_epoch_begin(0)
    for batch, (seconds, loss) in enumerate([(100.1, 1.0), (100.6, 0.8), (100.7, 0.6)]):
        set_clock(monkeypatch, seconds)
        logger.on_train_batch_end(batch, {"loss": loss, "accuracy": 0.5, "auc": 0.6})
    second, third = read_metrics(tmp_path)  # the first came too soon; the last of an epoch is always logged
    assert (second.epoch, second.step, second.steps, second.loss) == (1, 2, 3, 0.8)
    assert (third.step, third.accuracy, third.auc) == (3, 0.5, 0.6)
    assert third.loss == pytest.approx(3 * 0.6 - 2 * 0.8)


def test_progress_reports_steps_rate_and_remaining_seconds(logger, monkeypatch):
    logger.on_epoch_begin(0)
    set_clock(monkeypatch, 102.0)
    logger.on_train_batch_end(0, {"loss": 1.0, "accuracy": 0.5, "auc": 0.5})
    (report,) = logger.reports
    assert (report.done, report.total, report.unit, report.epoch, report.epochs) == (1, 6, "steps", 1, 2)
    assert (report.images_per_second, report.seconds_left) == (5.0, 10.0)


@pytest.mark.parametrize(("phase", "rate"), [("head", 10.0), ("fine_tuning", 4.0)])
def test_progress_of_a_head_has_the_rate_of_its_present_epoch(logger, monkeypatch, phase, rate):
    logger.phase = phase
    for epoch, seconds in enumerate([104.0, 105.0]):
        logger.on_epoch_begin(epoch)
        set_clock(monkeypatch, seconds)
        logger.on_train_batch_end(0, {"loss": 1.0, "accuracy": 0.5, "auc": 0.5})
    assert logger.reports[-1].images_per_second == rate


def test_epoch_is_logged_with_all_metrics(logger, tmp_path, monkeypatch):
    logger.on_epoch_begin(1)
    set_clock(monkeypatch, 107.0)
    logger.on_epoch_end(1, {"loss": 0.4, "accuracy": 0.9, "auc": 0.6, **VALIDATION})
    (record,) = read_metrics(tmp_path)
    assert (record.epoch, record.seconds, record.loss, record.val_auc, record.learning_rate) == (2, 7.0, 0.4, 0.7, 1e-3)
    assert logger.epochs_done == 2


def test_interrupted_epoch_is_not_logged(logger, tmp_path):
    logger.on_epoch_begin(0)
    logger.on_epoch_end(0, {"loss": 0.4, "accuracy": 0.9, "auc": 0.6})
    assert read_metrics(tmp_path) == []
    assert logger.epochs_done == 0


def test_loss_that_is_not_finite_stops_training_as_diverged(logger, tmp_path):
    logger.on_epoch_begin(0)
    logger.on_train_batch_end(2, {"loss": math.nan, "accuracy": 0.5, "auc": 0.5})
    assert (logger.model.stop_training, logger.stop_signal.diverged) == (True, True)
    assert read_metrics(tmp_path) == []


def test_stop_request_stops_training_after_the_step(logger):
    logger.stop_signal.should_stop = lambda: True
    logger.on_epoch_begin(0)
    logger.on_train_batch_end(0, {"loss": 0.5, "accuracy": 0.5, "auc": 0.5})
    assert (logger.model.stop_training, logger.stop_signal.diverged) == (True, False)


def test_rewind_metrics_drops_records_after_last_epoch_and_marks_resume(tmp_path):
    for record in (START, step(1), epoch_record(1), step(2), epoch_record(2)):
        append_record(tmp_path / METRICS, record)
    with (tmp_path / METRICS).open("a") as stream:
        stream.write('{"kind": "st')
    rewind_metrics(tmp_path / METRICS, 1)
    *kept, resume = read_metrics(tmp_path)
    assert kept == [START, step(1), epoch_record(1)]
    assert resume == ResumeRecord(time=resume.time, epoch=1)
