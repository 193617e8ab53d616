import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from mammo_core.documents.progress import Progress, never_stop
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.verification import describe_verification
from mammo_core.errors import ModelError
from mammo_core.learning import export_model as export_module
from mammo_core.learning.cancellation import StopSignal
from mammo_core.learning.export_model import export_model
from mammo_core.learning.plan import resolve
from mammo_core.learning.trained_run import TrainedRun
from mammo_core.learning.trainer import train
from mammo_core.learning.training_data import TrainingData
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import list_models

EVALUATING = Progress(done=1, total=1, phase="Evaluating the best model")
OTHER_PREDICTIONS = """
import json, sys
sys.stdin.readline()
json.dump({"verified": False, "largest_difference": 0.001, "images": 9}, open(sys.argv[1] + "/verification.json", "w"))
"""


def test_export_stop_during_evaluation_evaluates_on_a_sample(finished, verify_in_process, monkeypatch):
    monkeypatch.setattr(export_module, "STOPPED_RUN_IMAGES", 4)
    reports = []
    run = finished.models / "short"
    plan = resolve(finished, TrainingConfig(store="demo", epochs=1, network="original", batch_size=32))
    result = train(plan, run, reports.append, lambda: reports[-1:] == [EVALUATING])
    assert (result.status, result.epochs, result.verified) == ("stopped", 1, True)
    bundle = open_bundle(run)
    patients = plan.split.groupby("part")["patient_id"].nunique()
    sampled = bundle.predictions().groupby("part")["patient_id"].nunique()
    assert sampled["test"] < patients["test"]
    sentence = f"{sampled['test']} of {patients['test']} (test)"
    assert sentence in result.message
    assert sentence in bundle.card.limits[-1]
    assert bundle.evaluation().patients == sampled["test"]
    assert bundle.card.data.parts["test"].patients == patients["test"]
    phases = list(dict.fromkeys(report.phase for report in reports if report.phase))
    assert phases == [
        "Building the network",
        "Compiling the first step",
        EVALUATING.phase,
        "Verifying the saved model in a fresh process",
    ]


def test_export_failed_verification_raises_model_error_and_writes_no_model(finished, monkeypatch):
    @contextmanager
    def other_process(run, store):
        command = [sys.executable, "-c", OTHER_PREDICTIONS, str(run)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            yield process

    monkeypatch.setattr(export_module, "verification_process", other_process)
    run = finished.models / "trained"
    plan = resolve(finished, TrainingConfig(store="demo", epochs=2))
    images = plan.store.images(plan.split["png"].to_list())
    data = TrainingData(plan.split, images, np.ones(len(images), bool))
    assert describe_verification(run).startswith("Saved model verified")
    with pytest.raises(ModelError, match=r"failed verification: .* 9 validation images differ by up to 0\.001\."):
        export_model(TrainedRun(run, plan, data, 1), StopSignal(never_stop), lambda _: None)
    assert run.name not in list_models(finished)
    assert describe_verification(run).startswith("Saved model not verified")
