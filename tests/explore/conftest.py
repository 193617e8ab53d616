"""A table of twelve images with irregularities: a patient with both labels, no labels, no age, a site without density."""

import pytest

from mammo_core.dataset.catalogue import read_catalogue

# 1: both labels; 2: a difficult negative, an implant; 3: no age; 4: no labels; 5: one breast, positive
SMALL = """\
site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id,difficult_negative_case
1,1,11,L,CC,60,1,1,1,0,0,B,49,False
1,1,12,L,MLO,60,1,1,1,0,0,B,49,False
1,1,13,R,CC,60,0,0,0,1,0,B,49,False
1,1,14,R,MLO,60,0,0,0,1,0,B,49,False
1,2,21,L,CC,50,0,0,0,2,1,C,49,False
1,2,22,R,CC,50,0,1,0,0,1,C,49,True
2,3,31,L,CC,,0,0,0,,0,,21,False
2,3,32,R,CC,,0,0,0,,0,,21,False
2,4,41,L,CC,70,,,,,0,,21,
2,4,42,L,MLO,70,,,,,0,,21,
2,4,43,R,CC,70,,,,,0,,21,
2,5,51,L,CC,70,1,1,0,,0,,8,False
"""


@pytest.fixture
def small(tmp_path):
    """The catalogue's table of `SMALL`, (12, 15)."""
    (tmp_path / "train.csv").write_text(SMALL)
    return read_catalogue(tmp_path).table
