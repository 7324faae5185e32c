"""Which way equations may run in time: parabolic ones from one end only, waves from either."""

import pytest

from tests.checks.statements import said, says, severe

LINE = """
strip = Box(x=(0, 1), t=(0, 1))

@on(strip)
def equation(p, u):
    x, t = p
    return EQUATION

@on(strip.at(x=0) | strip.at(x=1))
def walls(p, u):
    return u

@on(strip.at(t=WHEN))
def given(p, u):
    return CONDITION

problem = Problem(equation, walls, given)
"""
PLANE = """
room = Box(x=(0, 1), y=(0, 1), t=(0, 1))

@on(room)
def equation(p, u):
    return EQUATION

@on(room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1))
def walls(p, u):
    return u

@on(room.at(t=0))
def start(p, u):
    return u - sin(pi * p.x) * sin(pi * p.y)

problem = Problem(equation, walls, start)
"""
PERIODIC = """
strip = Box(x=(0, 2 * pi), t=(0, 1))
field = Siren(2, period=(2 * pi, None))

@on(strip)
def equation(p, u):
    x, t = p
    return EQUATION

@on(strip.at(t=0))
def start(p, u):
    return u - cos(p.x)

problem = Problem(equation, start)
"""


def line(equation, when=0, condition="u - sin(pi * p.x)"):
    text = LINE.replace("EQUATION", equation).replace("WHEN", str(when))
    return text.replace("CONDITION", condition)


WELL_POSED = {
    "heat from its start": line("d(u, t) - d(u, x, x)"),
    "heat with its sides exchanged": line("d(u, x, x) - d(u, t)"),
    "heat that runs back, from its end": line("d(u, t) + d(u, x, x)", 1),
    "heat with a conductivity": line("d(u, t) - d((1 + x) * d(u, x), x)"),
    "heat that conducts better when hot": line("d(u, t) - d((1 + u**2) * d(u, x), x)"),
    "heat divided by its conductivity": line("d(u, t) / (1 + x) - d(u, x, x)"),
    "a wave from its end": line("d(u, t, t) - d(u, x, x)", 1, "u - sin(pi * p.x), d(u, p.t)"),
    "a plate of waves": PLANE.replace("EQUATION", "d(u, p.t) - lap(u) - d(u, p.x, p.y)"),
    "Kuramoto and Sivashinsky": PERIODIC.replace(
        "EQUATION", "d(u, t) + u * d(u, x) + d(u, x, x) + d(u, x, x, x, x)"
    ),
    "Korteweg and de Vries": PERIODIC.replace("EQUATION", "d(u, t) + u * d(u, x) + d(u, x, x, x)"),
    "Cahn and Hilliard": PERIODIC.replace(
        "EQUATION", "d(u, t) - d(u**3 - u - 0.01 * d(u, x, x), x, x)"
    ),
    "a pseudo-parabolic one": PERIODIC.replace("EQUATION", "d(u, t) - d(u, x, x, t) - d(u, x, x)"),
}


@pytest.mark.parametrize("name", WELL_POSED)
def test_a_well_posed_direction_is_left_alone(name, tmp_path):
    assert severe(said(tmp_path, WELL_POSED[name])) == []


ILL_POSED = {
    "heat from its end": (
        line("d(u, t) - d(u, x, x)", 1),
        r"error ill-posed: `equation` diffuses forward .*u is given at t=1, its end.*"
        r"@on\(domain.at\(t=0\)\)",
    ),
    "heat from its end, sides exchanged": (
        line("3 * d(u, x, x) - 2 * d(u, t) + d(u, x)", 1),
        "error ill-posed: .*diffuses forward",
    ),
    "diffusion of the wrong sign": (
        line("d(u, t) + d(u, x, x)"),
        r"error ill-posed: `equation` diffuses backward .*at t=0, its start.*"
        r"@on\(domain.at\(t=1\)\)",
    ),
    "a nonlinear one of the wrong sign": (
        line("d(u, t) + d((1 + u**2) * d(u, x), x)"),
        "error ill-posed: .*diffuses backward",
    ),
    "one sign of two": (
        PLANE.replace("EQUATION", "d(u, p.t) - d(u, p.x, p.x) + d(u, p.y, p.y)"),
        "error ill-posed: .*all of them must be alike",
    ),
    "a beam's damping of the wrong sign": (
        PERIODIC.replace("EQUATION", "d(u, t) - d(u, x, x) - d(u, x, x, x, x)"),
        "error ill-posed: .*diffuses backward",
    ),
    "nothing at the end of a backward equation": (
        line("d(u, t) + d(u, x, x)").replace("walls, given", "walls"),
        r"error initial: .*Give u at the end, `@on\(domain.at\(t=1\)\)",
    ),
}


@pytest.mark.parametrize("name", ILL_POSED)
def test_an_ill_posed_direction_is_named(name, tmp_path):
    text, pattern = ILL_POSED[name]
    lines = said(tmp_path, text)
    assert says(lines, pattern), lines
