from mammo_core.documents.column_words import name_group, name_value, numeric_order, value_order


def test_name_value_has_words_for_codes_only():
    assert name_value("implant", "0") == "no implant"
    assert name_value("BIRADS", "4") == "4 suspicious"
    assert name_value("site_id", "1") == "1"
    assert name_value("BIRADS", "not known") == "not known"


def test_name_group_repeats_no_title_that_the_value_says():
    assert name_group("site_id", "site", "2") == "site 2"
    assert name_group("laterality", "laterality", "L") == "left"
    assert name_group("BIRADS", "BI-RADS", "0") == "BI-RADS 0 incomplete"


def test_value_order_hangs_views_and_sides_and_counts_numbers():
    assert sorted(["ML", "MLO", "AT", "CC"], key=lambda view: value_order("view", view)) == ["CC", "MLO", "AT", "ML"]
    assert sorted(["L", "R"], key=lambda side: value_order("laterality", side)) == ["R", "L"]
    assert sorted(["21", "8", "x"], key=numeric_order) == ["8", "21", "x"]
