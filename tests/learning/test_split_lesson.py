from dataclasses import replace

import pytest

from mammo_core.documents.metrics import METRICS, EpochRecord, read_metrics
from mammo_core.documents.split_lesson import BY_IMAGE, BY_PATIENT, SplitLesson
from mammo_core.jobs.lesson import lesson_config
from mammo_core.learning import split_lesson
from mammo_core.learning.callbacks.training_state import STATE
from mammo_core.learning.export_model import CHECKPOINT
from mammo_core.learning.plan import resolve
from mammo_core.learning.split_lesson import OWN_TEST, UNSEEN, lesson_plans, teach


@pytest.fixture
def plan(prepared):
    """The plan of a lesson with two epochs."""
    return resolve(prepared, lesson_config("demo").model_copy(update={"epochs": 2}))


def patients(split, part):
    return set(split.loc[split["part"] == part, "patient_id"])


def test_lesson_plans_differ_in_training_and_own_test_images_only(plan):
    by_image, by_patient = (lesson_plans(plan)[name].split for name in (BY_IMAGE, BY_PATIENT))
    assert by_image["part"].value_counts().to_dict() == by_patient["part"].value_counts().to_dict()
    assert patients(by_image, UNSEEN) == patients(by_patient, UNSEEN)
    assert not patients(by_image, UNSEEN) & (patients(by_image, "train") | patients(by_image, OWN_TEST))
    assert not patients(by_patient, "train") & patients(by_patient, OWN_TEST)
    assert patients(by_image, "train") & patients(by_image, OWN_TEST)
    again = lesson_plans(plan)[BY_IMAGE].split
    assert again.equals(by_image)


@pytest.mark.slow
def test_teach_compares_both_networks_on_the_same_unseen_patients(plan, tmp_path):
    reported = []
    lesson = teach(plan, tmp_path, reported.append)
    split = plan.split
    unseen = split[split["part"] == UNSEEN]
    for outcome in (lesson.by_image, lesson.by_patient):
        assert (outcome.unseen.images, outcome.unseen.positive) == (len(unseen), unseen["label"].sum())
        assert outcome.unseen.always_negative == pytest.approx(1 - unseen["label"].mean())
        assert outcome.own.images == (split["part"] == OWN_TEST).sum()
    assert lesson.by_image.shared_patients > 0 == lesson.by_patient.shared_patients
    assert SplitLesson.read(tmp_path / SplitLesson.file_name) == lesson
    steps = [progress for progress in reported if progress.phase is None]
    assert [progress.done for progress in steps] == sorted(progress.done for progress in steps)
    assert steps[-1].done == steps[-1].total
    for name in (BY_IMAGE, BY_PATIENT):
        epochs = [record.epoch for record in read_metrics(tmp_path / name) if isinstance(record, EpochRecord)]
        assert epochs == [1, 2]
        assert not (tmp_path / name / CHECKPOINT).exists()
        assert not (tmp_path / name / STATE).exists()


@pytest.mark.slow
def test_teach_stopped_goes_on_after_its_last_epoch(plan, tmp_path):
    metrics = tmp_path / BY_IMAGE / METRICS

    def one_epoch_done():
        return metrics.exists() and '"epoch"' in metrics.read_text() and len(epochs()) >= 1

    def epochs():
        return [record for record in read_metrics(tmp_path / BY_IMAGE) if isinstance(record, EpochRecord)]

    assert teach(plan, tmp_path, should_stop=one_epoch_done) is None
    before = epochs()
    assert len(before) == 1
    assert not (tmp_path / SplitLesson.file_name).exists()
    assert teach(plan, tmp_path) is not None
    assert epochs()[0] == before[0]


@pytest.mark.slow
def test_teach_on_other_images_begins_anew(plan, tmp_path):
    teach(plan, tmp_path, should_stop=lambda: True)
    (tmp_path / BY_IMAGE / METRICS).write_text("of earlier images\n")
    (tmp_path / BY_IMAGE / STATE).write_bytes(b"a state")
    other = lesson_config("demo").model_copy(update={"epochs": 1})
    split_lesson._open_run(replace(lesson_plans(plan)[BY_IMAGE], config=other), tmp_path / BY_IMAGE)
    assert not (tmp_path / BY_IMAGE / STATE).exists()
    assert len(read_metrics(tmp_path / BY_IMAGE)) == 1
