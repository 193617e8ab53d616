"""List, select and page what a check of a store reports."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from mammo_core.documents.doctor_report import (
    DoctorReport,
    DuplicatePair,
    ImageFinding,
    Leak,
    MisfiledImage,
    SuspectLabel,
)
from mammo_core.documents.leave_out import MAX_REASON

Kind = Literal["Duplicates", "Contradictions", "Misfiled images", "Unusual images", "Suspect labels"]
KINDS: tuple[Kind, ...] = ("Duplicates", "Contradictions", "Misfiled images", "Unusual images", "Suspect labels")
ONE_OF_TWO: tuple[Kind, ...] = ("Duplicates", "Misfiled images")  # settled once one of the images is left out
LEAKS, SKIPPED = "Leaks", "Not checked"
PAGE = 10  # findings
CONFIDENCES = (0.0, 0.5, 0.8, 0.95)  # to choose from


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or probably wrong, with one or more images.

    Attributes:
        kind: of finding.
        reason: in words.
        confidence: in [0, 1].
        images: image_ids in the data set.
        suggested: those of them that are enough to leave out; none for a copy in another store.
        store: name of the other store that holds the copy; None where there is none.
        copy: image_id of the copy there.
        nearer: image_id of another patient's image, to compare with; None where there is none.
    """

    kind: Kind
    reason: str
    confidence: float
    images: tuple[str, ...]
    suggested: tuple[str, ...]
    store: str | None = None
    copy: str | None = None
    nearer: str | None = None

    def is_settled(self, left_out: Collection[str]) -> bool:
        """Return whether enough of the images are left out."""
        if self.kind in ONE_OF_TWO:
            return any(image in left_out for image in self.images)
        return all(image in left_out for image in self.images)


def list_findings(report: DoctorReport, images: pd.DataFrame) -> list[Finding]:
    """Return all findings that name images, by kind.

    Args:
        report: on a store of the data set.
        images: rows of the data set's catalogue, from which the images of a breast are taken.
    """
    return [
        *(_of_pair(pair) for pair in report.duplicates),
        *(_of_image("Contradictions", finding) for finding in report.contradictions),
        *(_of_misfiled(image) for image in report.misfiled),
        *(_of_image("Unusual images", finding) for finding in report.outliers),
        *_of_breasts(report.suspect_labels, images),
    ]


def _of_pair(pair: DuplicatePair) -> Finding:
    if pair.store is not None:
        # Which of the two data sets should lose it is for the user to say.
        own = (pair.image_a,)
        return Finding("Duplicates", pair.reason, pair.confidence, own, (), store=pair.store, copy=pair.image_b)
    both = (pair.image_a, pair.image_b)
    # The second one comes later in the store: the first of several copies is then never among those suggested.
    return Finding("Duplicates", pair.reason, pair.confidence, both, (pair.image_b,))


def _of_misfiled(image: MisfiledImage) -> Finding:
    both, suggested = (image.image_id, image.compared), () if image.either else (image.image_id,)
    return Finding("Misfiled images", image.reason, image.confidence, both, suggested, nearer=image.nearer)


def _of_image(kind: Kind, finding: ImageFinding) -> Finding:
    own = (finding.image_id,)
    return Finding(kind, finding.reason, finding.confidence, own, own)


def _of_breasts(breasts: Iterable[SuspectLabel], images: pd.DataFrame) -> list[Finding]:
    listed = images["image_id"].astype("str").groupby([images["patient_id"].astype("str"), images["laterality"]])
    known = listed.agg(tuple).to_dict()
    findings = []
    for breast in breasts:
        own = known.get((breast.patient_id, breast.laterality), ())
        label = "positive" if breast.label else "negative"
        reason = (
            f"This breast is labelled {label}, and by the images of other patients cancer has a probability of "
            f"{breast.probability:.2f}."
        )
        findings.append(Finding("Suspect labels", reason, breast.confidence, own, own))
    return findings


def select_findings(
    findings: Iterable[Finding], kind: str, confidence: float, hidden: Collection[str] = ()
) -> list[Finding]:
    """Return the findings of a kind.

    Args:
        findings: of all kinds.
        kind: one of `KINDS`.
        confidence: the least.
        hidden: images that are left out; findings that are settled by that are passed over.
    """
    return [
        finding
        for finding in findings
        if finding.kind == kind
        and finding.confidence >= confidence
        and not (hidden and finding.images and finding.is_settled(hidden))
    ]


def count_pages(findings: Collection[Finding]) -> int:
    """Return the number of pages, at least 1."""
    return max(1, -(-len(findings) // PAGE))


def page_of_findings(findings: list[Finding], page: int) -> list[Finding]:
    """Return the findings of a page, counted from 1."""
    return findings[(page - 1) * PAGE : page * PAGE]


def suggested_reasons(findings: Iterable[Finding], left_out: Collection[str]) -> dict[str, str]:
    """Return the images that findings suggest to leave out, with the reason of each.

    Args:
        findings: of which an image takes the first one's reason.
        left_out: images that are left out already.
    """
    reasons: dict[str, str] = {}
    for finding in findings:
        if finding.is_settled(left_out):
            continue
        for image in finding.suggested:
            if image not in left_out:
                reasons.setdefault(image, finding.reason[:MAX_REASON])
    return reasons


def common_reason(reasons: Mapping[str, str]) -> str:
    """Return the reason that all images share; nothing if there are several."""
    different = set(reasons.values())
    return different.pop() if len(different) == 1 else ""


def with_reason(reasons: Mapping[str, str], typed: str) -> dict[str, str]:
    """Return the reason of each image: what was typed, else its finding's."""
    return {image: typed.strip() or reason for image, reason in reasons.items()}


def describe_leak(leak: Leak) -> str:
    """Return a possible leak of the label in one sentence."""
    interval = "" if leak.low is None or leak.high is None else f" (95 % interval {leak.low:.2f}–{leak.high:.2f})"
    return f"The label can be told by {leak.what}: AUC {leak.auc:.2f}{interval}."
