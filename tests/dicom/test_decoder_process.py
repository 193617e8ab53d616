import os
import sys

import psutil
import pytest

from builders import probes
from builders.waiting import wait_until
from mammo_core.dicom import decoder_process, sandbox_worker
from mammo_core.dicom.decoder_process import DecoderProcess
from mammo_core.errors import ImageError, JobError


@pytest.fixture
def process():
    started = DecoderProcess()
    yield started
    started.close()


def test_process_that_cannot_be_started_raises_job_error(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(JobError, match="can't be started"):
        DecoderProcess()


def test_process_that_ends_while_starting_raises_job_error(monkeypatch, capfd):
    monkeypatch.setattr(decoder_process, "pickle", _Nonsense)
    with pytest.raises(JobError, match="can't be started"):
        DecoderProcess()
    assert "UnpicklingError" in capfd.readouterr().err


class _Nonsense:
    Pickler = decoder_process.pickle.Pickler
    dumps = staticmethod(lambda value: b"nonsense")


def test_call_with_more_files_than_fit_in_a_message_reads_them_all(process, tmp_path):
    paths = [tmp_path / f"{number}" for number in range(2 * sandbox_worker.DESCRIPTORS + 1)]
    for path in paths:
        path.write_text(path.name)
    assert process.call(probes.read_all, [paths], 10) == [path.name for path in paths]
    descriptors = os.listdir("/proc/self/fd") if sys.platform == "linux" else []
    assert len(descriptors) < sandbox_worker.DESCRIPTORS


def test_process_ends_with_its_owner(process):
    worker = psutil.Process(process._process.pid)
    process._calls.close()
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_process_that_has_used_up_its_cpu_time_is_ended_after_a_call(process):
    assert process.call(abs, [-1], 10) == 1
    assert process.is_alive
    assert process.call(probes.retire, [], 10) is None
    assert not process.is_alive


def test_process_that_announces_too_much_is_ended(process):
    with pytest.raises(ImageError, match="crashed"):
        process.call(probes.announce, [2**62], 5)
