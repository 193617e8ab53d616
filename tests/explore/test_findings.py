import pandas as pd

from builders.doctor import pair, report
from mammo_core.documents.doctor_report import Leak
from mammo_core.documents.leave_out import MAX_REASON
from mammo_core.explore.findings import (
    PAGE,
    Finding,
    common_reason,
    count_pages,
    describe_leak,
    list_findings,
    page_of_findings,
    select_findings,
    suggested_reasons,
    with_reason,
)

IMAGES = pd.DataFrame(
    {"patient_id": ["e", "e", "e", "a"], "laterality": ["L", "L", "R", "L"], "image_id": ["51", "52", "53", "1"]}
)


def finding(*images, kind="Unusual images", confidence=0.9, reason="Blank.", suggested=None):
    return Finding(kind, reason, confidence, images, images if suggested is None else suggested)


def test_list_findings_names_kind_and_images():
    findings = list_findings(report(), IMAGES)
    assert [(each.kind, each.images, each.suggested) for each in findings] == [
        ("Duplicates", ("1", "2"), ("2",)),
        ("Contradictions", ("3",), ("3",)),
        ("Misfiled images", ("6", "7"), ("6",)),
        ("Unusual images", ("4",), ("4",)),
        ("Suspect labels", ("51", "52"), ("51", "52")),
    ]
    assert (findings[2].nearer, findings[3].nearer) == ("8", None)
    assert findings[4].reason == (
        "This breast is labelled positive, and by the images of other patients cancer has a probability of 0.02."
    )


def test_copy_in_another_store_suggests_no_image():
    copied = report().model_copy(update={"duplicates": (pair(relation="other store", store="elsewhere"),)})
    first = list_findings(copied, IMAGES)[0]
    assert (first.images, first.suggested, first.store, first.copy) == (("1",), (), "elsewhere", "2")
    assert suggested_reasons([first], ()) == {}


def test_breast_that_the_table_does_not_name_has_no_images():
    assert list_findings(report(), IMAGES[IMAGES["patient_id"] == "a"])[4].images == ()


def test_images_without_a_side_are_no_breast():
    sideless = IMAGES.assign(laterality=None)
    assert list_findings(report(), sideless)[4].images == ()


def test_select_findings_by_kind_confidence_and_what_is_left_out():
    both = Finding("Duplicates", "Twice.", 0.9, ("1", "2"), ("2",))
    unsure = Finding("Duplicates", "Twice.", 0.4, ("3", "4"), ("4",))
    of_breast = finding("5", "6", kind="Suspect labels")
    findings = [both, unsure, of_breast]
    assert select_findings(findings, "Duplicates", 0.0) == [both, unsure]
    assert select_findings(findings, "Duplicates", 0.5) == [both]
    assert select_findings(findings, "Duplicates", 0.0, {"1"}) == [unsure]  # one of both is enough
    assert select_findings(findings, "Suspect labels", 0.0, {"5"}) == [of_breast]
    assert select_findings(findings, "Suspect labels", 0.0, {"5", "6"}) == []


def test_misfiled_image_is_settled_by_either_of_two_and_suggested_only_if_it_is_known_which():
    misfiled = report().misfiled[0]
    of_two = report().model_copy(update={"misfiled": (misfiled.model_copy(update={"either": True}),)})
    unclear = list_findings(of_two, IMAGES)[2]
    assert suggested_reasons([unclear], ()) == {}
    assert suggested_reasons([list_findings(report(), IMAGES)[2]], ()) == {"6": "Another patient's."}
    assert select_findings([unclear], "Misfiled images", 0.0, {"7"}) == []
    assert select_findings([unclear], "Misfiled images", 0.0, {"8"}) == [unclear]


def test_findings_without_images_are_never_hidden():
    lost = finding(kind="Suspect labels")
    assert select_findings([lost], "Suspect labels", 0.0, {"5"}) == [lost]
    assert suggested_reasons([lost], set()) == {}


def test_pages_hold_all_findings_once():
    findings = [finding(str(number)) for number in range(PAGE + 1)]
    assert count_pages([]) == 1
    assert count_pages(findings[:PAGE]) == 1
    assert count_pages(findings) == 2
    assert page_of_findings(findings, 1) + page_of_findings(findings, 2) == findings


def test_of_three_copies_the_first_is_never_suggested():
    copies = tuple(pair(first, second) for first, second in (("1", "2"), ("1", "3"), ("2", "3")))
    findings = list_findings(report().model_copy(update={"duplicates": copies}), IMAGES)[:3]
    assert set(suggested_reasons(findings, ())) == {"2", "3"}


def test_suggested_reasons_pass_over_what_is_settled_and_keep_the_first_reason():
    findings = [finding("1"), finding("1", reason="Cut off."), finding("2", reason="x" * 999), finding("3")]
    assert suggested_reasons(findings, {"3"}) == {"1": "Blank.", "2": "x" * MAX_REASON}


def test_reason_is_prefilled_where_all_share_it_and_may_be_typed():
    assert common_reason({"1": "Blank.", "2": "Blank."}) == "Blank."
    assert common_reason({"1": "Blank.", "2": "Cut off."}) == ""
    assert common_reason({}) == ""
    assert with_reason({"1": "Blank.", "2": "Cut off."}, " ") == {"1": "Blank.", "2": "Cut off."}
    assert with_reason({"1": "Blank.", "2": "Cut off."}, " mine ") == {"1": "mine", "2": "mine"}


def test_describe_leak_with_and_without_interval():
    assert (
        describe_leak(report().leaks[0]) == "The label can be told by the machine: AUC 0.60 (95 % interval 0.55–0.65)."
    )
    assert describe_leak(Leak(what="the site", auc=0.7)) == "The label can be told by the site: AUC 0.70."
