import json

from builders.app import show_component
from ui.live_chart import SCRIPT
from ui.picture_download import WIDTH, offer_pictures


def test_offer_pictures_sends_figure_and_file_name():
    (element,) = show_component(offer_pictures, '{"data": []}', "demo-ages-breast", "ages").get("bidi_component")
    data = json.loads(element.proto.mixed.json or element.proto.json)
    assert data == {"figure": '{"data": []}', "script": SCRIPT, "name": "demo-ages-breast", "width": WIDTH}
