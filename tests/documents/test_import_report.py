import pytest

from mammo_core.documents.import_report import ImportReport


def report(**counts: int | bool) -> ImportReport:
    return ImportReport(
        **{"store": "demo", "total": 9, "prepared": 0, "skipped": 0, "quarantined": 0, "seconds": 1.0} | counts
    )


@pytest.mark.parametrize(
    ("counts", "retried", "sentence"),
    [
        ({"prepared": 9}, False, "9 images imported."),
        ({"prepared": 4, "skipped": 2, "quarantined": 3}, False, "6 of 9 images imported, 3 could not be read."),
        ({"skipped": 6, "quarantined": 3}, True, "6 of 9 images imported, 3 could not be read (none recovered)."),
        (
            {"prepared": 1, "skipped": 6, "quarantined": 2},
            True,
            "7 of 9 images imported, 2 could not be read (1 recovered).",
        ),
        ({"prepared": 8, "left_out": 1}, False, "8 of 9 images imported, 1 left out of training and evaluation."),
        ({"prepared": 2, "stopped": True}, True, "2 of 9 images imported. Resume to import the others."),
    ],
)
def test_describe_counts_what_there_is_now(counts, retried, sentence):
    assert report(**counts).describe(retried=retried) == sentence
