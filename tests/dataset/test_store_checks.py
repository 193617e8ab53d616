import os

import pytest

from builders.doctor import report
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.dataset.store_checks import comparable_stores, describe_quality, estimate_check, read_check
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.errors import DataError


@pytest.fixture
def store(prepared):
    return open_store(prepared, "demo")


def keep(store, made, *, findings):
    """Write a report as a check that ended at a time, in seconds since 1970, left it."""
    path = store.folder / DoctorReport.file_name
    findings.write(path)
    os.utime(path, (made, made))


def imported_at(store, time):
    os.utime(store.folder / MANIFEST, (time, time))


def test_read_check_of_a_store_that_was_not_checked_is_none(store):
    assert read_check(store) is None
    assert describe_quality(store) == "Not checked yet · no image left out"


def test_read_check_counts_findings_and_says_when(store):
    imported_at(store, 1_000_000)
    keep(store, 1_000_060, findings=report())
    check = read_check(store)
    assert check.report == report()
    assert not check.outdated
    assert check.when == "Checked 1970-01-12 13:47 UTC"
    assert check.findings == 6  # one of each kind, without what could not be checked
    assert check.describe() == "Checked 1970-01-12 13:47 UTC: 6 findings"


def test_check_before_the_last_import_says_so(store):
    imported_at(store, 1_000_060)
    keep(store, 1_000_000, findings=DoctorReport(store="demo", checked=3, patients=1))
    leave_out(store.data_root, store.source(), {"7": "blank"})
    assert (
        describe_quality(store)
        == "Checked 1970-01-12 13:46 UTC, before the last import: no findings · 1 image left out"
    )


def test_damaged_report_is_one_sentence(store):
    (store.folder / DoctorReport.file_name).write_text('{"store": 3}')
    with pytest.raises(DataError, match=r"doctor\.json .* not a file that this version wrote"):
        read_check(store)


def test_comparable_stores_are_of_other_data_sets_and_prepared_alike(prepared, store):
    elsewhere = store.source().model_copy(update={"csv": "elsewhere/train.csv"})
    for name, size, source in (
        ("same", 64, elsewhere),
        ("other-size", 128, elsewhere),
        ("same-data", 64, store.source()),
    ):
        folder = prepared.prepared / name
        folder.mkdir()
        store.preprocessing.model_copy(update={"size": size}).write(folder / store.preprocessing.file_name)
        source.write(folder / StoreSource.file_name)
    assert comparable_stores(prepared, store) == ["same"]


@pytest.mark.parametrize(
    ("images", "text"),
    [(0, "about a minute"), (3_960, "about a minute"), (7_500, "1 to 2 minutes"), (54_706, "8 to 14 minutes")],
)
def test_estimate_of_a_check(images, text):
    assert estimate_check(images) == text
