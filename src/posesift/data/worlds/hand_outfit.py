"""What hands look like: skin with a paler palm, nails, and perhaps a sleeve.

Names: P places (vertices or pixels), 3 = (x, y, z) or (red, green, blue).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posesift.data.worlds import palette
from posesift.data.worlds.figure import Place
from posesift.data.worlds.palette import Colour

_PATTERNS = ("plain", "plain", "stripes", "upright stripes", "checks")


@dataclass(frozen=True)
class HandOutfit:
    """See `figure.Outfit`."""

    skin: Colour
    palm: Colour
    nail: Colour
    sleeve: Colour
    stripe: Colour
    pattern: str
    pitch: float
    """Distance from stripe to stripe, palms."""

    cuff: float
    """Where the sleeve ends, palms below the wrist; a large number: none."""

    loose: float
    """How far the sleeve stands off the arm, palms."""

    parts: tuple[int, ...] = ()
    fold: float = 0.4

    def _sleeved(self, place: Place) -> np.ndarray:
        return -place.rest_P3[:, 1] > self.cuff

    def stand_off(self, place: Place) -> np.ndarray:
        """How far the sleeve stands off the skin (P,), palms."""
        return np.where(self._sleeved(place), np.float32(self.loose), np.float32(0))

    def colour(self, place: Place) -> tuple[np.ndarray, np.ndarray]:
        """Give base colours (P, 3) in 0-255, and whether it is cloth (P,)."""
        palm_P = np.clip(1.4 * place.field_P["palm"] - 0.1, 0, 1)[:, None]
        colour_P3 = np.array(self.skin, np.float32) * (1 - palm_P)
        colour_P3 += np.array(self.palm, np.float32) * palm_P
        tip_P = place.field_P["tip"]
        nail_P = (tip_P > 0.42) & (tip_P < 1.05) & (place.field_P["nail"] > 0.5)
        colour_P3[nail_P] = self.nail
        sleeve_P = self._sleeved(place)
        if sleeve_P.any():
            colour_P3[sleeve_P] = self.sleeve
            if self.pattern != "plain":
                rows = np.flatnonzero(sleeve_P)
                x, y, z = (2 * np.pi / self.pitch) * place.rest_P3[rows].T
                second = {
                    "stripes": np.sin(y) > 0.1,
                    "upright stripes": np.sin(x + z) > 0.3,
                    "checks": (np.sin(y) > 0) ^ (np.sin(x + z) > 0),
                }[self.pattern]
                colour_P3[rows[second]] = self.stripe
        return colour_P3, sleeve_P


def draw(rng: np.random.Generator, look: str) -> HandOutfit:
    """Choose what one hand looks like; sleeves have patterns in `"photo"` alone."""
    skin = palette.skin_tone(rng)
    pink = palette.mix(skin, (246, 190, 170), rng.uniform(0.2, 0.45))
    nail = palette.mix(skin, (255, 214, 204), rng.uniform(0.35, 0.6))
    varnish, sleeved, cuff, loose, pitch = rng.random(5)
    if varnish < 0.12:
        nail = palette.cloth_colour(rng)
    sleeve, stripe = palette.cloth_colour(rng), palette.cloth_colour(rng)
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))] if look == "photo" else "plain"
    return HandOutfit(
        skin, pink, nail, sleeve, stripe, pattern,
        pitch=0.08 + 0.4 * pitch,
        cuff=0.12 + 0.9 * cuff if sleeved < 0.6 else 9.0,
        loose=0.03 + 0.1 * loose,
    )  # fmt: skip
