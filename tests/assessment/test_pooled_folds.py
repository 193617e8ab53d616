import pytest

from builders.predictions import predictions
from builders.runs import write_model_run
from mammo_core.assessment.pooled_folds import pooled_auc
from mammo_core.errors import DataError, ModelError
from mammo_core.evaluation.report import auc_estimate
from mammo_core.evaluation.units import to_unit

TABLE = predictions(signal=0.1)
FIRST = TABLE["patient_id"].astype(int) < 60


def test_pooled_auc_is_that_of_all_test_parts_together(workspace):
    write_model_run(workspace, "fold1", TABLE[FIRST])
    write_model_run(workspace, "fold2", TABLE[~FIRST])
    auc = pooled_auc(workspace, ["fold1", "fold2"])
    assert auc == auc_estimate(to_unit(TABLE, "breast"))
    assert 0.5 < auc.low < auc.value < auc.high < 1
    write_model_run(workspace, "other", TABLE[~FIRST].assign(probability=0.5))
    assert pooled_auc(workspace, ["fold1", "other"]).value < auc.value


def test_pooled_auc_of_runs_that_share_images_raises(workspace):
    for name in ("fold1", "fold2"):
        write_model_run(workspace, name, TABLE[FIRST])
    with pytest.raises(DataError, match="tested on the same image"):
        pooled_auc(workspace, ["fold1", "fold2"])


def test_pooled_auc_of_a_changed_model_raises(workspace):
    write_model_run(workspace, "fold1", TABLE[FIRST])
    (write_model_run(workspace, "fold2", TABLE[~FIRST]).path / "model.keras").write_bytes(b"other")
    with pytest.raises(ModelError, match="fold2"):
        pooled_auc(workspace, ["fold1", "fold2"])
