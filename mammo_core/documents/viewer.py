"""What the viewer of mammograms receives: hung exams, and described pixels."""

from typing import Literal

from mammo_core.documents.base import Document

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID", "TABLE"]


class DisplayPreset(Document):
    """A window or a table that a reader can choose.

    Attributes:
        name: such as "Window 1", "VOI LUT 1", "All values" or "Breast".
        function: VOI LUT Function (0028,1056), or "TABLE".
        centre: of the window, in modality values before MONOCHROME1 is inverted; of a table, the middle of its values.
        width: likewise.
        first: the value that a table maps to its first entry.
        bits: of a table's entry.
        entries: of a table, uint16 little-endian in Base64; empty for a window.
    """

    name: str
    function: Function
    centre: float
    width: float
    first: int = 0
    bits: int = 0
    entries: str = ""


class ViewDescription(Document):
    """The description of a view's pixels, which are sent behind it.

    A code `c` stands for the modality value `lowest + step * c`, bright = dense.

    Attributes:
        rows: of the pixels that are sent.
        columns: likewise.
        source_rows: of the file.
        source_columns: of the file.
        reduction: one pixel covers 2**reduction source pixels in each direction.
        shift: see `Mammogram.shift`.
        complete: whether no more pixels can be had.
        limited: whether the file has more pixels than are shown.
        lowest: value of code 0.
        step: difference of two codes.
        inversion_sum: see `Mammogram.inversion_sum`.
        presets: the first is the file's, or that over the breast's own values where the file's shows nothing.
        pixel_mm: height and width of a source pixel in mm; None where unknown.
        spacing_basis: see `Mammogram.spacing_basis`.
        directions: see `Mammogram.directions`.
        chest_left: whether the chest wall lies at the left edge; None where unknown.
        box: top, left, bottom and right of the breast in source pixels; None where there is none.
        modifiers: see `Mammogram.modifiers`.
        special_kind: what the image is if it doesn't count for its breast.
        tags: technical header values on the allow-list.
        notes: sentences about what was unusual in reading the file.
    """

    rows: int
    columns: int
    source_rows: int
    source_columns: int
    reduction: int
    shift: float
    complete: bool
    limited: bool
    lowest: float
    step: float
    inversion_sum: float | None
    presets: tuple[DisplayPreset, ...]
    pixel_mm: tuple[float, float] | None
    spacing_basis: str
    directions: tuple[str, str] | None
    chest_left: bool | None
    box: tuple[float, float, float, float] | None
    modifiers: tuple[str, ...]
    special_kind: str | None
    tags: dict[str, str]
    notes: tuple[str, ...]


class LesionBox(Document):
    """A lesion to outline.

    Attributes:
        malignant: whether it is malignant; otherwise it is benign.
        top: of the box, in source pixels.
        left: likewise.
        bottom: likewise.
        right: likewise.
    """

    malignant: bool
    top: float
    left: float
    bottom: float
    right: float


class Heatmap(Document):
    """A class activation map over all of a file's frame.

    Attributes:
        rows: of the map.
        columns: of the map.
        levels: 0 to 255 for what a position adds to the probability, uint8 in Base64.
    """

    rows: int
    columns: int
    levels: str


class ViewerCell(Document):
    """One position of a hanging.

    It holds a view, or why there is none to see.

    Attributes:
        name: side and view, such as "R CC"; empty where nothing belongs.
        image_id: the image in its data set's table, by which marks belong to it; empty where there is none.
        label: what identifies the image to the user.
        address: of its pixels on this server, without the resolution; empty if there are none to show.
        problem: why the view can't be shown, or that it is missing; empty otherwise.
        special_kind: what the image is if it doesn't count for its breast, as far as its table tells.
        cancer: whether the data set labels the image as positive, shown on request only; None without a label.
        lesions: to outline; None where none are to be shown.
        probability: that a model predicts, in [0, 1]; None without a prediction.
        no_decision: why nothing can be decided from the probability, as a clause; None otherwise.
        unpredicted: why the model can't read the image, in one sentence; empty otherwise.
        heatmap: of the prediction; None where there is none.
    """

    name: str = ""
    image_id: str = ""
    label: str = ""
    address: str = ""
    problem: str = ""
    special_kind: str | None = None
    cancer: bool | None = None
    lesions: tuple[LesionBox, ...] | None = None
    probability: float | None = None
    no_decision: str | None = None
    unpredicted: str = ""
    heatmap: Heatmap | None = None


class ViewerExam(Document):
    """An exam as it hangs.

    Attributes:
        title: such as "Prior exam of 2021-03-04"; empty for a patient's only exam.
        description: one line about patient and exam, without the label.
        findings: one line about what is known of each breast, shown with the labels only; empty without any.
        rows: of a cell for the right breast, which hangs at the left, and one for the left breast.
    """

    title: str
    description: str
    findings: str = ""
    rows: tuple[tuple[ViewerCell, ViewerCell], ...]


class ViewerLayout(Document):
    """What the viewer shows.

    Attributes:
        exams: the newest first.
    """

    exams: tuple[ViewerExam, ...]
