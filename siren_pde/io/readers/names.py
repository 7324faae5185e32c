"""What columns of scans are called by the programs that write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from siren_pde.calculus.points import check_names
from siren_pde.errors import ConfigError, DomainError

POSITION, NORMAL, COLOUR = ("x", "y", "z"), ("nx", "ny", "nz"), ("red", "green", "blue")
INTENSITY, LEFT_OUT = "intensity", "_"
Triple = tuple[str, str, str]

_UNIT = re.compile(r"\s*[\[(][^\])]*[\])]$")
_OWN = "scalar_"
"""Before the names of measurements, as CloudCompare writes them."""


def _spelled(stems: Iterable[str], letters: Triple, order: str = "{stem}{letter}") -> list[Triple]:
    triples = [[order.format(stem=stem, letter=letter) for letter in letters] for stem in stems]
    return [(a, b, c) for a, b, c in triples]


_PLACES = (
    "p pos position positions point points coord coords coordinate coordinates cartesian".split()
)
_PLACES += "location vertex vertices verts xyz pts cloud pointcloud pc".split()
_DIRECTIONS = "n normal normals norm nor nornormal vn".split()
_PAINTS = "color colour colors colours diffuse vertex rgb rgba".split()
_NUMBERS = ("0", "1", "2")
POSITIONS = [
    ("x", "y", "z"),
    *_spelled(_PLACES, ("x", "y", "z")),
    *_spelled(_PLACES, ("x", "y", "z"), "{letter}{stem}"),
    *_spelled(_PLACES[1:], _NUMBERS),
]
NORMALS = [
    *_spelled(_DIRECTIONS, ("x", "y", "z")),
    *_spelled(_DIRECTIONS, ("x", "y", "z"), "{letter}{stem}"),
    *_spelled(_DIRECTIONS[1:], _NUMBERS),
]
COLOURS = [
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("rf", "gf", "bf"),
    *_spelled(_PAINTS, ("red", "green", "blue")),
    *_spelled(_PAINTS, ("r", "g", "b")),
    *_spelled(_PAINTS, _NUMBERS),
]
_EAST = frozenset(
    "x xm xutm utmx easting eastings east e utmeasting utme rechtswert est este".split()
)
_NORTH = frozenset(
    "y ym yutm utmy northing northings north n utmnorthing utmn hochwert nord norte".split()
)
_UP = frozenset(
    "z zm height heights altitude elevation elev alt h ellipsoidalheight orthometricheight hoehe "
    "höhe hauteur quota cota altura altitud".split()
)
"""Of surveys, in the languages whose programs write them."""
_ANGLES = frozenset("lon long lng longitude lat latitude".split())
_NUMBERING = frozenset(
    "index idx id pointid pointno pointnumber point pt no nr number unnamed0".split()
)
_INTENSITIES = frozenset(["intensity", "i", "intensities"])


def known_as(names: Sequence[str]) -> list[str]:
    """What columns of these names are, each: x y z, nx ny nz, red green blue, intensity, or a
    measurement of its own name; an empty list where no three of them are coordinates.
    """
    keys = [_key(name) for name in names]
    place = _first(keys, POSITIONS) or _surveyed(keys)
    if place is None:
        return []
    roles: dict[int, str] = dict(zip(place, POSITION, strict=True))
    for families, triple in ((NORMALS, NORMAL), (COLOURS, COLOUR)):
        free = ["" if i in roles else key for i, key in enumerate(keys)]
        chosen = _first(free, families)
        roles |= dict(zip(chosen, triple, strict=True)) if chosen else {}
    for i, name in enumerate(names):
        if i not in roles:
            roles[i] = _measurement(name, roles.values())
    return [roles[i] for i in range(len(names))]


def are_angles(names: Sequence[str]) -> bool:
    """Whether longitudes or latitudes are among them."""
    return any(_key(name) in _ANGLES for name in names)


def is_numbering(name: str) -> bool:
    """Whether a column of this name may just number the points."""
    return not name or _key(name) in _NUMBERING


def triple(name: str) -> tuple[str, ...]:
    """What the three columns of an array of this name are: positions, normals or colours; an empty
    tuple for any other.
    """
    key = tuple(_key(f"{name}_{i}") for i in range(3))
    for families, names in ((POSITIONS, POSITION), (NORMALS, NORMAL), (COLOURS, COLOUR)):
        if key in families:
            return names
    return ()


def is_place(name: str) -> bool:
    """Whether an array of this name holds positions."""
    return triple(name) == POSITION


def can_be_measured(name: str) -> bool:
    """Whether it can be read as `p.name` at points p."""
    try:
        check_names("a measurement", (*POSITION, name))
    except DomainError:
        return False
    return True


def chosen(text: str) -> tuple[str, ...]:
    """The columns that a user names, such as `x,y,z,nx,ny,nz,_,r,g,b`, one by one.

    `_` is left out, `scalar_NAME` is a measurement called NAME. Raises ConfigError for names that
    are unknown or given twice, and where there are not x, y and z, or two of three of something.
    """
    words = [word.strip() for word in text.split(",")]
    columns = tuple(_chosen(word) for word in words)
    given = [name for name in columns if name != LEFT_OUT]
    for name in given:
        if given.count(name) > 1:
            raise _wrong(text, f"names `{name}` twice")
    for triple in (POSITION, NORMAL, COLOUR):
        missing = set(triple) - set(given)
        if missing and (triple is POSITION or len(missing) < 3):
            raise _wrong(text, f"lacks {', '.join(f'`{n}`' for n in triple if n in missing)}")
    return columns


def _chosen(word: str) -> str:
    key = _key(word)
    if word == LEFT_OUT:
        return LEFT_OUT
    if word.lower().startswith(_OWN) and can_be_measured(word.lower().removeprefix(_OWN)):
        return word.lower().removeprefix(_OWN)
    for families, triple in ((POSITIONS, POSITION), (NORMALS, NORMAL), (COLOURS, COLOUR)):
        for family in families:
            if key in family:
                return triple[family.index(key)]
    if key in _INTENSITIES:
        return INTENSITY
    raise _wrong(word, "is no column that is known")


def _wrong(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"`{text[:80]}` {why}. Name every column of the file, in their order, as in "
        "`x,y,z,nx,ny,nz,_,r,g,b`: x y z, nx ny nz, r g b, intensity, `scalar_NAME` for another "
        "measurement, and `_` for what is to be left out."
    )


def _key(name: str) -> str:
    """A name without what programs spell differently: case, signs, unit."""
    plain = _UNIT.sub("", name.strip(" \t\"'").lower().removeprefix("//"))
    return re.sub(r"[\W_]+", "", plain)


def _first(keys: Sequence[str], families: Sequence[Triple]) -> tuple[int, int, int] | None:
    """Where the first of these families stands that is there as a whole."""
    for x, y, z in families:
        if {x, y, z} <= set(keys):
            return keys.index(x), keys.index(y), keys.index(z)
    return None


def _surveyed(keys: Sequence[str]) -> tuple[int, int, int] | None:
    """Easting, northing and height, where each is there once; `z` comes before other heights."""
    places = []
    for words in (_EAST, _NORTH, _UP):
        here = [i for i, key in enumerate(keys) if key in words]
        best = [i for i in here if keys[i] in POSITION] or here
        if len(best) != 1:
            return None
        places.append(best[0])
    return places[0], places[1], places[2]


def _measurement(name: str, taken: Iterable[str]) -> str:
    """A name that can be read as `p.name`, where the column's own can be turned into one."""
    key, taken = _key(name), set(taken)
    if key.removeprefix("scalar") in _INTENSITIES and INTENSITY not in taken:
        return INTENSITY
    plain = _UNIT.sub("", name.strip(" \t\"'").lower().removeprefix("//"))
    plain = re.sub(r"\W+", "_", plain).strip("_")
    short = plain.removeprefix(_OWN)
    if short not in {*taken, *POSITION, *NORMAL, *COLOUR, "field"} and can_be_measured(short):
        plain = short
    return plain if plain not in {*taken, *POSITION, *NORMAL} else LEFT_OUT
