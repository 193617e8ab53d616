"""What a check of a store's images reports, as `mammo doctor --json` prints it.

doctor.json in the store's folder holds the same.
"""

from typing import ClassVar, Literal

from pydantic import Field

from mammo_core.documents.base import Document, FileDocument, PrintedDocument

Relation = Literal["same patient", "other patients", "other store", "training data"]


class DuplicatePair(Document):
    """Two images that show the same exposure.

    Attributes:
        image_a: image_id of the one.
        image_b: image_id of the other, in `store`.
        relation: whether both are of one patient, of two, the other is in another store, or a model has been fitted to it.
        confidence: in [0, 1].
        reason: in words.
        patient_a, patient_b: patient_id of each.
        store: name of the store that holds the other; None if it is the same.
        model: name of the model that has been fitted to the other, or selected by it; None for other relations.
        mirrored: whether one is the mirror image of the other, or states another side.
    """

    image_a: str
    image_b: str
    relation: Relation
    confidence: float = Field(ge=0, le=1)
    reason: str
    patient_a: str
    patient_b: str
    store: str | None = None
    model: str | None = None
    mirrored: bool = False


class ImageFinding(Document):
    """What is wrong, or probably wrong, with one image.

    Attributes:
        image_id: of the image.
        reason: in words.
        confidence: in [0, 1].
        patient_id: of the image.
        check: the check that says so.
    """

    image_id: str
    reason: str
    confidence: float = Field(ge=0, le=1)
    patient_id: str
    check: str


class MisfiledImage(Document):
    """An image that seems to show another patient's breast than its label says.

    Attributes:
        image_id: of the image.
        patient_id: to whom the data set assigns it.
        compared: image_id of another image of that patient, of the same breast if there is one.
        nearer: image_id of the image with which it seems exchanged, or of an image of the patient whom it fits better; None
            where no patient is clearly nearer.
        nearer_patient: patient_id of that one.
        exchanged: whether both images would fit if they were exchanged.
        either: whether the patient has no other images than these two, so that `compared` may be the wrong one.
        confidence: in [0, 1].
        reason: in words.
    """

    image_id: str
    patient_id: str
    compared: str
    nearer: str | None = None
    nearer_patient: str | None = None
    exchanged: bool = False
    either: bool = False
    confidence: float = Field(ge=0, le=1)
    reason: str


class SuspectLabel(Document):
    """A breast whose label the other patients' images speak against.

    Attributes:
        patient_id, laterality: the breast.
        label: as the data set states it.
        probability: of cancer, by a classifier that was fitted to other patients.
        confidence: in [0, 1], that the label is wrong.
    """

    patient_id: str
    laterality: str
    label: int
    probability: float
    confidence: float = Field(ge=0, le=1)


class Leak(Document):
    """Something beside the breast that gives the label away.

    Attributes:
        what: in words.
        auc: of the label, by image, in patients to which it wasn't fitted.
        low, high: 95 % interval over patients; None where there are too few.
    """

    what: str
    auc: float
    low: float | None = None
    high: float | None = None


class ModelOverlap(Document):
    """How much of a store a model has been fitted to, or selected by.

    Attributes:
        model: its name.
        identity: SHA-256 of its network, which stays when it is renamed.
        named: number of images of patients that it knows by name.
        copies: number of other images whose exposure it knows under another name or from another store.
    """

    model: str
    identity: str
    named: int
    copies: int

    def describe(self) -> str:
        """Return the two numbers in one sentence."""
        named = "1 image here is" if self.named == 1 else f"{self.named:,} images here are"
        copies = "1 other image shows" if self.copies == 1 else f"{self.copies:,} other images show"
        return f"{named} of patients whom {self.model} was trained on, and {copies} an exposure that it was trained on."


class SkippedCheck(Document):
    """A check that could not be made, or not on all images.

    Attributes:
        check: its name.
        reason: why, in one sentence.
    """

    check: str
    reason: str


class DoctorReport(PrintedDocument, FileDocument):
    """Everything that was checked in a store.

    Attributes:
        store: its name.
        checked: number of images.
        patients: number of patients.
        duplicates: see `DuplicatePair`; the surest first.
        contradictions: images whose side, view, age or label contradicts the pixels or other images.
        misfiled: images that seem to show another patient's breast; the surest first.
        outliers: images that don't look like the others of the store.
        suspect_labels: breasts, the most suspect first.
        leaks: the strongest first.
        skipped: what could not be checked.
        compared_with: names of the other stores in which duplicates were looked for.
        models: what each model that was named has been fitted to.
        seconds: how long it took.
    """

    file_name: ClassVar = "doctor.json"
    store: str
    checked: int
    patients: int
    duplicates: tuple[DuplicatePair, ...] = ()
    contradictions: tuple[ImageFinding, ...] = ()
    misfiled: tuple[MisfiledImage, ...] = ()
    outliers: tuple[ImageFinding, ...] = ()
    suspect_labels: tuple[SuspectLabel, ...] = ()
    leaks: tuple[Leak, ...] = ()
    skipped: tuple[SkippedCheck, ...] = ()
    compared_with: tuple[str, ...] = ()
    models: tuple[ModelOverlap, ...] = ()
    seconds: float = 0.0

    def describe(self) -> str:
        """Return the number of findings in one sentence."""
        counts = (
            (len(self.duplicates), "pair of the same image", "pairs of the same image"),
            (len(self.contradictions), "contradiction", "contradictions"),
            (len(self.misfiled), "misfiled image", "misfiled images"),
            (len(self.outliers), "unusual image", "unusual images"),
            (len(self.suspect_labels), "suspect label", "suspect labels"),
            (len(self.leaks), "possible leak of the label", "possible leaks of the label"),
        )
        parts = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts]
        return f"{self.checked:,} images of {self.patients:,} patients checked: {', '.join(parts)}."

    def known_patients(self, identity: str) -> frozenset[str]:
        """Return the patients of whom a model knows an exposure under another name.

        Args:
            identity: SHA-256 of the model's network.
        """
        names = {overlap.model for overlap in self.models if overlap.identity == identity}
        return frozenset(pair.patient_a for pair in self.duplicates if pair.model in names)

    def lines(self) -> list[str]:
        """Return each finding in a line, by kind."""
        return [
            *(overlap.describe() for overlap in self.models),
            *(f"{pair.image_a} and {pair.image_b}: {pair.reason}" for pair in self.duplicates),
            *(f"{each.image_id}: {each.reason}" for each in self.contradictions),
            *(f"{each.image_id}: {each.reason}" for each in self.misfiled),
            *(f"{each.image_id}: {each.reason}" for each in self.outliers),
            *(
                f"{breast.patient_id} {breast.laterality}: labelled {breast.label}, and cancer has a probability of "
                f"{breast.probability:.2f} by other patients' images."
                for breast in self.suspect_labels
            ),
            *(f"The label can be told by {leak.what}: AUC {leak.auc:.2f}." for leak in self.leaks),
            *(f"Not checked, {skip.check}: {skip.reason}" for skip in self.skipped),
        ]
