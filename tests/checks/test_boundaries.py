"""Which conditions at boundaries an equation needs: none for parameters, poles and outflows."""

import pytest

from tests.checks.statements import said, says, severe

PARAMETER = """
box = Box(x=(0, 1), y=(0, 1), m=(1, 4))

@on(box)
def helmholtz(p, u):
    return LAPLACIAN + p.m * u - sin(pi * p.x)

@on(box.at(x=0) | box.at(x=1) | box.at(y=0) | box.at(y=1))
def walls(p, u):
    return u

problem = Problem(helmholtz, walls)
"""
PARAMETRIC_HEAT = """
from math import log
domain = Box(x=(-1, 1), t=(0, 1), log_a=(log(0.1), log(10)))

@on(domain)
def heat(p, u):
    return d(u, p.t) - exp(p.log_a) * d(u, p.x, p.x)

@on(domain.at(t=0))
def start(p, u):
    return u - cos(pi / 2 * p.x)

@on(domain.at(x=-1) | domain.at(x=1))
def ends(p, u):
    return u

problem = Problem(heat, start, ends)
"""
POLAR = """
disc = Box(r=(0, 1), theta=(0, 2 * pi))
field = Siren(2, period=(None, 2 * pi))

@on(disc)
def poisson(p, u):
    r, theta = p
    return EQUATION + r * cos(theta)

@on(disc.at(r=1))
def rim(p, u):
    return u

problem = Problem(poisson, rim)
"""
RADIAL_HEAT = """
rod = Box(r=(0, 1), t=(0, 1))

@on(rod)
def heat(p, u):
    return d(u, p.t) - d(u, p.r, p.r) - POWER * d(u, p.r) / p.r

@on(rod.at(t=0))
def start(p, u):
    return u - cos(pi / 2 * p.r)

@on(rod.at(r=1))
def surface(p, u):
    return u

problem = Problem(heat, start, surface)
"""
LEGENDRE = """
line = Box(x=(-1, 1), t=(0, 1))

@on(line)
def diffusion(p, u):
    return d(u, p.t) - d((1 - p.x**2) * d(u, p.x), p.x)

@on(line.at(t=0))
def start(p, u):
    return u - p.x

problem = Problem(diffusion, start)
"""
OPTION = """
strip = Box(s=(0, 200), t=(0, 1))

@on(strip)
def black_scholes(p, v):
    s = p.s
    return d(v, p.t) + 0.02 * s**2 * d(v, s, s) + 0.05 * s * d(v, s) - 0.05 * v

@on(strip.at(t=1))
def payoff(p, v):
    return v - log(1 + exp(p.s / 10 - 10)) * 10

@on(strip.at(s=200))
def far(p, v):
    return d(v, p.s) - 1

problem = Problem(black_scholes, payoff, far)
"""
CHANNEL = """
channel = Polygon([[0, 0], [4, 0], [4, 1], [0, 1]])
field = System(v=Siren(2, 2), q=Siren(2))

@on(channel)
def momentum(p, v, q):
    return lap(v) - grad(q)

@on(channel)
def mass(p, v):
    return div(v)

@on(channel.boundary.pieces[0] | channel.boundary.pieces[2])
def walls(p, v):
    return v

@on(channel.boundary.pieces[3])
def inlet(p, v):
    return v[0] - p.y * (1 - p.y), v[1]

@on(channel.boundary.pieces[1])
def outlet(p, v, q):
    return OUTLET

problem = Problem(momentum, mass, walls, inlet, outlet)
"""
SPHERE = """
ball = Ball(x=0, y=0, z=0, radius=2)

@on(ball.boundary)
def surface(p, u):
    n = p.normal
    return EQUATION

@on(PointCloud([[2.0, 0.0, 0.0]]))
def pin(p, u):
    return u

problem = Problem(surface, pin)
"""
CURVE = """
ring = Ball(x=0, y=0).boundary * Box(z=(0, 1)).at(z=0)

@on(ring)
def equation(p, u):
    x, y, z = p
    along = lambda w: x * d(w, y) - y * d(w, x)
    return EQUATION

problem = Problem(equation)
"""

WELL_POSED = {
    "a Laplacian in the coordinates that are space": PARAMETER.replace(
        "LAPLACIAN", "lap(u, p.x, p.y)"
    ),
    "a diffusivity as a coordinate": PARAMETRIC_HEAT,
    "a disc in polar coordinates": POLAR.replace(
        "EQUATION", "d(u, r, r) + d(u, r) / r + d(u, theta, theta) / r**2"
    ),
    "the same times r": POLAR.replace("EQUATION", "r * d(r * d(u, r), r) + d(u, theta, theta)"),
    "a cylinder that cools": RADIAL_HEAT.replace("POWER", "1"),
    "a ball that cools": RADIAL_HEAT.replace("POWER", "2"),
    "diffusion that vanishes at both ends": LEGENDRE,
    "an option, free where the share is worthless": OPTION,
    "an outflow with a pressure": CHANNEL.replace("OUTLET", "q, v[1]"),
    "an outflow without traction": CHANNEL.replace("OUTLET", "d(v[0], p.x) - q, d(v[1], p.x)"),
    "the Laplacian of a sphere": SPHERE.replace(
        "EQUATION",
        "lap(u) - dot(n, Vector([dot(row, n) for row in hess(u)])) - 2 / 2 * dot(n, grad(u)) + p.z",
    ),
    "values on a sphere": SPHERE.replace("EQUATION", "u - p.z"),
    "values and slopes on a sphere": SPHERE.replace("EQUATION", "u - p.z, dot(grad(u), n) - p.z"),
    "derivatives along a curve": CURVE.replace("EQUATION", "along(along(u)) - u - x - z"),
}


@pytest.mark.parametrize("name", WELL_POSED)
def test_a_well_posed_problem_is_left_alone(name, tmp_path):
    assert severe(said(tmp_path, WELL_POSED[name])) == []


ILL_POSED = {
    "a Laplacian over a parameter": (
        PARAMETER.replace("LAPLACIAN", "lap(u)"),
        r"error parameter: `helmholtz` differentiates u twice along m.*If m is a parameter.*"
        r"`lap\(u, p.x, p.y\)`.*If m is a place.*@on\(domain.at\(m=1\) \| domain.at\(m=4\)\)",
    ),
    "a divergence over a parameter": (
        PARAMETER.replace("LAPLACIAN", "div((1 + p.x) * grad(u))"),
        r"error parameter: .*along m",
    ),
    "a parameter that only the source knows": (
        PARAMETER.replace("LAPLACIAN + p.m * u", "lap(u) - p.m"),
        r"warning boundary: .*on m=1 and m=4 there.*If m is a parameter, write `lap\(u, p.x, p.y\)",
    ),
    "a wall at an inner radius, not at the axis": (
        RADIAL_HEAT.replace("POWER", "1").replace("r=(0, 1)", "r=(0.5, 1)"),
        r"warning boundary: .*on r=0.5 .*domain.at\(r=0.5\)",
    ),
    "a weak singularity needs a value": (
        RADIAL_HEAT.replace("POWER", "0.5"),
        r"warning boundary: .*on r=0 ",
    ),
    "an outflow that says too little": (
        CHANNEL.replace("OUTLET", "v[1]"),
        r"warning boundary: .*for v\[0\].*domain.boundary.pieces\[1\]",
    ),
    "a Laplacian of space on a sphere": (
        SPHERE.replace("EQUATION", "lap(u) + p.z"),
        r"error across: `surface` holds on a surface, of dimension 2 in 3 .*lap\(u\) - dot\(n",
    ),
    "a distance along a sphere": (
        SPHERE.replace("EQUATION", "dot(grad(u), grad(u)) - 1"),
        r"error across: `surface` .*directions that leave it",
    ),
    "a Laplacian of space on a curve": (
        CURVE.replace("EQUATION", "lap(u) - u - x"),
        r"error across: `equation` holds on a curve, of dimension 1 in 3",
    ),
}


@pytest.mark.parametrize("name", ILL_POSED)
def test_an_ill_posed_problem_is_named(name, tmp_path):
    text, pattern = ILL_POSED[name]
    lines = said(tmp_path, text)
    assert says(lines, pattern), lines


MEMBRANE = """
box = Box(x=(0, 1), y=(0, 1), z=(0, 1))

@on(box.at(z=0))
def membrane(p, u):
    return LAPLACIAN + 1

@on(box.at(z=0, x=0) | box.at(z=0, x=1) | box.at(z=0, y=0) | box.at(z=0, y=1))
def rim(p, u):
    return u

problem = Problem(membrane, rim)
"""


def test_a_flat_face_is_a_surface(tmp_path):
    assert says(said(tmp_path, MEMBRANE.replace("LAPLACIAN", "lap(u)")), "error across: `membrane`")
    flat = said(tmp_path, MEMBRANE.replace("LAPLACIAN", "lap(u, p.x, p.y)"))
    assert not says(flat, "across"), flat
