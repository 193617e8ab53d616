import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.learning.callbacks.training_state import STATE
from mammo_core.learning.plan import resolve
from mammo_core.learning.trainer import SPLIT, train
from mammo_core.models.bundle import open_bundle
from mammo_core.models.example_maps import read_example_maps
from mammo_core.workspace import Workspace


def plan_demo(**settings):
    config = TrainingConfig(store="demo", epochs=3, batch_size=32, **settings)
    return resolve(Workspace.from_environment(), config)


def epochs_of(run):
    return [record for record in read_metrics(run) if isinstance(record, EpochRecord)]


pytestmark = pytest.mark.slow


@pytest.fixture
def interrupted(prepared, verify_in_process, make_once):
    """A run of three epochs that was stopped in its second, a copy of this test's own."""

    def stop_in_second_epoch(folder):
        reports = []
        run = folder / "interrupted"
        stopped = train(plan_demo(), run, reports.append, lambda: bool(reports) and (reports[-1].epoch or 0) >= 2)
        assert stopped.epochs == 1

    made = make_once("interrupted run", stop_in_second_epoch) / "interrupted"
    return Path(shutil.copytree(made, prepared.models / "interrupted"))


def test_resumed_run_matches_continuous_run(interrupted, prepared):
    continuous = prepared.models / "continuous"
    train(plan_demo(), continuous)
    result = train(plan_demo(), interrupted)
    assert (result.status, result.epochs, result.verified) == ("finished", 3, True)
    for expected, resumed in zip(epochs_of(continuous), epochs_of(interrupted), strict=True):
        for name in ("epoch", "loss", "auc", "val_loss", "val_auc", "learning_rate"):
            assert getattr(resumed, name) == pytest.approx(getattr(expected, name), abs=1e-3), name
    cards = [open_bundle(run).card for run in (continuous, interrupted)]
    assert cards[0].best_epoch == cards[1].best_epoch
    expected, resumed = (read_example_maps(run) for run in (continuous, interrupted))
    assert resumed.epochs.tolist() == [1, 2, 3]
    assert resumed.probabilities == pytest.approx(expected.probabilities, abs=1e-3)
    kinds = [record.kind for record in read_metrics(interrupted)]
    assert (kinds.count("start"), kinds.count("resume")) == (1, 1)


def test_resume_changed_config_damaged_state_or_changed_split_raises(interrupted):
    with np.load(interrupted / STATE) as state:
        assert int(state["epoch"]) == 1
    with pytest.raises(ConfigError, match="other settings"):
        train(plan_demo(learning_rate=1e-5), interrupted)
    intact = (interrupted / STATE).read_bytes()
    (interrupted / STATE).write_bytes(intact[: len(intact) // 2])
    with pytest.raises(ModelError, match=r"its resume\.npz isn't a state"):
        train(plan_demo(), interrupted)
    pd.read_parquet(interrupted / SPLIT).iloc[1:].to_parquet(interrupted / SPLIT)
    with pytest.raises(DataError, match="have changed since"):
        train(plan_demo(), interrupted)
