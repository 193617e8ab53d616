"""Find breasts whose label their images speak against.

A classifier predicts each patient's breasts from other patients' images. Where it contradicts a label more surely than it
usually confirms labels of that kind, the label is suspect: confident learning (Northcutt et al. 2021,
arXiv:1911.00068).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from mammo_core.doctor.cross_fitting import cross_fitted, divide
from mammo_core.doctor.table_contradictions import exam_of
from mammo_core.documents.doctor_report import SkippedCheck, SuspectLabel

LABELS = "labels"
STRENGTHS = (1e-4, 1e-3, 1e-2)  # inverse of the regularisation; the best one by AUC is used
MIN_PATIENTS = 20  # with each label
MIN_AUC = 0.7  # of the classifier, by breast: one that knows less has nothing to say about labels


@dataclass(frozen=True)
class LabelSuspicion:
    """How suspect the label of every breast is.

    Attributes:
        table: one row per breast: patient_id, laterality, label, probability (of cancer, by a classifier fitted to other
            patients), suspicion in [0, 1] (of a wrong label) and suspect (whether it is reported).
        auc: of the classifier, by breast.
    """

    table: pd.DataFrame
    auc: float


def suspect_labels(
    manifest: pd.DataFrame, features: np.ndarray, groups: np.ndarray
) -> tuple[list[SuspectLabel], list[SkippedCheck]]:
    """Return the breasts whose label is suspect, the most suspect first.

    Args:
        manifest: of a store.
        features: (n, c), of its images.
        groups: (n,), images of one group are never on both sides of the classifier: patients, joined where they share an
            exposure.
    """
    suspicion = label_suspicion(manifest, features, groups)
    if isinstance(suspicion, SkippedCheck):
        return [], [suspicion]
    if suspicion.auc < MIN_AUC:
        reason = (
            f"A classifier on the shipped network's features has an AUC of {suspicion.auc:.2f} here; below {MIN_AUC:.2f} "
            "its doubts mean nothing."
        )
        return [], [SkippedCheck(check=LABELS, reason=reason)]
    rows = suspicion.table[suspicion.table["suspect"]].sort_values("suspicion", ascending=False)
    return [
        SuspectLabel(
            patient_id=str(row.patient_id),
            laterality=str(row.laterality),
            label=int(row.label),
            probability=round(float(row.probability), 4),
            confidence=round(float(row.suspicion), 4),
        )
        for row in rows.itertuples()
    ], []


def label_suspicion(manifest: pd.DataFrame, features: np.ndarray, groups: np.ndarray) -> LabelSuspicion | SkippedCheck:
    """Return how suspect each breast's label is.

    The arguments are those of `suspect_labels`.
    """
    used = (manifest["label"].notna() & manifest["laterality"].notna()).to_numpy(bool)
    table, values, groups = manifest[used], features[used].astype(np.float32), groups[used]
    labels = table["label"].to_numpy(int)
    patients = [len(np.unique(groups[labels == label])) for label in (0, 1)]
    if min(patients) < MIN_PATIENTS:
        reason = f"At least {MIN_PATIENTS} patients with each label are needed to learn what labels look like."
        return SkippedCheck(check=LABELS, reason=reason)
    folds = divide(labels, groups)
    candidates = [
        _breasts(table, cross_fitted(values, labels, folds, strength, balanced=True)) for strength in STRENGTHS
    ]
    aucs = [float(roc_auc_score(breasts["label"], breasts["probability"])) for breasts in candidates]
    best = int(np.argmax(aucs))
    return LabelSuspicion(_with_suspicion(candidates[best]), aucs[best])


def _breasts(table: pd.DataFrame, probability: np.ndarray) -> pd.DataFrame:
    """Return the mean probability of each breast, with its label."""
    rows = table[["patient_id", "laterality", "label"]].assign(exam=exam_of(table), probability=probability)
    breasts = rows.groupby(["exam", "laterality"], as_index=False, observed=True)
    return breasts.agg(patient_id=("patient_id", "first"), label=("label", "max"), probability=("probability", "mean"))


def _with_suspicion(breasts: pd.DataFrame) -> pd.DataFrame:
    """Add how suspect each label is.

    The threshold of a label is the mean probability that the classifier gives it on breasts so labelled. A label is suspect
    if the other one's probability reaches that one's threshold, and its own doesn't reach its own.
    """
    label, probability = breasts["label"].to_numpy(int), breasts["probability"].to_numpy(float)
    usual = {1: probability[label == 1].mean(), 0: 1 - probability[label == 0].mean()}
    own = np.where(label == 1, probability, 1 - probability)
    own_usual = np.where(label == 1, usual[1], usual[0])
    other_usual = np.where(label == 1, usual[0], usual[1])
    suspect = (1 - own >= other_usual) & (own < own_usual)
    return breasts.assign(suspicion=1 - own, suspect=suspect)
