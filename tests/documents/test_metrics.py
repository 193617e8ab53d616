import json

import pytest

from mammo_core.documents.metrics import (
    METRICS,
    EpochRecord,
    ResumeRecord,
    StartRecord,
    StepRecord,
    append_record,
    read_last_epoch,
    read_metrics,
)
from mammo_core.errors import DataError
from mammo_core.settings import SHIPPED_MODELS

COUNTS = {"images": 4, "patients": 2, "positive_images": 2, "positive_patients": 1}
START = StartRecord(time=1.0, parts={"train": COUNTS, "validation": COUNTS, "test": COUNTS})
STEP = StepRecord(time=2.0, epoch=1, step=3, steps=4, loss=0.5, accuracy=0.75, auc=0.8)
EPOCH = EpochRecord(
    time=3.0, epoch=1, seconds=1.5, loss=0.5, accuracy=0.75, auc=0.8, val_loss=0.6, val_accuracy=0.7, val_auc=0.65,
    learning_rate=1e-3,
)  # fmt: skip
RESUME = ResumeRecord(time=4.0, epoch=1)


def test_read_metrics_returns_the_records_that_were_appended(tmp_path):
    for record in (START, STEP, EPOCH, RESUME):
        append_record(tmp_path / METRICS, record)
    assert read_metrics(tmp_path) == [START, STEP, EPOCH, RESUME]


def test_record_keys_are_those_of_the_file_format(tmp_path):
    append_record(tmp_path / METRICS, STEP)
    append_record(tmp_path / METRICS, EPOCH)
    step, epoch = map(json.loads, (tmp_path / METRICS).read_text().splitlines())
    assert step == {
        "kind": "step", "time": 2.0, "epoch": 1, "step": 3, "steps": 4, "loss": 0.5, "accuracy": 0.75, "auc": 0.8,
    }  # fmt: skip
    assert set(epoch) == {
        "kind", "time", "epoch", "seconds", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc",
        "learning_rate", "phase", "lesion_loss",
    }  # fmt: skip


def test_read_metrics_without_file_is_empty(tmp_path):
    assert read_metrics(tmp_path) == []


def test_read_metrics_ignores_an_incomplete_last_line(tmp_path):
    append_record(tmp_path / METRICS, START)
    with (tmp_path / METRICS).open("a") as stream:
        stream.write('{"kind": "step", "ep')
    assert read_metrics(tmp_path) == [START]


@pytest.mark.parametrize("line", ['{"kind": "step", "epoch": 1}', '{"kind": "other"}', "7"])
def test_read_metrics_foreign_line_raises_data_error_with_its_number(tmp_path, line):
    append_record(tmp_path / METRICS, START)
    with (tmp_path / METRICS).open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(DataError, match=r"Record 2 in metrics\.jsonl"):
        read_metrics(tmp_path)


def test_read_metrics_of_the_shipped_model_has_every_epoch():
    records = read_metrics(SHIPPED_MODELS / "demo")
    assert [record.epoch for record in records if isinstance(record, EpochRecord)] == [1, 2, 3, 4]


def test_read_last_epoch_checks_only_the_records_of_epochs(tmp_path):
    assert read_last_epoch(tmp_path) is None
    for record in (START, STEP, EPOCH, EPOCH.model_copy(update={"epoch": 2}), RESUME):
        append_record(tmp_path / METRICS, record)
    with (tmp_path / METRICS).open("a") as stream:
        stream.write('{"kind": "step"}\n7\n')
    assert read_last_epoch(tmp_path) == 2


def test_read_last_epoch_damaged_epoch_raises_data_error_with_its_number(tmp_path):
    append_record(tmp_path / METRICS, START)
    with (tmp_path / METRICS).open("a") as stream:
        stream.write('{"kind": "epoch", "epoch": 1}\n')
    with pytest.raises(DataError, match=r"Record 2 in metrics\.jsonl"):
        read_last_epoch(tmp_path)
