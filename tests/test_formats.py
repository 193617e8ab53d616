from docs.generate_formats import FORMATS, attribute_texts, markdown, type_text, undocumented_fields
from mammo_core.documents.estimate import Estimate


def test_formats_page_equals_what_make_formats_writes():
    assert FORMATS.read_text(encoding="utf-8") == markdown()


def test_every_field_of_a_document_has_a_meaning():
    assert undocumented_fields() == []


def test_attribute_texts_shared_entry_describes_each_name():
    class Box:
        """A box.

        Attributes:
            top, left: the first corner,
                in pixels.
            colour: of the line.
        """

    assert attribute_texts(Box) == {
        "top": "the first corner, in pixels.",
        "left": "the first corner, in pixels.",
        "colour": "of the line.",
    }


def test_type_text_names_unions_lists_and_documents():
    assert type_text(float | None) == "number or null"
    assert type_text(tuple[Estimate, ...]) == "list of [Estimate](#estimate)"
    assert type_text(dict[str, int]) == "object: integer by text"
