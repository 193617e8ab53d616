import numpy as np
import pandas as pd
import pytest

from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.learning.callbacks.training_state import METRICS, STATE, reopen
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.plan import SPLIT
from mammo_core.learning.trainer import train
from mammo_core.models.bundle import open_bundle
from mammo_core.storage.json_files import read_json_lines

CONFIG = TrainingConfig(store="demo", epochs=3, batch_size=32)


def epochs_of(run):
    return [record for record in read_json_lines(run / METRICS) if record["kind"] == "epoch"]


def stopping_in_epoch(epoch):
    """A progress callback and a question that ask for a stop once that epoch has begun."""
    seen = []
    return seen.append, lambda: bool(seen) and seen[-1].get("epoch", 0) >= epoch


@pytest.fixture
def broken_off(finished):
    """A run of three epochs that was stopped in its second."""
    run = finished / "models" / "broken-off"
    progress, should_stop = stopping_in_epoch(2)
    assert train(run, CONFIG, progress, should_stop)["epochs"] == 1
    return run


def test_resumed_run_matches_continuous_run(broken_off, finished):
    unbroken = finished / "models" / "unbroken"
    train(unbroken, CONFIG)
    result = train(broken_off, CONFIG)
    assert (result["status"], result["epochs"], result["verified"]) == ("finished", 3, True)
    for expected, found in zip(epochs_of(unbroken), epochs_of(broken_off), strict=True):
        for name in ("epoch", "loss", "auc", "val_loss", "val_auc", "learning_rate"):
            assert found[name] == pytest.approx(expected[name], abs=1e-3), name
    cards = [open_bundle(run).card for run in (unbroken, broken_off)]
    assert cards[0].best_epoch == cards[1].best_epoch
    kinds = [record["kind"] for record in read_json_lines(broken_off / METRICS)]
    assert (kinds.count("start"), kinds.count("resume")) == (1, 1)


def test_resume_changed_config_damaged_state_or_changed_split_raises(broken_off):
    with np.load(broken_off / STATE) as state:
        assert int(state["epoch"]) == 1
    with pytest.raises(ConfigError, match="other settings"):
        train(broken_off, CONFIG.model_copy(update={"learning_rate": 1e-5}))
    whole = (broken_off / STATE).read_bytes()
    (broken_off / STATE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"its resume\.npz isn't a state"):
        train(broken_off, CONFIG)
    pd.read_parquet(broken_off / SPLIT).iloc[1:].to_parquet(broken_off / SPLIT)
    with pytest.raises(DataError, match="others than when"):
        train(broken_off, CONFIG)


def test_reopen_metrics_drops_records_after_last_epoch_and_marks_resume(tmp_path):
    path = tmp_path / METRICS
    lines = [
        '{"kind": "start"}',
        '{"kind": "epoch", "epoch": 1}',
        '{"kind": "step", "epoch": 2}',
        '{"kind": "epoch", "epoch": 2}',
    ]
    path.write_text("\n".join(lines) + '\n{"kind": "st')
    reopen(path, 1)
    records = read_json_lines(path)
    assert [(record["kind"], record.get("epoch")) for record in records] == [
        ("start", None),
        ("epoch", 1),
        ("resume", 1),
    ]
