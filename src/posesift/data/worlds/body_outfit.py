"""What people wear: tops, trousers, skirts and shoes, hair and faces, as areas of the mannequin.

An area is bounded by lines on the body, such as "the arm down to 0.6 of the upper arm": the same
rule says which vertices stand off the skin and, pixel by pixel, where cloth ends. Patterns are
functions of the place on the surface at rest, so they move with the cloth.

Names: P places (vertices or pixels), 3 = (x, y, z) or (red, green, blue).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posesift.data.worlds import palette
from posesift.data.worlds.figure import Place
from posesift.data.worlds.palette import Colour

SKIN, TOP, BOTTOM, SOCK, SHOE, HAIR, LIP, BROW, WHITE, IRIS, SOLE = range(11)
"""What a place is covered with."""

SKIRT, LONG_HAIR = 1, 2
"""Parts of the body mannequin that may be put on."""

PATTERNS = ("plain", "stripes", "upright stripes", "checks", "print", "blotches")

# Places on the mean face, units: (x, y) and half sizes.
_EYE, _BROW, _MOUTH = (0.0182, 0.4035), (0.0190, 0.4175), (0.0, 0.3600)
_COLLAR = 0.300
"""Height of the root of the neck, units above the hips."""


@dataclass(frozen=True)
class Garment:
    """Colours and pattern of a top or of what covers the legs."""

    colour: Colour
    second: Colour
    pattern: str
    pitch: float
    """Distance from stripe to stripe, units."""

    loose: float
    """How far it stands off the skin, units."""


@dataclass(frozen=True)
class BodyOutfit:
    """See `figure.Outfit`; lengths of garments are places in the fields `"arm"` and `"leg"`."""

    skin: Colour
    hair: Colour
    iris: Colour
    shoe: Colour
    sock: Colour
    top: Garment
    bottom: Garment
    sleeve: float
    hem: float
    collar: float
    """Height of the neckline at the sides, units over the root of the neck."""

    cut: float
    """How much lower it is in front, units."""

    waist: float
    length: float
    skirt: float
    """Where a skirt ends; 0: none."""

    sock_from: float
    shoe_from: float
    hairline: float
    thick_hair: float
    long_hair: bool
    flare: float
    fold: float = 0.08

    @property
    def parts(self) -> tuple[int, ...]:
        """Parts of the mannequin that are there besides the skin."""
        return (SKIRT,) * bool(self.skirt) + (LONG_HAIR,) * self.long_hair

    def covering(self, place: Place) -> np.ndarray:
        """Say what each place is covered with: int8 (P,), of `SKIN`, `TOP`, ..."""
        x_P, y_P, z_P = place.rest_P3.T
        arm_P, leg_P, hair_P = (place.field_P[name] for name in ("arm", "leg", "hair"))
        found_P = np.zeros(len(x_P), np.int8)
        head_P = y_P > _COLLAR + 0.052
        if head_P.any():
            self._face(found_P, np.flatnonzero(head_P), place)
        found_P[hair_P > self.hairline] = HAIR
        found_P[(leg_P > self.waist) & (leg_P < max(self.length, 0.75 * self.skirt))] = BOTTOM
        line_P = (
            _COLLAR + self.collar - self.cut * np.clip(1 - np.abs(x_P) / 0.05, 0, 1) * (z_P > 0)
        )
        found_P[(leg_P < self.hem) & (arm_P < self.sleeve) & (y_P < line_P)] = TOP
        found_P[leg_P > self.sock_from] = SOCK
        found_P[leg_P > self.shoe_from] = SHOE
        found_P[(leg_P > max(2.86, self.shoe_from)) & (found_P == SHOE)] = SOLE
        if place.part_P.any():
            found_P[place.part_P == SKIRT] = BOTTOM
            found_P[place.part_P == LONG_HAIR] = HAIR
        return found_P

    def _face(self, found_P: np.ndarray, head: np.ndarray, place: Place) -> None:
        """Put eyes, brows and lips on the front of the head."""
        x, y, z = np.abs(place.rest_P3[head, 0]), place.rest_P3[head, 1], place.rest_P3[head, 2]
        front = z > 0.035
        eye = place.field_P["eye"][head] > 0.5
        mouth = ((x - _MOUTH[0]) / 0.0155) ** 2 + ((y - _MOUTH[1]) / 0.0046) ** 2 < 1
        arch = _BROW[1] - 9.0 * (x - _BROW[0]) ** 2
        brow = (np.abs(x - _BROW[0]) < 0.0125) & (np.abs(y - arch) < 0.0024)
        found_P[head[front & mouth]] = LIP
        found_P[head[front & brow]] = BROW
        found_P[head[eye]] = WHITE
        iris = (x - _EYE[0]) ** 2 + (y - _EYE[1]) ** 2 < 0.0042**2
        found_P[head[front & eye & iris]] = IRIS

    def stand_off(self, place: Place) -> np.ndarray:
        """How far cloth and hair stand off the skin (P,), units."""
        found_P = self.covering(place)
        leg_P, hair_P = place.field_P["leg"], place.field_P["hair"]
        depth = np.zeros(SOLE + 1, np.float32)
        depth[[TOP, BOTTOM, SOCK, SHOE, SOLE]] = (
            self.top.loose, self.bottom.loose, 0.002, 0.005, 0.006,
        )  # fmt: skip
        off_P = depth[found_P]
        trousers_P = (found_P == BOTTOM) & (place.part_P == 0)
        off_P[trousers_P] += self.flare * np.clip(leg_P[trousers_P] - 0.4, 0, 2)
        grown_P = found_P == HAIR
        off_P[grown_P] = self.thick_hair * np.clip(
            (hair_P[grown_P] - self.hairline) / 0.25, 0.15, 1
        )
        off_P[place.part_P == LONG_HAIR] = 0.002
        return off_P

    def colour(self, place: Place) -> tuple[np.ndarray, np.ndarray]:
        """Give base colours (P, 3) in 0-255, and whether it is cloth (P,)."""
        found_P = self.covering(place)
        brow = palette.mix(self.skin, self.hair, 0.75)
        table = np.array(
            [
                self.skin, self.top.colour, self.bottom.colour, self.sock, self.shoe, self.hair,
                palette.mix(self.skin, (165, 60, 62), 0.5), brow, (232, 228, 224), self.iris,
                palette.shade(self.shoe, 0.45) if sum(self.shoe) > 330 else (190, 186, 180),
            ],
            np.float32,
        )  # fmt: skip
        colour_P3 = table[found_P]
        for number, garment in ((TOP, self.top), (BOTTOM, self.bottom)):
            if garment.pattern != "plain":
                _woven(colour_P3, np.flatnonzero(found_P == number), garment, place)
        return colour_P3, (found_P == TOP) | (found_P == BOTTOM)


def _woven(colour_P3: np.ndarray, rows: np.ndarray, garment: Garment, place: Place) -> None:
    """Give places `rows` the garment's second colour where its pattern has it."""
    x, y, z = place.rest_P3[rows].T
    arm, leg = place.field_P["arm"][rows], place.field_P["leg"][rows]
    down = np.where(arm > 0, 0.16 * arm, -0.245 * leg)  # along the limb or the trunk
    turns = 2 * np.pi / garment.pitch
    around = np.where(np.abs(x) > 0.03, x + 0.5 * z * np.sign(x), x)
    if garment.pattern == "stripes":
        second = np.sin(turns * down) > 0.1
    elif garment.pattern == "upright stripes":
        second = np.sin(turns * around) > 0.3
    elif garment.pattern == "checks":
        second = (np.sin(turns * down) > 0) ^ (np.sin(turns * around) > 0)
    elif garment.pattern == "print":
        second = (z > 0) & ((x / 0.05) ** 2 + ((y - 0.2) / 0.045) ** 2 < 1)
    else:
        swing = 0.35 * turns
        second = (
            np.sin(swing * (x + 0.7 * y))
            + np.sin(swing * (1.3 * y - z))
            + np.sin(swing * 1.7 * (z + x))
            > 0.5
        )
    colour_P3[rows[second]] = garment.second


def draw(rng: np.random.Generator, look: str) -> BodyOutfit:
    """Choose what one person looks like and wears; patterns are worn in `"photo"` alone."""
    skin, hair = palette.skin_tone(rng), palette.hair_colour(rng)
    one, two, three = (palette.cloth_colour(rng) for _ in range(3))
    if sum(abs(a - b) for a, b in zip(one, two, strict=True)) < 90:  # tell them apart
        two = palette.shade(one, 0.5) if sum(one) > 300 else palette.mix(one, (230, 225, 215), 0.6)
    kind, cut, leg, foot, head, chin, dress, loose, wide, pitch = rng.random(10)
    woven = rng.random(2) if look == "photo" else np.ones(2)
    patterns = [PATTERNS[1 + int(w / 0.36 * 4.5)] if w < 0.36 else "plain" for w in woven]
    tops = [
        (0.12, (-0.02, 0.0)),  # no sleeves
        (0.52, (0.35, 0.85)),  # short
        (0.58, (1.2, 1.5)),
        (0.96, (1.75, 1.97)),  # long
        (1.00, (-9.0, -9.0)),  # none at all
    ]
    low, high = next(span for share, span in tops if kind < share)
    sleeve = low + (high - low) * cut
    skirt = 0.0
    if dress < 0.16:
        skirt = 0.35 + 1.25 * leg
        length = 0.2
    elif leg < 0.06:
        length = 0.1
    elif leg < 0.38:
        length = 0.3 + 0.7 * wide
    elif leg < 0.45:
        length = 1.45
    else:
        length = 1.86 + 0.1 * wide
    one_piece = dress < 0.08 or dress > 0.94
    bottom_colour = one if one_piece else two
    shoe = palette.hsv(three[0] / 255, 0.3, (0.16, 0.3, 0.55, 0.9)[int(4 * foot) % 4])
    bare = foot < 0.1
    return BodyOutfit(
        skin=skin,
        hair=hair,
        iris=(70, 48, 32) if sum(skin) < 560 or head < 0.5 else (70, 95, 120),
        shoe=shoe,
        sock=(226, 226, 222) if chin < 0.6 else palette.shade(two, 0.8),
        top=Garment(one, _second(one, three), patterns[0], 0.014 + 0.05 * pitch,
                    0.0025 + 0.012 * loose**2),
        bottom=Garment(bottom_colour, _second(bottom_colour, three),
                       "plain" if patterns[1] == "print" else patterns[1],
                       0.014 + 0.03 * pitch, 0.002 + 0.009 * wide**2),
        sleeve=sleeve,
        hem=-0.28 + 0.33 * loose if not skirt else -0.33,
        collar=0.004 + 0.016 * pitch + (0.03 if cut > 0.9 else 0),
        cut=0.05 * cut**2,
        waist=-0.42,
        length=length,
        skirt=skirt,
        sock_from=9.0 if bare else 2.0 - 0.55 * chin**2,
        shoe_from=9.0 if bare else 1.6 if foot > 0.94 else 1.98 + 0.12 * pitch,
        hairline=9.0 if head < 0.05 else -0.1 + 0.1 * head,
        thick_hair=0.003 + 0.014 * chin**2,
        long_hair=bool(head > 0.62),
        flare=0.006 * max(0.0, wide - 0.5),
    )  # fmt: skip


def _second(colour: Colour, other: Colour) -> Colour:
    """Return a colour for the pattern on cloth of `colour`: `other`, or its light or dark self."""
    if sum(abs(a - b) for a, b in zip(colour, other, strict=True)) > 120:
        return other
    return (
        palette.shade(colour, 0.45)
        if sum(colour) > 330
        else palette.mix(colour, (240, 238, 230), 0.7)
    )
