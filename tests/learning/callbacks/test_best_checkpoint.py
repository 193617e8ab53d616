from types import SimpleNamespace

import pytest

from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint


@pytest.fixture
def model():
    """A model whose file holds the number of its saves."""
    saves = []
    return SimpleNamespace(
        stop_training=False, layers=[], saves=saves, save=lambda path: path.write_text(str(len(saves) + 1))
    )


def run_epochs(best, model, scores):
    """Report (val_auc, val_loss) of successive epochs; return the best epoch after each."""
    best.set_model(model)
    history = []
    for epoch, score in enumerate(scores):
        best.on_epoch_end(epoch, score and dict(zip(("val_auc", "val_loss"), score, strict=True)))
        history.append(best.best_epoch)
    return history


def test_best_checkpoint_saves_higher_auc_then_lower_loss(tmp_path, model):
    best = BestCheckpoint(tmp_path / "best.keras", patience=10)
    scores = [(0.6, 0.5), (0.5, 0.1), (0.6, 0.4), (0.6, 0.4), (0.7, 0.9)]
    assert run_epochs(best, model, scores) == [1, 1, 3, 3, 5]
    assert best.best == (0.7, -0.9)
    assert (tmp_path / "best.keras").exists()


def test_best_checkpoint_stops_after_patience_epochs_without_improvement(tmp_path, model):
    best = BestCheckpoint(tmp_path / "best.keras", patience=2)
    run_epochs(best, model, [(0.6, 0.5), (0.5, 0.5)])
    assert not model.stop_training
    best.on_epoch_end(2, {"val_auc": 0.6, "val_loss": 0.5})
    assert model.stop_training
    assert [best.patience_exhausted(epochs) for epochs in (2, 3)] == [False, True]


def test_best_checkpoint_ignores_an_interrupted_epoch(tmp_path, model):
    best = BestCheckpoint(tmp_path / "best.keras", patience=1)
    assert run_epochs(best, model, [None]) == [0]
    best.on_epoch_end(0, {"loss": 0.5})
    assert best.best is None
    assert not (tmp_path / "best.keras").exists()
