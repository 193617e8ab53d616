import pytest

from mammo_core.documents.progress import Progress, duration


def test_progress_text_of_import_has_counts_rate_and_time_left():
    progress = Progress(done=1200, total=2400, quarantined=3, images_per_second=50.0, seconds_left=24.0)
    assert progress.fraction == 0.5
    assert progress.text() == "1,200 of 2,400 images · 3 could not be read · 50.0 images/s · 24 s left"
    assert progress.text(time_left=False) == "1,200 of 2,400 images · 3 could not be read · 50.0 images/s"


def test_progress_text_of_training_has_epoch_and_learning_rate():
    progress = Progress(done=1, total=2, unit="steps", epoch=1, epochs=3, learning_rate=1e-3, seconds_left=60.0)
    assert progress.text() == "1 of 2 steps · epoch 1 of 3 · learning rate 1.0e-03 · 1 min 0 s left"
    assert progress.details == ["epoch 1 of 3", "learning rate 1.0e-03"]


def test_progress_text_of_phase_has_counts_only_until_it_is_done():
    progress = Progress(done=1000, total=2000, phase="Loading images", seconds_left=5.0)
    assert progress.text() == "Loading images · 1,000 of 2,000 images …"
    done = Progress(done=9, total=9, unit="steps", phase="Evaluating the best model", seconds_left=0.0)
    assert done.text() == "Evaluating the best model …"


def test_progress_text_without_time_left_ends_with_counts():
    assert Progress(done=2, total=2, unit="steps", seconds_left=0.0).text() == "2 of 2 steps"


@pytest.mark.parametrize(("done", "total", "fraction"), [(0, 0, 0.0), (1, 4, 0.25), (5, 4, 1.0)])
def test_progress_fraction_is_between_zero_and_one(done, total, fraction):
    assert Progress(done=done, total=total).fraction == fraction


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_duration_has_at_most_two_units(seconds, words):
    assert duration(seconds) == words


def test_progress_file_of_earlier_version_is_read(tmp_path):
    path = tmp_path / "progress.json"
    path.write_text('{"total": 9, "done": 3, "prepared": 2, "skipped": 1, "quarantined": 0, "seconds_left": null}')
    assert Progress.read(path) == Progress(done=3, total=9, prepared=2, skipped=1)
