"""Codes, abbreviations and words for the views of mammography.

The same is here for what modifies a view.

Codes are those of PS3.16 CID 4014 (View for Mammography) and CID 4015 (View Modifier for Mammography), abbreviations those
of the ACR's Mammography Quality Control Manual, which CID 4014 and 4015 quote.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SNOMED_CT, SNOMED_RT = ("SCT",), ("SRT", "SNM3", "99SDM")  # Coding Scheme Designator (0008,0102); PS3.16 8.1


@dataclass(frozen=True)
class Concept:
    """A view, or a modifier of views.

    Attributes:
        name: abbreviation of a view ("MLO"); a modifier in words ("axillary tail").
        abbreviations: as they stand in View Position and in names of files; the first is the usual one.
        ct: code in SNOMED CT.
        rt: codes of SNOMED-RT, which old files have; the first is the valid one.
        meaning: Code Meaning (0008,0104).
    """

    name: str
    abbreviations: tuple[str, ...]
    ct: str
    rt: tuple[str, ...]
    meaning: str


VIEWS = (
    Concept("CC", ("CC",), "399162004", ("R-10242",), "cranio-caudal"),
    Concept("MLO", ("MLO",), "399368009", ("R-10226",), "medio-lateral oblique"),
    Concept("ML", ("ML",), "399260004", ("R-10224",), "medial-lateral"),
    Concept("LM", ("LM",), "399352003", ("R-10228",), "latero-medial"),
    Concept("LMO", ("LMO",), "399099002", ("R-10230",), "latero-medial oblique"),
    Concept("FB", ("FB",), "399196006", ("R-10244",), "caudo-cranial"),
    Concept("SIO", ("SIO",), "399188001", ("R-102D0",), "superolateral to inferomedial oblique"),
    Concept("ISO", ("ISO",), "441555000", ("R-40AAA",), "inferomedial to superolateral oblique"),
    Concept("XCCL", ("XCCL",), "399192008", ("R-1024A", "Y-X1770"), "cranio-caudal exaggerated laterally"),
    Concept("XCCM", ("XCCM",), "399101009", ("R-1024B", "Y-X1771"), "cranio-caudal exaggerated medially"),
    Concept("SPECIMEN", ("SPECIMEN",), "127457009", ("G-8310",), "tissue specimen from breast"),
)
RETIRED_VIEWS = (  # in former editions of CID 4014
    Concept("XCC", ("XCC",), "399265009", ("R-102CF",), "cranio-caudal exaggerated"),
)
MODIFIERS = (
    Concept("axillary tail", ("AT",), "399011000", ("R-102D1",), "Axillary Tail"),
    Concept("cleavage", ("CV",), "399161006", ("R-102D2",), "Cleavage"),
    Concept("rolled laterally", ("RL",), "399197002", ("R-102D3",), "Rolled Lateral"),
    Concept("rolled medially", ("RM",), "399226006", ("R-102D4",), "Rolled Medial"),
    Concept("rolled inferiorly", ("RI",), "414493004", ("R-102CA",), "Rolled Inferior"),
    Concept("rolled superiorly", ("RS",), "415670009", ("R-102C9",), "Rolled Superior"),
    Concept("implant displaced", ("ID",), "399209000", ("R-102D5",), "Implant Displaced"),
    Concept("magnified", ("MAG", "M"), "399163009", ("R-102D6",), "Magnification"),
    Concept("spot compression", ("SPOT", "S"), "399055006", ("R-102D7",), "Spot Compression"),
    Concept("tangential", ("TAN",), "399110001", ("R-102C2",), "tangential"),
    Concept("nipple in profile", ("NP",), "442581004", ("R-40AB3",), "Nipple in profile"),
    Concept("anterior compression", ("AC",), "441752004", ("P2-00161",), "Anterior compression"),
    Concept("inframammary fold", ("IMF",), "442593008", ("R-40ABE",), "Infra-mammary fold"),
    Concept("axillary tissue", ("AX",), "442580003", ("R-40AB2",), "Axillary tissue"),
)
VIEW_NAMES = frozenset(view.name for view in (*VIEWS, *RETIRED_VIEWS))


def _by_code(concepts: Iterable[Concept]) -> dict[tuple[str, str], Concept]:
    codes = {(scheme, one.ct): one for one in concepts for scheme in SNOMED_CT}
    return codes | {(scheme, code): one for one in concepts for code in one.rt for scheme in SNOMED_RT}


VIEW_CODES = _by_code((*VIEWS, *RETIRED_VIEWS))  # (scheme, code) → view
MODIFIER_CODES = _by_code(MODIFIERS)  # (scheme, code) → modifier
_VIEW_WORDS = {word: view.name for view in (*VIEWS, *RETIRED_VIEWS) for word in view.abbreviations}
_VIEW_WORDS |= {  # Code Meanings without hyphens and spaces, which also stand in other elements
    re.sub("[^A-Z]", "", view.meaning.upper()): view.name for view in VIEWS
} | {"MEDIOLATERAL": "ML", "CRANIALCAUDAL": "CC", "CAUDOCRANIALFROMBELOW": "FB"}
_MODIFIER_WORDS = {word: modifier.name for modifier in MODIFIERS for word in modifier.abbreviations}
_AMBIGUOUS = {"M", "S", "RL", "RM"}  # abbreviations of modifiers that alone can mean something else: a side with L or M
_AMBIGUOUS_VIEWS = {"FB", "SIO", "ISO", "SPECIMEN"}  # words that other texts hold too
_SIDES = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R", "LT": "L", "RT": "R"}


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_CODED = re.compile(  # RMLO, L-CC, CCID, LEFT_MLO_MAG; letters between others that aren't letters
    rf"(?P<side>LEFT|RIGHT|[LR])?[ _.-]*(?P<view>{_alternatives(_VIEW_WORDS)})"
    rf"[ _.-]*(?P<modifier>{_alternatives(_MODIFIER_WORDS)})?"
)
_CBIS = re.compile(r"(?:MASS|CALC)-(?:TRAINING|TEST)_(?P<patient>P_\d+)_(?P<side>LEFT|RIGHT)_(?P<view>CC|MLO)(?:_\d+)?")


@dataclass(frozen=True)
class ViewWords:
    """Side, view and modifiers that a text states.

    Attributes:
        laterality: "L", "R" or None.
        view: such as "CC", or None.
        modifiers: such as "magnified".
        patient: identifier of a patient that is part of a data set's names, or None.
    """

    laterality: str | None = None
    view: str | None = None
    modifiers: tuple[str, ...] = ()
    patient: str | None = None


def read_words(text: str) -> ViewWords:
    """Read side, view and modifier from an element that holds nothing else.

    Such are View Position (0018,5101), and Patient Orientation (0020,0020) as some data sets fill it.

    Args:
        text: such as "CC", "LCC", "R-MLO", "CCID", "cranio-caudal", "SPOT".

    Returns:
        Nothing where the text isn't such a statement, or can be read in two ways.
    """
    text = text.strip().upper()
    letters = re.sub("[^A-Z]", "", text)
    if letters in _VIEW_WORDS and not re.search("[0-9]", text):
        return ViewWords(view=_VIEW_WORDS[letters])
    if text in _MODIFIER_WORDS and text not in _AMBIGUOUS:
        return ViewWords(modifiers=(_MODIFIER_WORDS[text],))
    match = _CODED.fullmatch(text)
    if not match:
        return ViewWords()
    modifier = match["modifier"]
    return ViewWords(
        laterality=match["side"] and match["side"][0],
        view=_VIEW_WORDS[match["view"]],
        modifiers=(_MODIFIER_WORDS[modifier],) if modifier else (),
    )


def find_words(text: str) -> ViewWords:
    """Find side, view and modifiers in a text that may hold other words.

    Such are Acquisition Device Processing Description (0018,1400), and names of files.

    Args:
        text: such as "ROUTINE L CC" or "Mass-Training_P_00001_LEFT_CC_1".

    Returns:
        Nothing of a kind that the text states twice with different values.
    """
    text = text.strip().upper()
    if match := _CBIS.fullmatch(text):
        return ViewWords(match["side"][0], match["view"], patient=match["patient"])
    words = [word for word in re.split(r"[^A-Z0-9]+", text) if word]
    stated = [read_words(word) for word in words if word not in _SIDES]
    stated = [one for one in stated if one.view not in (None, *_AMBIGUOUS_VIEWS)]
    views = {one.view for one in stated}
    sides = {one.laterality for one in stated if one.laterality} | {_SIDES[word] for word in words if word in _SIDES}
    modifiers = tuple(dict.fromkeys([*(name for one in stated for name in one.modifiers), *_find_modifiers(words)]))
    if len(views) != 1:
        return ViewWords(modifiers=modifiers)
    return ViewWords(sides.pop() if len(sides) == 1 else None, views.pop(), modifiers)


def _find_modifiers(words: list[str]) -> list[str]:
    """Return the modifiers that words name.

    They are named in full, or by an abbreviation that is no other word.
    """
    text = f" {' '.join(words)} "
    meanings = {f" {re.sub('[^A-Z]', ' ', one.meaning.upper())} ": one.name for one in MODIFIERS}
    named = [name for meaning, name in meanings.items() if meaning in text]
    return named + [_MODIFIER_WORDS[word] for word in ("MAG", "SPOT", "TAN") if word in words]
