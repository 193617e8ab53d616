"""Find images that seem to show another patient's breast than their label says.

Each image is compared with all others of its patient, of both sides and of all exams, by vectors that the views of a breast
share. Two things speak for a wrong patient: that an image fits another patient better, and that two images, exchanged, would both
fit better. How high such gains are where nothing is wrong is estimated from the store itself; how high they are otherwise, from
images of two patients that are exchanged for the comparison.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.doctor.breast_projection import (
    FOLDS,
    Projected,
    cross_fitted_projections,
    describe_breasts,
    sums_of,
)
from mammo_core.doctor.patient_likelihood import Expectation, expect
from mammo_core.doctor.rare_faults import fault_probability
from mammo_core.doctor.view_classifier import ViewPictures
from mammo_core.documents.column_words import VIEWS
from mammo_core.documents.doctor_report import MisfiledImage, SkippedCheck

PATIENT = "patient"
MIN_BREASTS = 100  # with two or more images: fewer teach nothing about what these share
SUSPECTS = 0.35  # share of the images, those that fit their patient least, that are compared with other patients
SURE = 0.8  # confidence from which an image is reported
LEAST_GAIN = 10.0  # a fit 22,000 times likelier: where all images fit very well, less is unusual, too, and no fault
CLEAR = 4.0  # by how much the log likelihood ratio of the nearest patient exceeds the next one's, from which that one is named
BATCH = 512  # images that are compared with all patients at a time: 25 MB at 12,000 patients


@dataclass(frozen=True)
class ComparedImages:
    """How much better n images fit another patient than their own.

    Values are differences of log likelihood ratios, -inf where an image fits its own patient well or wasn't compared.

    Attributes:
        gain: float32 (n,), of the patient that an image fits best.
        nearest: int (n,), code of that patient, -1 where none is clearly nearer than all others.
        exchange_gain: float32 (n,), of an image and another one, exchanged.
        partner: int (n,), index of that one, -1 where there is none.
        simulated_gains: float32 (m,), gains of images that were exchanged for the comparison.
        simulated_exchange_gains: float32 (m,), likewise.
    """

    gain: np.ndarray
    nearest: np.ndarray
    exchange_gain: np.ndarray
    partner: np.ndarray
    simulated_gains: np.ndarray
    simulated_exchange_gains: np.ndarray


@dataclass(frozen=True)
class _Images:
    """Labels of n images, as numbers.

    Attributes:
        patients: int (n,).
        groups: int (n,): patients who share an exposure are one.
        group_of: int (p,), group of each patient.
        kinds: int (n,), of side and view.
        counts: int (p,), images of each patient.
    """

    patients: np.ndarray
    groups: np.ndarray
    group_of: np.ndarray
    kinds: np.ndarray
    counts: np.ndarray

    @property
    def comparable(self) -> np.ndarray:
        """Whether the patient of each image has another one, bool (n,)."""
        return np.asarray(self.counts[self.patients] > 1)


def misfiled_images(
    manifest: pd.DataFrame, pictures: ViewPictures, groups: np.ndarray, doubted: Collection[str] = ()
) -> tuple[list[MisfiledImage], list[SkippedCheck]]:
    """Return the images that probably show another patient's breast.

    At most one of each patient is returned, the surest first.

    Args:
        manifest: of a store.
        pictures: of its images.
        groups: (n,), patients, of whom those that share an exposure are one.
        doubted: image_ids of images whose view is doubted, which aren't compared.
    """
    usable = manifest["view"].isin(VIEWS) & ~manifest["image_id"].astype("str").isin(doubted)
    rows = np.flatnonzero(usable.to_numpy(bool))
    table = manifest.reset_index(drop=True).iloc[rows]
    breasts = pd.factorize(table["patient_id"].astype("str") + "\0" + table["laterality"].astype("str").fillna(""))[0]
    several = int((np.bincount(breasts, minlength=1) > 1).sum())
    if several < MIN_BREASTS or len(np.unique(groups[rows])) < FOLDS:
        reason = f"At least {MIN_BREASTS} breasts with two images, CC or MLO, are needed to learn what these share."
        return [], [SkippedCheck(check=PATIENT, reason=reason)]
    images = _number(table, groups[rows])
    described = describe_breasts(table, pictures.features, pictures.thumbnails)
    compared = compare_images(described, breasts, images)
    skipped = [SkippedCheck(check=PATIENT, reason=text) for text in _unchecked(manifest, rows, images)]
    return list(_report(table, images, compared)), skipped


def _unchecked(manifest: pd.DataFrame, rows: np.ndarray, images: _Images) -> Iterator[str]:
    """Yield a sentence about images that can't be checked."""
    count = len(manifest) - len(rows) + int((~images.comparable).sum())
    if count:
        what = "1 image isn't" if count == 1 else f"{count:,} images aren't"
        yield (
            f"{what} compared with others of the patient: there are none, the view is neither CC nor MLO, or it contradicts the "
            "pixels."
        )


def _number(table: pd.DataFrame, groups: np.ndarray) -> _Images:
    """Return the labels of a table's images as numbers."""
    patients = pd.factorize(table["patient_id"].astype("str"))[0]
    of_group = pd.factorize(groups)[0]
    group_of = np.empty(patients.max() + 1, int)
    group_of[patients] = of_group
    kinds = table["laterality"].astype("str").fillna("") + "\0" + table["view"].astype("str")
    return _Images(patients, of_group, group_of, pd.factorize(kinds)[0], np.bincount(patients))


def compare_images(described: np.ndarray, breasts: np.ndarray, images: _Images) -> ComparedImages:
    """Compare images with their own patient and with others.

    Args:
        described: float32 (n, c), see `describe_breasts`.
        breasts: int (n,), number of each image's breast.
        images: their other labels.
    """
    count, generator = len(described), np.random.default_rng(0)
    gain, exchange_gain = np.full(count, -np.inf, np.float32), np.full(count, -np.inf, np.float32)
    nearest, partner = np.full(count, -1), np.full(count, -1)
    projections = list(cross_fitted_projections(described, breasts, images.groups))
    suspected, usual = _suspect(projections, images)
    simulated: list[tuple[np.ndarray, np.ndarray]] = []
    for projected in projections:
        fitting = _Fitting.of(projected, images)
        part = projected.part[images.comparable[projected.part]]
        simulated.append(fitting.simulate_exchanges(part, generator))
        suspects = part[suspected[part]]
        for batch in _batches(suspects):
            gain[batch], nearest[batch] = fitting.nearest_patients(batch, usual)
        for kind in np.unique(images.kinds[suspects]):
            others = np.flatnonzero(suspected & (images.kinds == kind))
            for batch in _batches(suspects[images.kinds[suspects] == kind]):
                exchange_gain[batch], partner[batch] = fitting.best_exchanges(batch, others)
    gains, exchange_gains = (np.concatenate(each) for each in zip(*simulated, strict=True))
    return ComparedImages(gain, nearest, exchange_gain, partner, gains, exchange_gains)


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some rows, `BATCH` at a time."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _suspect(projections: Sequence[Projected], images: _Images) -> tuple[np.ndarray, float]:
    """Return which images fit their patient least.

    Each image is projected by what other patients teach. Fits are computed anew afterwards: kept, those of all projections
    would take much memory.

    Returns:
        bool (n,), and the log likelihood ratio up to which an image is among them.
    """
    own = np.empty(len(images.patients), np.float32)
    for projected in projections:
        own[projected.part] = _Fitting.of(projected, images).own[projected.part]
    comparable = images.comparable
    usual = float(np.quantile(own[comparable], SUSPECTS)) if comparable.any() else -np.inf
    return comparable & (own <= usual), usual


@dataclass(frozen=True)
class _Fitting:
    """How well images fit patients, by one projection.

    Attributes:
        images: their labels.
        vectors: float32 (n, k).
        patients: what each patient's images lead to expect.
        rest: what the other images of each image's patient lead to expect, (n).
        own: float32 (n,), log likelihood ratio of each image and these.
    """

    images: _Images
    vectors: np.ndarray
    patients: Expectation
    rest: Expectation
    own: np.ndarray

    @classmethod
    def of(cls, projected: Projected, images: _Images) -> "_Fitting":
        """Return how well projected images fit patients."""
        vectors = projected.vectors
        sums = sums_of(vectors, images.patients)[0]
        others = (sums[images.patients] - vectors).astype(np.float32)
        rest = expect(others, images.counts[images.patients] - 1, projected.between)
        patients = expect(sums, images.counts, projected.between)
        return cls(images, vectors, patients, rest, rest.paired_log_ratios(vectors))

    def nearest_patients(self, rows: np.ndarray, usual: float) -> tuple[np.ndarray, np.ndarray]:
        """Return how much better images fit another patient, and who that is.

        Args:
            rows: int (q,), of the images.
            usual: log likelihood ratio of an image and its patient from which that one isn't suspect.

        Returns:
            float32 (q,) and int (q,): -1 where no patient is clearly nearer than all others, or none is near.
        """
        ratios = self.patients.log_ratios(self.vectors[rows])
        ratios[self.images.groups[rows][:, np.newaxis] == self.images.group_of] = -np.inf
        best = ratios.argmax(axis=1)
        highest = ratios[np.arange(len(rows)), best]
        second = np.partition(ratios, -2, axis=1)[:, -2]
        is_clear = (highest - second >= CLEAR) & (highest > usual)
        return highest - self.own[rows], np.where(is_clear, best, -1)

    def best_exchanges(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how much better images, exchanged with another one, and that one fit.

        Args:
            rows: int (q,), of images of a side and view.
            others: int (o,), images of the same side and view with which they may have been exchanged; one or more.

        Returns:
            float32 (q,) and int (q,): the best gain, and the other image, -1 where there is none.
        """
        there = self.rest.take(others).log_ratios(self.vectors[rows])
        here = self.rest.take(rows).log_ratios(self.vectors[others]).T
        gains = there + here - self.own[rows][:, np.newaxis] - self.own[others]
        gains[self.images.groups[rows][:, np.newaxis] == self.images.groups[others]] = -np.inf
        best = gains.argmax(axis=1)
        highest = gains[np.arange(len(rows)), best]
        return highest, np.where(np.isfinite(highest), others[best], -1)

    def simulate_exchanges(self, rows: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the gains that undoing exchanges of images would have.

        Args:
            rows: int (q,), images that are exchanged, each with another one of its side and view.
            generator: chooses these.

        Returns:
            float32 (m,) twice, of at most q images: by the nearest patient, and by the exchange.
        """
        shuffled = generator.permutation(rows)
        first = shuffled[np.argsort(self.images.kinds[shuffled], kind="stable")]
        second = np.roll(first, 1)
        apart = self.images.groups[first] != self.images.groups[second]
        apart &= self.images.kinds[first] == self.images.kinds[second]
        first, second = first[apart], second[apart]
        strange = self.rest.take(first).paired_log_ratios(self.vectors[second])
        there = self.rest.take(second).paired_log_ratios(self.vectors[first])
        return self.own[second] - strange, self.own[first] + self.own[second] - strange - there


def _report(table: pd.DataFrame, images: _Images, compared: ComparedImages) -> Iterator[MisfiledImage]:
    """Yield the surest finding of each patient, the surest first."""
    by_exchange = _probability(compared.exchange_gain, images, compared.simulated_exchange_gains)
    by_patient = _probability(compared.gain, images, compared.simulated_gains)
    confidence = np.maximum(by_exchange, by_patient)
    gain = np.maximum(compared.exchange_gain, compared.gain)
    reported: set[int] = set()
    for row in np.lexsort((-gain, -confidence.round(3))):
        if confidence[row] < SURE:
            return
        if images.patients[row] not in reported:
            reported.add(int(images.patients[row]))
            exchanged = bool(by_exchange[row] >= SURE)
            nearest = int(compared.nearest[row])
            candidate = int(compared.partner[row]) if exchanged else _image_of(table, images, nearest, row)
            yield _finding(table, images, int(row), candidate, exchanged, float(confidence[row]))


def _probability(gains: np.ndarray, images: _Images, simulated: np.ndarray) -> np.ndarray:
    """Return the probability that each image is misfiled.

    It is 0 but for the highest gain of each patient: a wrong image lowers how well the others of its patient fit, which therefore
    don't count.
    """
    order = np.lexsort((-gains, images.patients))
    first = order[np.r_[True, np.diff(images.patients[order]) > 0]]
    probability = np.zeros(len(gains))
    probability[first] = fault_probability(gains[first], simulated)
    return np.where(gains >= LEAST_GAIN, probability, 0)


def _image_of(table: pd.DataFrame, images: _Images, patient: int, row: int) -> int | None:
    """Return an image of a patient to show with another one, if possible of its side."""
    own = np.flatnonzero((images.patients == patient) & (np.arange(len(table)) != row))
    if not len(own):
        return None
    same = (table["laterality"].iloc[own] == table["laterality"].iloc[row]).to_numpy(bool, na_value=False)
    other_view = (table["view"].iloc[own] != table["view"].iloc[row]).to_numpy(bool, na_value=False)
    return int(own[np.argmax(2 * same + other_view)])


def _finding(
    table: pd.DataFrame, images: _Images, row: int, candidate: int | None, exchanged: bool, confidence: float
) -> MisfiledImage:
    """Return the finding on an image."""
    compared = _image_of(table, images, int(images.patients[row]), row)
    names, patients = table["image_id"].astype("str"), table["patient_id"].astype("str")
    others = int(images.counts[images.patients[row]]) - 1
    return MisfiledImage(
        image_id=names.iloc[row],
        patient_id=patients.iloc[row],
        compared=names.iloc[row if compared is None else compared],
        nearer=None if candidate is None else names.iloc[candidate],
        nearer_patient=None if candidate is None else patients.iloc[candidate],
        exchanged=exchanged,
        either=others == 1,
        confidence=round(confidence, 3),
        reason=_describe(others, None if candidate is None else names.iloc[candidate], exchanged),
    )


def _describe(others: int, candidate: str | None, exchanged: bool) -> str:
    """Say what speaks for another patient."""
    own = (
        "It and the only other image of its patient seem to show two patients' breasts, and either may be the wrong one"
        if others == 1
        else f"It seems to show another patient's breast: it doesn't fit the {others} other images of its patient"
    )
    if candidate is None:
        return f"{own}."
    if exchanged:
        return f"{own}. Exchanged with image {candidate}, both would fit."
    return f"{own}. It fits the patient of image {candidate} better."
