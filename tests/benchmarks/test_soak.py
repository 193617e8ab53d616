from collections import Counter

import pytest
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.Element_pb2 import Element

from benchmarks._commands import Outcome
from benchmarks._full_disk import report_refusal
from benchmarks._kills import Kills
from benchmarks._report import Report
from benchmarks._visitor import Visitor
from builders.jobs import FakeJob
from mammo_core.jobs import folder as folder_module
from mammo_core.jobs.folder import JobFolder

SENTENCE = "Error: The disk is full (/data). Make room and try again.\n"


@pytest.mark.parametrize(
    ("outcome", "is_missed"),
    [
        (Outcome(1, SENTENCE), False),
        (Outcome(1, f"a note\n{SENTENCE}"), False),
        (Outcome(0, SENTENCE), True),
        (Outcome(1, SENTENCE * 2), True),
        (Outcome(1, f"Traceback (most recent call last):\n{SENTENCE}"), True),
        (Outcome(1, "Error: Permission denied.\n"), True),
        (Outcome(-9, ""), True),
    ],
)
def test_report_refusal_one_sentence_on_the_full_disk_is_the_target(outcome, is_missed):
    report = Report()
    report_refusal(report, "training", outcome)
    assert report.missed == ["training"] * is_missed


def test_visitor_errors_and_scores_are_those_that_the_page_shows():
    elements = [Element() for _ in range(4)]
    elements[0].alert.body, elements[0].alert.format = "damaged", Alert.ERROR
    elements[1].alert.body, elements[1].alert.format = "a note", Alert.INFO
    elements[2].exception.message = "a defect"
    elements[3].metric.body = "0.94"
    visitor = Visitor("http://127.0.0.1:1")
    visitor.elements = {(number,): element for number, element in enumerate(elements)}
    assert visitor.errors() == ["a defect", "damaged"]
    assert visitor.scores() == 1


def test_kills_state_counts_a_dead_job_that_seems_alive(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks._kills.STARTING_SECONDS", -1)
    monkeypatch.setattr(folder_module, "STARTING_SECONDS", 0)
    kills = object.__new__(Kills)  # without its reference
    kills.counts = Counter()
    job = JobFolder(tmp_path / "run")
    assert kills.state(job.path) == "missing"
    job.write_request(FakeJob(name="run"))
    assert kills.state(job.path) == "crashed"
    assert kills.counts["dead jobs shown as alive"] == 0
    with job.lock():
        job.write_state("running")
        assert kills.state(job.path) == "running"
    assert kills.counts["dead jobs shown as alive"] == 1
