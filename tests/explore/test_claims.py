import numpy as np
import pandas as pd

from mammo_core.explore.claims import check_claims


def people(negatives: int, positives: int, ages: tuple[float, float] = (58, 63)) -> pd.DataFrame:
    """Patients with one image of each breast; a positive one's left breast is healthy."""
    label = np.repeat([0, 1], [negatives, positives])
    one = pd.DataFrame(
        {"patient_id": np.arange(len(label)).astype(str), "age": np.array(ages, float)[label], "view": "CC"}
    )
    return pd.concat(
        [one.assign(laterality="L", cancer=0), one.assign(laterality="R", cancer=label)], ignore_index=True
    )


def test_claims_all_hold():
    claims = check_claims(people(11_900, 3_200))
    assert [claim.holds for claim in claims] == [True, True, True]


def test_claims_do_not_count_patients_with_both_labels_twice():
    patients, negatives, _ = check_claims(people(11_427, 486))
    assert patients.holds is False
    assert patients.reading == "11,913 patients with 23,826 images are loaded."
    assert negatives.holds is False
    assert negatives.reading == (
        "11,427 patients have no positive image. 11,913 have at least one negative image, but 486 of these are positive "
        "patients, counted twice."
    )


def test_claims_age_distinguishes_median_from_mean():
    table = people(3, 3)
    table["age"] = [50.0, 60, 61, 50, 66, 70] * 2  # medians 60 and 66, means 57 and 62
    age = check_claims(table)[2]
    assert age.holds is False
    assert age.reading.startswith("Patients: medians 60 and 66, 6 years apart; means 5.00. Images: ")
    assert age.reading.endswith("Five years is the difference of the means.")


def test_claims_undetermined_without_the_required_columns(small):
    bare = check_claims(small.drop(columns=["cancer", "age"]))
    assert [claim.holds for claim in bare] == [False, None, None]
    one_label = check_claims(small[small["cancer"] == 0])
    assert one_label[2].holds is None
