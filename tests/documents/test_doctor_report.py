from builders.doctor import report
from mammo_core.documents.doctor_report import DoctorReport


def test_the_number_of_findings_is_one_sentence():
    assert report().describe() == (
        "12 images of 5 patients checked: 1 pair of the same image, 1 contradiction, 1 misfiled image, 1 unusual image, "
        "1 suspect label, 1 possible leak of the label."
    )
    assert DoctorReport(store="a", checked=1, patients=1).describe().endswith("0 possible leaks of the label.")


def test_each_finding_is_a_line():
    assert report().lines() == [
        "1 and 2: The same exposure is there under two patients.",
        "3: Called MLO.",
        "6: Another patient's.",
        "4: Almost blank.",
        "e L: labelled 1, and cancer has a probability of 0.02 by other patients' images.",
        "The label can be told by the machine: AUC 0.60.",
        "Not checked, side: No image states its side.",
    ]
