"""Describe each statistic in one sentence.

The sentence is computed from the table that the figure shows.
"""

from collections.abc import Sequence

import pandas as pd

from mammo_core.documents.units import Unit
from mammo_core.explore.ages import AgeDifference
from mammo_core.explore.rates import FEW, spread_p

SIGNIFICANT = 0.01  # p below which groups are reported to differ
FINE_FROM = 1000  # units, from which shares have a second decimal


def percent(share: float, digits: int = 1) -> str:
    """Return a share in [0, 1] as text."""
    return f"{100 * share:.{digits}f} %"


def digits_of(n: int) -> int:
    """Return how many decimals the share of positives among n units has, in percent."""
    return 2 if n >= FINE_FROM else 1


def read_classes(classes: pd.DataFrame, unit: Unit) -> str:
    """Read `class_counts`."""
    row = next(row for row in classes.itertuples() if row.unit == unit)
    labelled = row.negative + row.positive
    if not labelled:
        return f"{row.total:,} {unit}s, none with a label."
    if not (row.negative and row.positive):
        return f"All {labelled:,} labelled {unit}s are {'positive' if row.positive else 'negative'}."
    digits = digits_of(labelled)
    text = f"{row.positive:,} of {labelled:,} labelled {unit}s are positive: {percent(row.share, digits)}"
    text += f" (95 % CI {100 * row.low:.{digits}f}–{100 * row.high:.{digits}f})."
    return f"{text} Always predicting “negative” would be correct for {percent(1 - row.share)}."


def read_ages(ages: pd.DataFrame, difference: AgeDifference, unit: Unit) -> str:
    """Read `age_table` and `age_difference`."""
    positive, negative = (row for row in ages.itertuples() if row.unit == unit)
    if difference.mean is None:
        return f"{negative.n:,} negative and {positive.n:,} positive {unit}s with an age: nothing to compare."
    interval = ""
    if difference.low is not None and difference.high is not None:
        bounds = f"{_signed(difference.low)} to {_signed(difference.high)}"
        interval = f" (95 % CI of the difference {bounds}, bootstrap over patients)"
    older = "older" if difference.mean >= 0 else "younger"
    means = [_mean_and_std(row.mean, row.std) for row in (positive, negative)]
    return (
        f"Positive {unit}s are {abs(difference.mean):.1f} years {older} on average{interval}: mean ± standard deviation "
        f"{means[0]} against {means[1]}, median {positive.median:g} against {negative.median:g}; "
        f"n = {positive.n:,} and {negative.n:,}."
    )


def _signed(years: float) -> str:
    return f"{years:.1f}".replace("-", "−")


def _mean_and_std(mean: float, std: float) -> str:
    return f"{mean:.1f}" + ("" if pd.isna(std) else f" ± {std:.1f}")


def read_quantiles(quantiles: pd.DataFrame, unit: Unit) -> str:
    """Read `age_quantiles`."""
    parts = [f"{row.label} {unit}s {row.q1:.0f}–{row.q3:.0f} years" for row in quantiles.itertuples()]
    return (
        f"Middle 50 %: {', '.join(parts)}. The box spans it, with the median and, dashed, the mean; the whiskers reach from "
        "the 5th to the 95th percentile."
    )


def read_cumulative(cumulative: pd.DataFrame, unit: Unit) -> str:
    """Describe the share of each label that is younger than 50, the screening age.

    The table is that of `age_cumulative`.
    """
    parts = []
    for label, rows in cumulative.groupby("label", sort=False):
        younger = rows.loc[rows["age"] < 50, "share"]
        parts.append(f"{percent(younger.max() if len(younger) else 0.0)} of the {label} {unit}s")
    return f"Under 50 years: {' and '.join(parts)}."


def read_age_counts(rows: pd.DataFrame, unit: Unit) -> str:
    """Describe the ages of all units, in whole years."""
    ages = rows["age"].dropna().astype("float64")
    q1, median, q3 = ages.quantile([0.25, 0.5, 0.75]).tolist()
    return f"{len(ages):,} {unit}s with an age: median {median:.0f} years, the middle half {q1:.0f}–{q3:.0f}."


def read_rates(rates: pd.DataFrame, names: Sequence[str], cap: float) -> str:
    """Read `rate_by`.

    Args:
        rates: see there.
        names: of the groups, such as "site 2".
        cap: share at which the figure ends, see `rates.cap_of`.
    """
    if len(rates) == 1:
        row = rates.iloc[0]
        interval = f"95 % CI {100 * row['low']:.1f}–{100 * row['high']:.1f}"
        return f"All {int(row['n']):,} are of one group, {names[0]}: {percent(row['rate'])} ({interval})."
    if rates["rate"].min() == rates["rate"].max():
        return f"All {int(rates['n'].sum()):,} have the same share of positives, {percent(rates['rate'].iloc[0])}."
    groups = [
        f"{row.name} with {percent(row.rate)} (95 % CI {100 * row.low:.1f}–{100 * row.high:.1f}, n = {row.n:,})"
        for row in rates.assign(name=list(names)).sort_values("rate", kind="stable").itertuples()
    ]
    p = spread_p(rates)
    chance = ""
    if p is not None:
        verdict = "exceed chance" if p < SIGNIFICANT else "are within chance"
        chance = f" Differences {verdict} (p {'< 0.001' if p < 0.001 else f'= {p:.2g}'})."
    cut = (
        f" An arrow marks an interval that goes on beyond {percent(cap, 0)}."
        if rates["high"].max() > cap * 1.001
        else ""
    )
    few = f" Open circles: n < {FEW}." if (rates["n"] < FEW).any() else ""
    return f"Lowest: {groups[0]}; highest: {groups[-1]}.{chance}{few}{cut}"


def read_counts(counts: pd.DataFrame, names: Sequence[str], unit: Unit) -> str:
    """Read `count_by`; `names` are those of the groups, such as "site 2"."""
    total, index = int(counts["n"].sum()), int(counts["n"].argmax())
    if len(counts) == 1:
        return f"All {total:,} {unit}s: {names[0]}."
    largest = int(counts["n"].iloc[index])
    share = percent(largest / total)
    return f"Largest of {len(counts):,} groups: {names[index]} with {largest:,} of {total:,} {unit}s ({share})."


def read_images_per_unit(number: pd.DataFrame, unit: str) -> str:
    """Read `images_per_unit`."""
    most = number.loc[number["number"].idxmax()]
    total = number["number"].sum()
    return (
        f"{most['number']:,} of {total:,} {unit}s ({percent(most['number'] / total)}) have {most['images']} images; "
        f"the range is {number['images'].min()} to {number['images'].max()}."
    )


def read_missing(missing: pd.DataFrame, unit: Unit) -> str:
    """Name the column with most missing values, and where sites differ most.

    The table is that of `missing_by_site`.
    """
    if not missing["all"].any():
        return f"No {unit} has a missing value."
    worst = missing["all"].idxmax()
    text = f"{worst} is missing most often: for {percent(missing.loc[worst, 'all'])} of the {unit}s."
    sites = missing.drop(columns="all")
    if sites.shape[1] > 1:
        gap = (sites.max(axis=1) - sites.min(axis=1)).idxmax()
        most, least = sites.loc[gap].idxmax(), sites.loc[gap].idxmin()
        if sites.loc[gap, most] - sites.loc[gap, least] > 0.05:
            shares = [f"{percent(sites.loc[gap, site])} at {site}" for site in (most, least)]
            text += f" Sites differ most in {gap}: {', '.join(shares)}."
    return text


def read_funnel(funnel: pd.DataFrame, positives: int, unit: Unit) -> str:
    """Describe the steps from biopsy to invasive cancer.

    The table is that of `funnel`; `positives` is the number of all positive units, with or without a biopsy.
    """
    total, biopsy, cancer, invasive = funnel["number"].tolist()
    if not biopsy:
        return f"None of {total:,} {unit}s had a biopsy."
    text = f"{percent(biopsy / total)} of the {unit}s had a biopsy; {percent(cancer / biopsy)} of the biopsies found cancer"
    if cancer:
        text += f", {percent(invasive / cancer)} of which are invasive"
    if positives == cancer:
        return f"{text}. Every positive {unit} had a biopsy." if positives else f"{text}."
    return f"{text}. {positives - cancer:,} of {positives:,} positive {unit}s had no biopsy."


def read_difficult(kinds: pd.DataFrame, unit: Unit) -> str:
    """Read `difficult_negatives`."""
    sums = kinds.drop(columns="site").sum()
    negatives = sums["difficult negative"] + sums["other negative"]
    positives = sums["positive"] + sums["difficult positive"]
    difficult, share = sums["difficult negative"], sums["difficult negative"] / max(negatives, 1)
    text = (
        f"{difficult:,} of {negatives:,} negative {unit}s ({percent(share)}) are difficult negatives; "
        f"{sums['difficult positive']:,} of {positives:,} positive ones have the flag"
    )
    return text + (": here the flag implies no cancer." if positives and not sums["difficult positive"] else ".")


def read_leakage(leaks: pd.DataFrame, unit: Unit) -> str:
    """Read `leakage`."""
    leaking = leaks[leaks["leaks"]]
    if leaking.empty:
        return f"No column nearly determines the label for a tenth of the {unit}s beyond chance."
    parts = []
    for row in leaking.itertuples():
        findings = []
        if row.never:
            findings.append(f"never positive where it is {row.never}: {percent(row.never_share, 0)} of the {unit}s")
        if row.always:
            findings.append(f"always where it is {row.always}: {percent(row.always_share, 0)} of the positives")
        parts.append(f"{row.column} ({'; '.join(findings)})")
    columns = "1 column leaks" if len(parts) == 1 else f"{len(parts)} columns leak"
    return f"{columns} the label and must not be a model's input: {', '.join(parts)}."


def read_association(matrix: pd.DataFrame) -> str:
    """Read `association`."""
    pairs = matrix.stack().dropna()
    pairs = pairs[pairs.index.get_level_values(0) < pairs.index.get_level_values(1)]
    if pairs.empty:
        return "No two columns have values to compare."
    left, right = pairs.idxmax()
    text = f"Closest pair: {left} and {right} ({pairs.max():.2f})."
    if "cancer" in matrix and matrix["cancer"].notna().any():
        nearest = matrix["cancer"].dropna().nlargest(3)
        text += " Closest to cancer: " + ", ".join(f"{name} {value:.2f}" for name, value in nearest.items()) + "."
    return text


def read_split(columns: pd.DataFrame) -> str:
    """Read `files.split_columns`."""
    parts = [name for name in columns if name != "column"]
    if not parts:
        return "No train.csv or test.csv in this folder."
    if len(parts) == 1:
        return f"No {'test' if parts[0] == 'train.csv' else 'train'}.csv in this folder."
    train, test = (columns[part].astype(bool) for part in parts)
    missing, added = columns.loc[train & ~test, "column"], columns.loc[test & ~train, "column"]
    text = f"test.csv lacks {', '.join(missing) or 'nothing'}"
    return text + (f" and adds {', '.join(added)}." if len(added) else ".")


def read_headers(headers: pd.DataFrame, present: int, absent: int) -> str:
    """Describe the headers of the images.

    The table is that of `files.sample_headers`; `present` and `absent` are the numbers of existing and missing files.
    """
    readable = headers[headers["problem"].isna()]
    if readable.empty:
        return f"None of {len(headers):,} headers could be read."
    inverted = (readable["photometric"] == "MONOCHROME1").mean()
    sampled = "all" if len(headers) == present else f"a random {len(headers):,} of"
    extremes = [[int(readable[side].agg(end)) for side in ("rows", "columns")] for end in ("min", "max")]
    small, large = (f"{rows:,} × {columns:,}" for rows, columns in extremes)
    sizes = f"{small} pixels" if small == large else f"{small} to {large} pixels"
    return (
        f"Headers of {sampled} {present:,} files: {sizes}, {percent(inverted)} MONOCHROME1 (stored inverted), "
        f"{len(headers) - len(readable):,} unreadable. Missing files: {absent:,}."
    )
