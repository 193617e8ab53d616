"""Join patients who share an exposure, so that no split parts them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mammo_core.documents.doctor_report import DuplicatePair


def joined_patients(patients: pd.Series, duplicates: Iterable[DuplicatePair]) -> pd.Series:
    """Return the patient of each image; those who share an exposure count as one.

    Args:
        patients: patient_id of each image.
        duplicates: pairs of images that show the same exposure; those with another store are passed over.

    Returns:
        With the index of `patients`, text: the first patient_id, in order of appearance, of those who count as one.
    """
    codes, names = pd.factorize(patients.astype("str"))
    known = {name: code for code, name in enumerate(names)}
    shared = [
        (known[pair.patient_a], known[pair.patient_b])
        for pair in duplicates
        if pair.store is None and pair.patient_a in known and pair.patient_b in known
    ]
    if not shared:
        return pd.Series(names[codes], index=patients.index, dtype="str")
    first, second = np.array(shared, int).T
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(names), len(names)))
    _, groups = connected_components(links, directed=False)
    representative = pd.Series(names).groupby(groups).first()
    return pd.Series(representative.loc[groups[codes]].to_numpy(), index=patients.index, dtype="str")
