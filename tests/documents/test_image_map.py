from mammo_core.documents.image_map import ImageMap


def test_map_says_how_many_neighbours_it_keeps():
    document = ImageMap(images="0", points="points.npy", landmarks=3000, around=50, kept=0.672)
    assert document.describe() == (
        "Of the five images that resemble an image most, 67 % are among the 50 nearest to it here."
    )
