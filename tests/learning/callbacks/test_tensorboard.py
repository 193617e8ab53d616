import pytest
import tensorflow as tf

from mammo_core.learning.callbacks.tensorboard import Event, TensorBoardLogger


def read_events(folder):
    """Return (step, tag, value) of each value in a folder's event file."""
    (path,) = folder.glob("events.out.tfevents.*")
    events = [Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    return [(event.step, value.tag, value.simple_value) for event in events for value in event.summary.value]


def test_tensorboard_writes_each_part_to_its_folder(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
    logger.on_epoch_end(1, {"loss": 0.4, "val_loss": 0.2})
    logger.on_train_end()
    assert read_events(tmp_path / "train") == [(1, "loss", 0.5), (2, "loss", pytest.approx(0.4))]
    assert read_events(tmp_path / "validation") == [(1, "loss", 0.25), (2, "loss", pytest.approx(0.2))]


def test_tensorboard_events_of_a_run_match_its_logged_epochs(finished):
    from mammo_core.documents.metrics import EpochRecord, read_metrics

    run = finished.models / "trained"
    epochs = [record for record in read_metrics(run) if isinstance(record, EpochRecord)]
    for part, tag, metric in (("train", "loss", "loss"), ("validation", "auc", "val_auc")):
        events = [(step, value) for step, name, value in read_events(run / "events" / part) if name == tag]
        assert events == [(record.epoch, pytest.approx(getattr(record, metric))) for record in epochs]
