"""Options such as ``species=dog+sheep``: one or several of the animals that a data set holds."""

from __future__ import annotations

from collections.abc import Iterable

from posesift import spelling
from posesift.skeletons.synonyms import plain


def chosen(text: str, there: Iterable[str], told: str) -> list[str]:
    """Return the animals that an option names, in the order of ``there``.

    Case, and what is between the words of a name, do not matter.

    >>> chosen("Sheep+polar-bear", ["dog", "polar bear", "sheep"], "species")
    ['polar bear', 'sheep']

    Args:
        text: names joined by ``+``, or ``all``.
        there: the names that there are.
        told: the option, for messages.

    Raises:
        ValueError: a name that is none of these; the closest is suggested.
    """
    known = {plain(name): name for name in there}
    if text == "all":
        return list(known.values())
    wanted = [plain(name) for name in text.split("+")]
    for name in wanted:
        if name not in known:
            close = spelling.meant(name, known)
            hint = f"; did you mean {known[close]!r}?" if close else ""
            raise ValueError(
                f"expected {told}=all or names joined by +, of {', '.join(known.values())}; found "
                f"{name!r}{hint}"
            )
    return [name for key, name in known.items() if key in wanted]
