import pytest

from mammo_core.documents.prediction import describe_decision


@pytest.mark.parametrize(("recall", "words"), [(True, "recall"), (False, "no recall"), (None, "no decision")])
def test_describe_decision_of_each_recall_gives_its_words(recall, words):
    assert describe_decision(recall) == words
