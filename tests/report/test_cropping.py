from __future__ import annotations

import numpy as np

from posesift.data import pixels
from posesift.data.readers import read
from posesift.report import cropping
from posesift.report.explorer.thumbnails import frames


def test_a_worlds_pictures_do_not_depend_on_the_chunk_they_are_painted_in(monkeypatch):
    monkeypatch.setattr(cropping, "_CHUNK", 2)
    table = read("world:body,n=11,side=32")
    paint, refused = pixels.paint_pictures, {str(table.image_N[5])}

    def painted(part, side):
        if refused & set(map(str, part.image_N)):
            raise ValueError("no such picture")
        return paint(part, side)

    monkeypatch.setattr(pixels, "paint_pictures", painted)
    found = list(cropping.cropped(table, frames(table), 24, 48))
    for row, image in enumerate(found):
        if row in (4, 5):
            assert image == "no such picture"
            continue
        one = table.select([row])
        monkeypatch.setattr(pixels, "paint_pictures", paint)
        (alone,) = cropping.cropped(one, frames(one), 24, 48)
        np.testing.assert_array_equal(image, alone)
    assert len(found) == len(table)
