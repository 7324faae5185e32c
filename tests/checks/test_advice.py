"""Advice can be pasted: the conditions it names exist in every geometry, and mend the problem."""

import re

import pytest

from tests.checks.statements import said, says

EQUATION = """
{setting}

@on(domain)
def equation(p, u):
    return lap(u) + 1

@on({held})
def held(p, u):
    return u

problem = Problem(equation, held)
"""
HEAT = """
{setting}

@on(domain)
def equation(p, u):
    return d(u, p.t) - lap(u)

@on({held})
def held(p, u):
    return u - 1 - p.x

problem = Problem(equation, held)
"""
TRIANGLE = "Polygon([[0, 0], [1, 0], [0, 1]])"
PLATE = "Box(x=(0, 1), y=(0, 1)) - Ball(x=0.5, y=0.5, radius=0.2)"
EGG = "Implicit(Egg(), resolution=16)"
IMPORT = "from tests.strategies import Egg\n"
PAIR = "Box(x=(0, 1), y=(0, 1)) | Box(x=(1, 2), y=(0, 0.5))"
BARE = {
    "a box": ("domain = Box(x=(0, 1 / 3), y=(0, 1))", "domain.at(x=0) | domain.boundary.pieces[2]"),
    "a polygon": (f"domain = {TRIANGLE}", "domain.boundary.pieces[0]"),
    "a ball": ("domain = Ball(x=0, y=0)", "PointCloud([[0.0, 0.0]])"),
    "a plate with a hole": (f"domain = {PLATE}", "Box(x=(0, 1), y=(0, 1)).boundary"),
    "two boxes": (f"domain = {PAIR}", "Box(x=(0, 1), y=(0, 1)).at(x=0)"),
    "an implicit one": (f"{IMPORT}domain = {EGG}", "PointCloud([[0.0, 1.0, 2.0]])"),
    "a cylinder": (
        "x_y, z = Ball(x=0, y=0), Box(z=(0, 1))\ndomain = x_y * z",
        "x_y * z.at(z=0)",
    ),
}
TIMED = {
    "a box": ("domain = Box(x=(0, 1 / 3), t=(0, 1))", "domain.at(t=0)"),
    "a box without a start": ("domain = Box(x=(0, 1), t=(0, 1))", "domain.at(x=0)"),
    "a polygon": (
        f"space, time = {TRIANGLE}, Box(t=(0, 1))\ndomain = space * time",
        "space * time.at(t=0)",
    ),
    "a ball without a start": (
        "space, time = Ball(x=0, y=0), Box(t=(0, 1))\ndomain = space * time",
        "space.boundary * time",
    ),
    "a plate with a hole": (
        f"space, time = {PLATE}, Box(t=(0, 1))\ndomain = space * time",
        "space * time.at(t=0)",
    ),
    "an implicit one": (
        f"{IMPORT}space, time = {EGG}, Box(t=(0, 1))\ndomain = space * time",
        "space * time.at(t=0)",
    ),
    "a box times time": (
        "space, time = Box(x=(0, 1), y=(0, 1)), Box(t=(2, 3))\ndomain = space * time",
        "space * time.at(t=2)",
    ),
}
CODE = re.compile(
    r"`@on\((?P<place>[^`]*)\)`.*?"
    r"`(?P<function>def (?P<name>\w+)\(.*?): return (?P<value>.*?) - …`"
)


def mended(text, folder):
    """The text with every piece of advice pasted, one after another; and what is said then."""
    for _ in range(4):
        lines = [x for x in said(folder, text) if re.match(r"error initial|\w+ boundary", x)]
        if not lines:
            return text, said(folder, text)
        advice = CODE.search(lines[0])
        assert advice, lines[0]
        pasted = f"@on({advice['place']})\n{advice['function']}: return {advice['value']} - p.x\n\n"
        start, end = text.rsplit("problem = Problem(", 1)
        text = f"{start}{pasted}problem = Problem({advice['name']}, {end}"
    raise AssertionError(f"advice does not end: {lines}")


@pytest.mark.parametrize("name", BARE)
def test_a_missing_boundary_condition_can_be_pasted(name, tmp_path):
    setting, held = BARE[name]
    text, lines = mended(EQUATION.format(setting=setting, held=held), tmp_path)
    assert text.count("@on") > 2 and not says(lines, "boundary:|outside:|residual:"), lines


@pytest.mark.parametrize("name", TIMED)
def test_a_missing_start_can_be_pasted(name, tmp_path):
    setting, held = TIMED[name]
    text, lines = mended(HEAT.format(setting=setting, held=held), tmp_path)
    assert text.count("@on") > 2, lines
    assert not says(lines, "boundary:|initial:|outside:|residual:"), lines
