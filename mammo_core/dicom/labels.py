"""Side and view that a header states, in whichever element it states them."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammo_core.dicom.special_images import NOT_COUNTED_MODIFIERS
from mammo_core.dicom.views import MODIFIER_CODES, MODIFIERS, VIEW_CODES, VIEW_NAMES, ViewWords, find_words, read_words

SIDES = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
SIDE_ELEMENTS = {"ImageLaterality": "Image Laterality (0020,0062)", "Laterality": "Laterality (0020,0060)"}
POSITION = "View Position (0018,5101)"
OTHER_ELEMENTS = {  # elements that some vendors and data sets fill with the view
    "AcquisitionDeviceProcessingDescription": "Acquisition Device Processing Description (0018,1400)",
    "PatientOrientation": "Patient Orientation (0020,0020)",
    "PatientID": "the identifier of the patient",
}


@dataclass(frozen=True)
class Labels:
    """What a header states about an image's breast and view.

    Attributes:
        laterality: "L", "R" or None.
        view: abbreviation as in CID 4014, such as "CC"; or that of a modifier where only it is stated ("AT"); or None.
        modifiers: of the view, as in CID 4015, such as "implant displaced".
        patient: identifier of the patient that is part of such statement, or None.
        notes: where values come from that the usual elements don't state, and what contradicts itself.
    """

    laterality: str | None
    view: str | None
    modifiers: tuple[str, ...] = ()
    patient: str | None = None
    notes: tuple[str, ...] = ()


def read_labels(dataset: Dataset) -> Labels:
    """Read side, view and modifiers.

    The side stands in Image Laterality (0020,0062) or Laterality (0020,0060), the view in View Code Sequence (0054,0220) or
    View Position (0018,5101). Where these lack something, the elements of `OTHER_ELEMENTS` are searched. Of statements that
    contradict each other none is taken.
    """
    position = read_words(_text(dataset, "ViewPosition"))
    others = {element: _other_words(dataset, element) for element in OTHER_ELEMENTS}
    codes, modifiers = _coded(dataset)
    sides = {name: SIDES.get(_text(dataset, element).upper()) for element, name in SIDE_ELEMENTS.items()}
    sides[POSITION] = position.laterality
    views = {"View Code Sequence (0054,0220)": codes, POSITION: position.view}
    elsewhere = {OTHER_ELEMENTS[element]: words for element, words in others.items()}
    laterality, side_note = _agreed("side", sides, {name: words.laterality for name, words in elsewhere.items()})
    view, view_note = _agreed("view", views, {name: words.view for name, words in elsewhere.items()})
    for words in (position, *others.values()):
        modifiers += words.modifiers
    modifiers = list(dict.fromkeys(modifiers))
    if view is None and not view_note and len(modifiers) == 1 and modifiers[0] not in NOT_COUNTED_MODIFIERS:
        view, modifiers = _abbreviation(modifiers[0]), []  # a view of its own for those who name it so
    notes = [side_note, view_note]
    if position.view and _text(dataset, "ViewPosition").upper() not in VIEW_NAMES:
        read = " ".join(filter(None, [position.laterality, position.view]))
        notes.append(f"{POSITION} is read as {', '.join([read, *position.modifiers])}.")
    if laterality is None and not side_note and _text(dataset, "ImageLaterality", "Laterality").upper() == "B":
        notes.append("The header says that the image shows both breasts (laterality B); it belongs to neither.")
    return Labels(laterality, view, tuple(modifiers), others["PatientID"].patient, tuple(filter(None, notes)))


def _agreed(what: str, usual: dict[str, str | None], elsewhere: dict[str, str | None]) -> tuple[str | None, str]:
    """Return the value on which elements agree, and a note about it.

    The value is None where they state nothing, or disagree.

    Args:
        what: "side" or "view".
        usual: the value by the name of the element.
        elsewhere: of elements that are asked only where the usual ones state nothing.
    """
    stated = {name: value for name, value in usual.items() if value}
    stated = stated or {name: value for name, value in elsewhere.items() if value}
    values = set(stated.values())
    if values & {"XCCL", "XCCM"}:
        values.discard("XCC")  # retired, and less exact
    if len(values) > 1:
        statements = " and ".join(f"{value} in {name}" for name, value in stated.items())
        return None, f"The header contradicts itself about the {what} ({statements}), so it is left open."
    value = next(iter(values), None)
    if value is None or stated.keys() & usual.keys():
        return value, ""
    return value, f"The {what} {value} comes from {next(iter(stated))}."


def _coded(dataset: Dataset) -> tuple[str | None, list[str]]:
    """Return the view and the modifiers that known codes state."""
    items = list(dataset.get("ViewCodeSequence") or [])
    modifiers = [one for item in (dataset, *items) for one in item.get("ViewModifierCodeSequence") or []]
    views = (VIEW_CODES[code].name for code in _codes(items) if code in VIEW_CODES)
    names = [MODIFIER_CODES[code].name for code in _codes([*items, *modifiers]) if code in MODIFIER_CODES]
    return next(views, None), names


def _codes(items: list[Dataset]) -> Iterator[tuple[str, str]]:
    """Yield the scheme and value of codes."""
    for item in items:
        yield _text(item, "CodingSchemeDesignator").upper(), _text(item, "CodeValue").upper()


def _other_words(dataset: Dataset, element: str) -> ViewWords:
    value = dataset.get(element)
    if element == "PatientOrientation":  # its proper values are two directions
        return ViewWords() if isinstance(value, MultiValue) and len(value) > 1 else read_words(_text(dataset, element))
    words = find_words(_text(dataset, element))
    return words if element != "PatientID" or words.patient else ViewWords()


def _abbreviation(name: str) -> str:
    return next(modifier.abbreviations[0] for modifier in MODIFIERS if modifier.name == name)


def _text(dataset: Dataset, *names: str) -> str:
    """Return the first value that isn't empty of the named elements."""
    values = (dataset.get(name) for name in names)
    texts = (str(value[0] if isinstance(value, MultiValue) and value else value or "").strip() for value in values)
    return next((text for text in texts if text), "")
