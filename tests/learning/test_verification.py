import subprocess
import sys

import pandas as pd
import pytest

from mammo_core.dataset.store import open_store
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.errors import ModelError
from mammo_core.learning import verification as verification_module
from mammo_core.learning.cancellation import Cancelled
from mammo_core.learning.verification import verification_process, verify, verify_saved_model
from mammo_core.models.bundle import PREDICTIONS


def start(code):
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_verify_saved_model_same_predictions_is_verified(finished):
    run = finished.models / "trained"
    verification = verify_saved_model(run, open_store(finished, "demo"))
    assert verification.verified
    assert verification == Verification.read(run / VERIFICATION)


def test_verify_saved_model_different_predictions_is_not_verified(finished):
    run = finished.models / "trained"
    stored = pd.read_parquet(run / PREDICTIONS)
    changed = stored.index == stored.index[stored["part"] == "validation"][0]  # one image of the validation part
    stored.assign(raw_probability=stored["raw_probability"] + 0.25 * changed).to_parquet(run / PREDICTIONS)
    verification = verify_saved_model(run, open_store(finished, "demo"))
    assert not verification.verified
    assert verification.largest_difference == pytest.approx(0.25, abs=1e-5)
    assert not Verification.read(run / VERIFICATION).verified


def test_verify_failed_process_raises_model_error_with_its_last_line(tmp_path):
    with (
        start("import sys; sys.exit('no such weights')") as process,
        pytest.raises(ModelError, match="no such weights"),
    ):
        verify(tmp_path, process)


@pytest.mark.slow
def test_verification_process_quotes_an_error_of_the_core_in_one_sentence(finished):
    run, store = finished.models / "trained", open_store(finished, "demo")
    (run / VERIFICATION).unlink(missing_ok=True)
    (run / VERIFICATION).mkdir()  # where the file system refuses the result, as a full disk does
    with verification_process(run, store) as process, pytest.raises(ModelError) as raised:
        verify(run, process)
    assert str(raised.value).startswith("The saved model can't be loaded again: ")
    assert "mammo_core.errors" not in str(raised.value)


def test_verify_stop_request_raises_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr(verification_module, "POLL_SECONDS", 0.05)
    with start("import time; time.sleep(60)") as process:
        with pytest.raises(Cancelled):
            verify(tmp_path, process, lambda: True)
        process.kill()
