from datetime import UTC, datetime

import pytest

from builders.models import write_model
from mammo_core.errors import DataError, ModelError
from mammo_core.models import migrate as migration
from mammo_core.models.bundle import CARD, EVALUATION, MODEL, PREDICTIONS, open_bundle
from mammo_core.models.migrate import RENAMED_FILES, main, migrate
from mammo_core.storage.hashing import sha256
from mammo_core.storage.json_files import read_json, write_json


@pytest.fixture
def current(tmp_path):
    """A model of this version."""
    return write_model(tmp_path / "current")


def card_of_format_2(folder):
    """Return a card as the version before wrote it, with the hashes of the files in `folder`."""
    estimate = {"value": 0.75, "low": 0.5, "high": 1.0}
    counts = {"images": 2, "patients": 1, "positive_images": 1, "positive_patients": 1}
    files = (
        "model.keras",
        "contract.json",
        "predictions.parquet",
        "evaluation.json",
        "reference.npz",
        "learnt.parquet",
    )
    return {
        "format": 2,
        "name": "old",
        "created": "2026-11-24T16:10:07+00:00",
        "network": "compact",
        "weights": 31330,
        "best_epoch": 11,
        "config": {
            "store": "demo-model-phantoms",
            "network": "compact",
            "epochs": 20,
            "patience": 20,
            "batch_size": 16,
            "learning_rate": 0.001,
            "imbalance": "oversample",
            "augment": True,
            "seed": 0,
            "validation_share": 0.12,
            "test_share": 0.2,
            "folds": None,
            "fold": None,
            "start_from": None,
            "backbone_weights": None,
        },
        "data": {
            "store": "demo-model-phantoms",
            "dataset": "demo-model-phantoms",
            "synthetic": True,
            "generator": {"patients": 1500, "seed": 1000003, "prevalence": 0.5, "nuisances": True},
            "parts": {"train": counts, "validation": counts, "test": counts},
        },
        "contract": "ae14a09cdc6083da",
        "metrics": {
            "part": "test",
            "unit": "breast",
            "n": 600,
            "positives": 151,
            "patients": 300,
            "auc": {"value": 0.9254856266316612, "low": 0.8937836045517412, "high": 0.9562763050439821},
            "average_precision": estimate,
            "sensitivity_at_90_specificity": estimate,
            "partial_auc": estimate,
            "brier": estimate,
        },
        "calibration": {
            "method": "Platt scaling on the validation images",
            "slope": 1.2068337457428293,
            "intercept": -1.753648046946895,
        },
        "heat_scale": 2.9861297307771277,
        "operating_point": {
            "threshold": 0.20243804167401755,
            "policy": "specificity_90",
            "unit": "breast",
            "chosen_on": "validation",
        },
        "limits": ["Trained on synthetic images only: what it says about a real mammogram has no meaning."],
        "class_names": ["negative", "positive"],
        "made_by": "python -m benchmarks.demo_model",
        "files": {name: sha256(folder / name) for name in files},
    }


@pytest.fixture
def old(tmp_path):
    """The folder of a model of format 2, whose files equal those of `current` but for two names."""
    folder = write_model(tmp_path / "old").folder
    (folder / "ood_detector.npz").rename(folder / "reference.npz")
    (folder / "training_images.parquet").rename(folder / "learnt.parquet")
    write_json(folder / CARD, card_of_format_2(folder))
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_migrate_format_2_equals_model_of_this_version(old, current):
    before = content(old)
    bundle = migrate(old)
    assert bundle == open_bundle(old)
    card = bundle.card
    assert (card.schema_version, card.name, card.best_epoch) == (3, "old", 11)
    assert card.created == datetime(2026, 11, 24, 16, 10, 7, tzinfo=UTC)
    assert (card.preprocessing_identity, card.cam_scale) == ("ae14a09cdc6083da", 2.9861297307771277)
    assert (card.config.epochs, card.config.validation_share) == (20, 0.12)
    assert card.metrics.auc.value == 0.9254856266316612
    assert (card.calibration.slope, card.operating_point.threshold) == (1.2068337457428293, 0.20243804167401755)
    assert card.made_by == "python -m benchmarks.demo_model"
    assert set(read_json(old / CARD)) == set(read_json(current.folder / CARD))
    assert content(old).keys() == content(current.folder).keys()
    for name in (MODEL, PREDICTIONS):
        assert (old / name).read_bytes() == before[name]
    for old_name, new_name in RENAMED_FILES.items():
        assert (old / new_name).read_bytes() == before[old_name]


def test_migrate_changed_file_raises_and_changes_nothing(old):
    (old / MODEL).write_bytes(b"other weights")
    before = content(old)
    with pytest.raises(ModelError, match=r"model\.keras was changed after training"):
        migrate(old)
    assert content(old) == before


@pytest.mark.parametrize("key", ["files", "calibration", "heat_scale"])
def test_migrate_incomplete_card_raises_and_changes_nothing(old, key):
    write_json(old / CARD, {name: value for name, value in read_json(old / CARD).items() if name != key})
    before = content(old)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        migrate(old)
    assert content(old) == before


def test_migrate_interrupted_before_card_can_be_repeated(old, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration, "write_card", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate(old)
    assert migrate(old) == open_bundle(old)


@pytest.mark.parametrize("deleted", [[], ["reference.npz"]])
def test_migrate_interrupted_after_card_deletes_the_old_files(old, current, monkeypatch, deleted):
    with monkeypatch.context() as patch:
        patch.setattr(migration, "_delete_old_files", lambda folder: None)
        migrate(old)
    assert (old / "reference.npz").exists()
    for name in deleted:
        (old / name).unlink()
    assert migrate(old) == open_bundle(old)
    assert content(old).keys() == content(current.folder).keys()


def test_migrate_unreadable_report_raises_and_changes_nothing(old):
    write_json(old / EVALUATION, {"part": "test"})
    write_json(old / CARD, card_of_format_2(old))
    before = content(old)
    with pytest.raises(DataError, match=r"evaluation\.json"):
        migrate(old)
    assert content(old) == before


def test_migrate_model_of_this_version_raises_model_error(current):
    with pytest.raises(ModelError, match="is not a model of format 2"):
        migrate(current.folder)


def test_migrate_folder_without_card_raises_model_error(tmp_path):
    with pytest.raises(ModelError, match="holds no finished model"):
        migrate(tmp_path)


def test_main_migrates_each_folder(old, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["migrate", str(old)])
    assert main() == 0
    assert capsys.readouterr().out == "Migrated old.\n"
    assert open_bundle(old).name == "old"


def test_main_foreign_folder_prints_one_line_and_fails(current, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["migrate", str(current.folder)])
    assert main() == 1
    assert capsys.readouterr().err == "current is not a model of format 2, so there is nothing to migrate.\n"
