import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from mammo_core.dicom.views import (
    MODIFIER_CODES,
    MODIFIERS,
    RETIRED_VIEWS,
    VIEW_CODES,
    VIEWS,
    ViewWords,
    find_words,
    read_words,
)


def context_group(number: int) -> dict[str, str]:
    """Return Code Meaning by SNOMED CT code of a context group, from pydicom's dictionary."""
    return {
        code: meaning
        for scheme, names in cid_concepts[number].items()
        for name in names
        for code, (meaning, groups) in concepts[scheme][name].items()
        if number in groups
    }


@pytest.mark.parametrize(("number", "table"), [(4014, VIEWS), (4015, MODIFIERS)])
def test_tables_equal_the_context_groups_in_pydicoms_dictionary(number, table):
    assert {concept.ct: concept.meaning for concept in table} == context_group(number)


@pytest.mark.parametrize("concept", [*VIEWS, *RETIRED_VIEWS, *MODIFIERS], ids=lambda concept: concept.name)
def test_snomed_rt_code_maps_to_the_snomed_ct_code_in_pydicoms_dictionary(concept):
    assert Code(concept.rt[0], "SRT", "") == Code(concept.ct, "SCT", "")


def test_view_abbreviations_stand_for_the_named_concepts():
    group = codes.cid4014
    named = {
        "CC": group.CranioCaudal,
        "MLO": group.MedioLateralObliqueProjection,
        "ML": group.MedioLateralProjection,
        "LM": group.LateroMedial,
        "LMO": group.LateroMedialOblique,
        "FB": group.CaudoCranial,
        "SIO": group.SuperolateralToInferomedialOblique,
        "ISO": group.InferomedialToSuperolateralOblique,
        "XCCL": group.CranioCaudalExaggeratedLaterally,
        "XCCM": group.CranioCaudalExaggeratedMedially,
        "SPECIMEN": group.TissueSpecimenFromBreast,
    }
    assert {view.name: view.ct for view in VIEWS} == {name: code.value for name, code in named.items()}


def test_codes_are_looked_up_by_value_and_scheme():
    assert VIEW_CODES["SRT", "R-1024A"].name == VIEW_CODES["SNM3", "Y-X1770"].name == "XCCL"
    assert VIEW_CODES["SCT", "399101009"].name == VIEW_CODES["SRT", "Y-X1771"].name == "XCCM"
    assert MODIFIER_CODES["SNM3", "R-102D1"].name == "axillary tail"
    assert ("SCT", "R-10242") not in VIEW_CODES
    assert ("99LOCAL", "399162004") not in VIEW_CODES
    assert ("SCT", "399192003") not in VIEW_CODES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CC", ViewWords(None, "CC")),
        ("cc ", ViewWords(None, "CC")),
        ("LCC", ViewWords("L", "CC")),
        ("R-MLO", ViewWords("R", "MLO")),
        ("LEFT_CC", ViewWords("L", "CC")),
        ("LMLO", ViewWords("L", "MLO")),
        ("LMO", ViewWords(None, "LMO")),
        ("LM", ViewWords(None, "LM")),
        ("LML", ViewWords("L", "ML")),
        ("RLM", ViewWords("R", "LM")),
        ("CCID", ViewWords(None, "CC", ("implant displaced",))),
        ("RMLOID", ViewWords("R", "MLO", ("implant displaced",))),
        ("CCM", ViewWords(None, "CC", ("magnified",))),
        ("MLO SPOT", ViewWords(None, "MLO", ("spot compression",))),
        ("cranio-caudal", ViewWords(None, "CC")),
        ("Medio-Lateral Oblique", ViewWords(None, "MLO")),
        ("AT", ViewWords(modifiers=("axillary tail",))),
        ("SPOT", ViewWords(modifiers=("spot compression",))),
        ("RM", ViewWords()),
        ("CCL", ViewWords()),
        ("M1", ViewWords()),
        ("AP", ViewWords()),
        ("SMITH", ViewWords()),
        ("", ViewWords()),
    ],
)
def test_read_words_of_a_view_element(text, words):
    assert read_words(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ROUTINE L CC", ViewWords("L", "CC")),
        ("MLO right, implant displaced", ViewWords("R", "MLO", ("implant displaced",))),
        ("R CC SPOT MAG", ViewWords("R", "CC", ("magnified", "spot compression"))),
        ("Mass-Training_P_00001_LEFT_CC_1", ViewWords("L", "CC", patient="P_00001")),
        ("Calc-Test_P_00038_RIGHT_MLO", ViewWords("R", "MLO", patient="P_00038")),
        ("20586908_6c613a14_MG_R_CC_ANON", ViewWords("R", "CC")),
        ("CC and MLO", ViewWords()),
        ("L R CC", ViewWords(None, "CC")),
        ("ISO 9001", ViewWords()),
        ("accurate", ViewWords()),
    ],
)
def test_find_words_in_a_longer_text(text, words):
    assert find_words(text) == words
