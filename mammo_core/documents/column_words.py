"""Name the values of a data set's columns in words, in a fixed order."""

WORDS = {
    "implant": {"0": "no implant", "1": "implant"},
    "laterality": {"R": "right", "L": "left"},
    "BIRADS": {
        "0": "0 incomplete",
        "1": "1 negative",
        "2": "2 benign",
        "3": "3 probably benign",
        "4": "4 suspicious",
        "5": "5 highly suspicious",
        "6": "6 known cancer",
    },
}
MEASURES = {  # units of measurement, by column
    "age": "years",
    "body_part_thickness": "mm",
    "compression_force": "N",
    "exposure": "mAs",
    "tube_voltage": "kV",
    "pixel_spacing": "mm",
}
VIEWS = ("CC", "MLO")  # in hanging order, before all others
ALONE = {"implant", "laterality", "view"}  # columns whose values say what they are about


def name_value(column: str, value: str) -> str:
    """Return a value of a column in words, such as "no implant".

    Values without words are returned as they are.
    """
    return WORDS.get(column, {}).get(value, value)


def name_group(column: str, title: str, value: str) -> str:
    """Return what the rows with a value of a column are.

    Such as "site 2", "BI-RADS 1 negative" or "no implant".

    Args:
        column: its name in the table.
        title: its name for readers, such as "BI-RADS".
        value: as text.
    """
    name = name_value(column, value)
    return name if column in ALONE else f"{title} {name}"


def value_order(column: str, value: str) -> tuple[int, int, str]:
    """Return a sort key for the values of a column.

    Views are in hanging order and sides as they hang, whole numbers by value, other text by the alphabet.
    """
    known = VIEWS if column == "view" else tuple(WORDS.get(column, ()))
    index = known.index(value) if value in known else len(known)
    return index, *numeric_order(value)


def numeric_order(value: str) -> tuple[int, str]:
    """Return a sort key that orders whole numbers by value.

    Other text comes after the numbers.
    """
    return (int(value), "") if value.isdigit() else (10**9, value)
