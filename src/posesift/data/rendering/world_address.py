"""The world that an address names, as rendering wants it: every option with its value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posesift.data import readers, worlds
from posesift.data.address import Address, parse
from posesift.data.worlds.scene import Scene


@dataclass(frozen=True, kw_only=True)
class WorldAddress:
    """A built-in world, what is asked of it, and how it looks; see `posesift.data.worlds.sample`.

    >>> world = WorldAddress.of("world:body,look=photo,seed=3", n=100)
    >>> world.look, world.seed, world.n, world.side
    ('photo', 3, 100, 64)
    >>> str(world)
    'world:body,poses=source,look=photo,seed=3,split=train,side=64,n=100'
    """

    name: str
    poses: str
    look: str
    n: int
    seed: int
    split: str
    side: int
    facing: int | None

    @classmethod
    def of(
        cls, address: str | Address, *, n: int | None = None, side: int | None = None
    ) -> WorldAddress:
        """Read an address such as ``world:body,look=photo``.

        Args:
            address: of the world; options that it leaves out have their defaults.
            n: how many samples, in place of the address's.
            side: of the images, px, in place of the address's.

        Raises:
            ValueError: it names no world, or something of a world that there is not; ``n`` or
                ``side`` is given twice, or out of range.
        """
        address = parse(address) if isinstance(address, str) else address
        if address.kind != "world":
            raise ValueError(
                f"expected a world to render, such as world:body or world:hand,look=photo; found "
                f"{address}"
            )
        known = readers.options("world")
        values = readers.converted(address)
        for name, value in (("n", n), ("side", side)):
            if value is not None and name in values:
                raise ValueError(f"{address} says {name} already, and --{name} too: give one")
            values |= {} if value is None else {name: value}
        if others := sorted({"as", "map"} & set(values)):
            raise ValueError(
                f"{address}: {others[0]}= is for reading; a world is rendered with its own "
                "keypoints, and the result can be read with other ones"
            )
        defaults = {name: p.default for name, p in known.items() if p.default is not p.empty}
        found = cls(name=address.path, **defaults | values)
        for what, value, least, most in (
            ("n", found.n, 1, worlds.LARGEST_COUNT),
            ("side", found.side, 16, worlds.LARGEST_SIDE),
        ):
            if not least <= value <= most:
                raise ValueError(f"expected {what} from {least} to {most:,}, found {value}")
        found.scene([])  # refuses what is left that no world has
        return found

    def __str__(self) -> str:
        """Give the address that `posesift.data.readers.read` reads the same samples from."""
        return f"{self.root},n={self.n}"

    @property
    def root(self) -> str:
        """The address without the number of samples."""
        return worlds.canonical(
            self.name, self.poses, self.look, self.seed, self.split, self.side, self.facing
        )

    def scene(self, numbers: np.ndarray | list[int] | None = None) -> Scene:
        """Draw samples, the first ``n`` or those of some numbers; see `posesift.data.worlds.draw`.

        Raises:
            ValueError: a number is below 0 or too large.
        """
        numbers = np.arange(self.n) if numbers is None else numbers
        return worlds.draw(self.name, self.poses, numbers, self.seed, self.split, self.facing)
