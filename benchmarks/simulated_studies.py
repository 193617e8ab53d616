"""Check tests between groups, and numbers of patients, by simulated studies.

    python -m benchmarks.simulated_studies [--studies 500]

Groups by chance: the attributes of patients are shuffled among the patients of the shipped model's test part, and patients
whose scores are drawn are divided into groups at random. How many studies have a difference after correction (Holm 1979)? At
most 5 % should. Planted: in one of four groups the scores say less; how many studies detect this group?

Number of patients: the half-width of an interval is predicted from patients at hand, and compared with how much the measure
varies over simulated studies of the predicted size. Scores are drawn: two breasts a patient, correlated, the logits of positive
breasts 1.2 standard deviations above the others'. The exit status is 1 if a target is missed.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks._report import Report
from mammo_core.documents.estimate import Z, score_interval
from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Metric, Ranking
from mammo_core.evaluation.sample_size import PrecisionGoal, sample_size_report, spread
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS

Study = Callable[[np.random.Generator], pd.DataFrame]  # one row per image or breast, with groups

LEVEL, DETECTED, WIDTH = (
    0.05,
    0.95,
    0.1,
)  # of studies by chance; of studies with the largest effect; off the simulated width
SHARED = 0.7  # of a score's deviation from its mean: what both breasts of a patient have in common
DISTANCE = 1.2  # between the classes; an AUC of 0.80
FAR = 2.5  # likewise; an AUC of 0.96
GROUPS = 4
OF_PATIENTS = ("age", "site_id", "machine_id", "density", "implant")  # attributes in the shipped model's predictions
SHUFFLED = ("age_band", "site_id", "machine_id", "density", "implant")  # as they are called where groups are formed
EFFECTS = (0.1, 0.15, 0.2, 0.3)  # by which the AUC of the planted group is lower; the last leaves it at chance
PLANTED = "group_1"  # the attribute, of three
AT_HAND = ((100, 400), (400, 1600))  # patients with cancer and without, from whom widths are predicted
SAMPLES = 20  # sets of patients at hand
MORE = (
    4  # times as many studies whose measure is computed: that takes little, and deviations are less certain than shares
)


@dataclass(frozen=True)
class PlannedStudy:
    """A measure, and the patients of a study that estimates it.

    Attributes:
        name: of the measure.
        metric: the measure.
        positive: patients with cancer.
        negative: patients without.
        is_share: whether it is a share of units, see `mammo_core.evaluation.sample_size.Spread`.
    """

    name: str
    metric: Metric
    positive: int
    negative: int
    is_share: bool = False

    @property
    def prevalence(self) -> float:
        """Return the share of the patients with cancer."""
        return self.positive / (self.positive + self.negative)


PLANS = (
    PlannedStudy("AUC", metrics.auc, 50, 450),
    PlannedStudy("AUC", metrics.auc, 50, 2450),
    PlannedStudy("AUC", metrics.auc, 200, 200),
    PlannedStudy("sensitivity at 90 % specificity", metrics.sensitivity_at_specificity(0.9), 60, 240),
    PlannedStudy("sensitivity at 90 % specificity", metrics.sensitivity_at_specificity(0.9), 200, 3800),
    PlannedStudy("sensitivity at a threshold", metrics.operating_figures(0.6)["sensitivity"], 60, 60, is_share=True),
    PlannedStudy("sensitivity at a threshold", metrics.operating_figures(0.6)["sensitivity"], 200, 3800, is_share=True),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    options = parser.parse_args(arguments)
    report = Report(name_width=64)
    count_by_chance(options.studies, report)
    count_planted(options.studies, report)
    for plan in PLANS:
        compare_widths(plan, MORE * options.studies, report)
    check_needed(0.05, 0.1, MORE * options.studies, report)
    return report.summarise()


def count_by_chance(studies: int, report: Report) -> None:
    """Count the studies without any difference in which one is reported."""
    predictions = open_bundle(SHIPPED_MODELS / DEMO).evaluation_predictions()
    makers: dict[str, tuple[Study, tuple[str, ...]]] = {
        f"shipped model, {predictions['patient_id'].nunique()} patients": (partial(shuffled, predictions), SHUFFLED)
    }
    names = tuple(f"group_{number}" for number in range(1, GROUPS))
    for (positive, negative), distance in product(((60, 180), (160, 480)), (DISTANCE, FAR)):
        name = f"AUC {_auc(distance):.2f}, {positive + negative} patients"
        makers[name] = (partial(grouped, positive, negative, distance=distance), names)
    for name, (make, attributes) in makers.items():
        rates = [reported(make, attributes, study) for study in range(studies)]
        share, low, high = _share([any(p_value < LEVEL for p_value in rows.values()) for rows in rates])
        tests = np.mean([len(rows) for rows in rates])
        report.add(
            f"By chance, {name}, {tests:.0f} groups",
            f"{share:.1%} ({low:.1%} to {high:.1%})",
            f"{LEVEL:.0%}",
            low <= LEVEL,
        )


def count_planted(studies: int, report: Report) -> None:
    """Count the studies that detect the group in which scores say less."""
    names = tuple(f"group_{number}" for number in range(1, GROUPS))
    for effect in EFFECTS:
        detected = []
        for study in range(studies // 2):
            rows = reported(partial(grouped, 160, 480, effect=effect), names, study)
            clearest = min(rows, key=rows.__getitem__)
            detected.append(rows[clearest] < LEVEL and clearest == (PLANTED, "0"))
        share, low, high = _share(detected)
        is_largest = effect == max(EFFECTS)
        report.add(
            f"Detected, AUC lower by {effect:.2f} in a quarter of 640 patients",
            f"{share:.0%} ({low:.0%} to {high:.0%})",
            f"{DETECTED:.0%}" if is_largest else "",
            not is_largest or high >= DETECTED,
        )


def compare_widths(plan: PlannedStudy, studies: int, report: Report) -> None:
    """Compare predicted half-widths with that of simulated studies."""
    simulated = simulated_half_width(plan.metric, plan.positive, plan.negative, studies)
    for positive, negative in AT_HAND:
        ratios = [
            spread(
                drawn_breasts(np.random.default_rng((seed, positive)), positive, negative),
                plan.metric,
                plan.prevalence,
                is_share=plan.is_share,
            ).half_width(plan.positive, plan.negative)
            / simulated
            for seed in range(SAMPLES)
        ]
        low, mean, high = np.quantile(ratios, 0.05), np.mean(ratios), np.quantile(ratios, 0.95)
        is_large = positive == AT_HAND[-1][0]
        report.add(
            f"{plan.name}, {plan.positive} + {plan.negative:,}, from {positive} + {negative:,}",
            f"{mean:.2f} × ±{simulated:.3f} (single {low:.2f} to {high:.2f})",
            f"within {WIDTH:.0%}" if is_large else "",
            not is_large or abs(mean - 1) <= WIDTH,
        )


def check_needed(half_width: float, prevalence: float, studies: int, report: Report) -> None:
    """Simulate studies of the size that is to give a half-width of the AUC.

    Half the length of its 95 % interval is meant.
    """
    at_hand = drawn_breasts(np.random.default_rng(0), *AT_HAND[-1])
    needed = sample_size_report(at_hand, "breast", PrecisionGoal(half_width, prevalence=prevalence), "drawn").needed
    simulated = simulated_half_width(metrics.auc, needed.positive, needed.negative, studies)
    report.add(
        f"AUC to ±{half_width} needs {needed.positive} + {needed.negative:,}; simulated",
        f"±{simulated:.4f}",
        f"within {WIDTH:.0%}",
        abs(simulated / half_width - 1) <= WIDTH,
    )


def reported(make: Study, attributes: tuple[str, ...], study: int) -> dict[tuple[str, str], float]:
    """Return the corrected p values of a study, by attribute and group.

    Groups that are too small to be compared have none.
    """
    table = make(np.random.default_rng((study, 1)))
    rows = subgroups(table, 2, by=attributes, rows="image" if "view" in table else "breast")
    return {(row.attribute, row.group): row.p_value for row in rows if row.p_value is not None}


def shuffled(predictions: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Return predictions whose patients have the attributes of others."""
    patients = predictions.groupby("patient_id")[list(OF_PATIENTS)].first()
    others = patients.iloc[generator.permutation(len(patients))].set_index(patients.index)
    return predictions.drop(columns=list(OF_PATIENTS)).join(others, on="patient_id")


def grouped(
    positive: int, negative: int, generator: np.random.Generator, effect: float = 0.0, distance: float = DISTANCE
) -> pd.DataFrame:
    """Return drawn breasts with three attributes of four groups each.

    Args:
        positive: patients with cancer.
        negative: patients without.
        generator: of the draws.
        effect: by which the AUC is lower in group 0 of the first attribute.
        distance: see `drawn_scores`.
    """
    groups = generator.integers(GROUPS, size=(positive + negative, GROUPS - 1))
    reduced = np.sqrt(2) * norm.ppf(_auc(distance) - effect)
    table = drawn_breasts(generator, positive, negative, np.where(groups[:, 0] == 0, reduced, distance))
    return table.assign(
        **{f"group_{number}": column.repeat(2).astype(str) for number, column in enumerate(groups.T, 1)}
    )


def drawn_breasts(
    generator: np.random.Generator, positive: int, negative: int, distance: float | np.ndarray = DISTANCE
) -> pd.DataFrame:
    """Return two breasts a patient; of a patient with cancer the left one is positive."""
    label, probability = drawn_scores(generator, positive, negative, distance)
    patients = np.arange(positive + negative).repeat(2).astype(str)
    sides = ["L", "R"] * (positive + negative)
    return pd.DataFrame({"patient_id": patients, "laterality": sides, "label": label, "probability": probability})


def drawn_scores(
    generator: np.random.Generator, positive: int, negative: int, distance: float | np.ndarray = DISTANCE
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities of two breasts a patient.

    Args:
        generator: of the draws.
        positive: patients with cancer, who come first.
        negative: patients without.
        distance: between the classes, in standard deviations of the logit; of all patients, or of each.

    Returns:
        int (n,) and float64 (n,).
    """
    count = positive + negative
    label = np.zeros(2 * count, int)
    label[: 2 * positive : 2] = 1
    noise = SHARED * generator.standard_normal(count).repeat(2)
    noise += np.sqrt(1 - SHARED**2) * generator.standard_normal(2 * count)
    return label, 1 / (1 + np.exp(-noise - np.broadcast_to(distance, count).repeat(2) * label))


def simulated_half_width(metric: Metric, positive: int, negative: int, studies: int) -> float:
    """Return half the width of the interval in which 95 % of studies lie.

    They are of new patients; their standard deviation tells it.
    """
    values = [
        Ranking(*drawn_scores(np.random.default_rng((study, 2)), positive, negative)).value(metric)
        for study in range(studies)
    ]
    return float(Z * np.std(values, ddof=1))


def _auc(distance: float) -> float:
    """Return the AUC of scores whose classes are so far apart."""
    return float(norm.cdf(distance / np.sqrt(2)))


def _share(outcomes: list[bool]) -> tuple[float, float, float]:
    """Return the share of true outcomes with its 95 % interval."""
    share = float(np.mean(outcomes))
    low, high = score_interval(share, len(outcomes))
    return share, float(low), float(high)


if __name__ == "__main__":
    sys.exit(main())
