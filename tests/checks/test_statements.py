"""Sources, values, eigenvalues, materials and units: what is said of each, and what is not."""

import pytest

from tests.checks.statements import said, says, severe

WELL = """
well = Box(x=(0, 1))
field = System(psi=Siren(1), E=Unknown(4.0))

@on(well)
def schroedinger(p, psi, E):
    return d(psi, p.x, p.x) / 2 + E * psi

@on(well.boundary)
def walls(p, psi):
    return psi

@on(PointCloud([[0.5]]))
def scale(p, psi):
    return psi - 1

problem = Problem(schroedinger, walls, scale)
"""
REACTOR = """
time = Box(t=(0, 10))
field = System(T=Siren(1), C=Siren(1))

@on(time)
def energy(p, T, C):
    return d(T, p.t) - 100 * RATE * C + T - 300

@on(time)
def mass(p, T, C):
    return d(C, p.t) + RATE * C

@on(time.at(t=0))
def start(p, T, C):
    return T - 320, C - 1

problem = Problem(energy, mass, start)
"""
FREE = """
square = Box(x=(0, 1), y=(0, 1))

@on(square)
def equation(p, u):
    return lap(u) + TERM

@on(square.boundary)
def fluxes(p, u):
    return dot(grad(u), p.normal) - (VALUE)

problem = Problem(equation, fluxes)
"""
NEUMANN = """
shape = SHAPE

@on(shape)
def equation(p, u):
    return EQUATION

@on(shape.boundary)
def flux(p, u):
    return FLUX

@on(PointCloud([[0.5, 0.5]]))
def level(p, u):
    return u

problem = Problem(equation, flux, level)
"""
MATERIALS = """
left, right = Box(x=(0, 1), y=(0, 1)), Box(x=(1, 2), y=(0, 1))
FIELD

@on(left)
def first(p, u):
    return lap(u) + 1

@on(right)
def second(p, WHICH):
    return K * lap(WHICH) + 1

@on(left.at(x=0) | left.at(y=0) | left.at(y=1))
def outer(p, u):
    return u

@on(right.at(x=2) | right.at(y=0) | right.at(y=1))
def further(p, WHICH):
    return WHICH

INTERFACE
"""
COUPLED = """
@on(left.at(x=1))
def interface(p, u, w):
    return LINKS

problem = Problem(first, second, outer, further, interface)
"""
ALONE = "problem = Problem(first, second, outer, further)"
DIRICHLET = """
square = Box(x=(0, 1), y=(0, 1))

@on(square)
def poisson(p, u):
    return SIZE * (lap(u) + 2 * pi**2 * sin(pi * p.x) * sin(pi * p.y))

@on(square.boundary)
def walls(p, u):
    return SIZE * u

problem = Problem(poisson, walls EXACT)
"""


def materials(field, which, k, links=""):
    text = MATERIALS.replace("FIELD", field).replace("WHICH", which).replace("K *", f"{k} *")
    return text.replace("INTERFACE", COUPLED.replace("LINKS", links) if links else ALONE)


def neumann(equation, flux, shape="Box(x=(0, 1), y=(0, 1))"):
    text = NEUMANN.replace("SHAPE", shape).replace("EQUATION", equation)
    return text.replace("FLUX", flux)


TWO, ONE = "field = System(u=Siren(2), w=Siren(2))", ""
NORMAL = "dot(grad(u), p.normal)"
WELL_POSED = {
    "an eigenvalue with a scale": WELL,
    "a reactor that starts hot": REACTOR.replace("RATE", "exp(-8750 / T)"),
    "a logarithm of what starts above zero": REACTOR.replace("RATE", "log(T)"),
    "a source that its fluxes balance": neumann("lap(u) - 4", f"{NORMAL} - 1"),
    "fluxes of a varying conductor": neumann(
        "div((1 + p.x) * grad(u)) - 1", f"(1 + p.x) * {NORMAL} - 0.25"
    ),
    "a source that a disc balances": neumann("lap(u) - 4", f"3 * {NORMAL} - 6", "Ball(x=0, y=0)"),
    "a reaction that takes up any source": neumann("lap(u) - u - 4", NORMAL),
    "two materials, coupled": materials(TWO, "w", 5, "u - w, dot(grad(u) - 5 * grad(w), p.normal)"),
    "two unknowns, each held at the wall between": materials(
        TWO, "w", 5, "u - p.y * (1 - p.y), w - sin(pi * p.y)"
    ),
    "one material in two parts": materials(ONE, "u", 1),
}


@pytest.mark.parametrize("name", WELL_POSED)
def test_a_sound_statement_is_left_alone(name, tmp_path):
    assert severe(said(tmp_path, WELL_POSED[name])) == []


DOUBTFUL = {
    "an eigenvalue without a scale": (
        WELL.replace("walls, scale", "walls"),
        r"error trivial: psi = 0 satisfies all conditions, whatever `E` is.*PointCloud",
    ),
    "a rate without a start": (
        REACTOR.replace("RATE", "exp(-8750 / T)").replace("return T - 320, C - 1", "return C - 1"),
        r"error start: `energy`.*where T = 0.*networks start near zero",
    ),
    "a rate with a start": (
        REACTOR.replace("RATE", "exp(-8750 / T)"),
        r"note start: `energy`.*where T = 0.*about T = 320",
    ),
    "a logarithm of an unknown": (
        FREE.replace("TERM", "log(u)").replace("VALUE", "1"),
        r"error start: `equation`.*where u = 0",
    ),
    "a reciprocal of an unknown": (
        FREE.replace("TERM", "1 / u").replace("VALUE", "1"),
        r"warning start: `equation`.*where u = 0",
    ),
    "a source that nothing takes up": (
        neumann("lap(u) - 4", NORMAL),
        r"error compatibility: `equation` and the fluxes.*`equation` 4 of u.*`flux` 0,",
    ),
    "a disc with a flux of the wrong sign": (
        neumann("lap(u) - 4", f"{NORMAL} + 2", "Ball(x=0, y=0)"),
        r"error compatibility: .* 12.57 of u flows out of the domain, by `flux` -12.57",
    ),
    "a conductor whose flux lacks its coefficient": (
        neumann("div(3 * grad(u)) - 4", f"{NORMAL} - 1"),
        r"error compatibility: .* 4 of u .* by `flux` 12,",
    ),
    "two materials of one unknown": (
        materials(ONE, "u", 5),
        r"warning interface: `first` and `second` multiply.*x=1.*`@on\(domain.at\(x=1\)\)`",
    ),
    "two unknowns that never meet": (
        materials(TWO, "w", 5),
        r"warning interface: `first` and `second` meet at x=1.*need 2 .* have 0.*u - w",
    ),
    "two unknowns of equal values alone": (
        materials(TWO, "w", 5, "u - w"),
        r"warning interface: .*need 2 conditions together and have 1",
    ),
    "one face with two fluxes": (
        FREE.replace("TERM", "p.x - u")
        .replace("VALUE", "0")
        .replace(
            "problem = Problem(",
            "@on(square.at(x=0))\ndef inflow(p, u):\n"
            "    return d(u, p.x) - 1\n\nproblem = Problem(inflow, ",
        ),
        r"error agreement: `inflow` requires u_x = 1 and `fluxes` u_x = 0 at x=0",
    ),
    "a face and itself with two normal fluxes": (
        FREE.replace("TERM", "p.x - u")
        .replace("VALUE", "0")
        .replace(
            "problem = Problem(",
            "@on(square.at(x=0))\ndef inflow(p, u):\n"
            "    return dot(grad(u), p.normal) - 1\n\nproblem = Problem(inflow, ",
        ),
        r"error agreement: `inflow` requires u_x = -1 and `fluxes` u_x = 0 at x=0",
    ),
    "a solution of a tiny size": (
        DIRICHLET.replace("SIZE * u", "u")
        .replace("SIZE * (lap(u) +", "(lap(u) + 1e-165 *")
        .replace("EXACT", ""),
        r"warning scale: `poisson` calls for a solution of size .*e-16[0-9]",
    ),
    "a solution of a huge size": (
        DIRICHLET.replace("SIZE * u", "u")
        .replace("SIZE * (lap(u) +", "(lap(u) + 1e165 *")
        .replace("EXACT", ""),
        r"warning scale: `poisson` calls for a solution of size .*e\+16[0-9]",
    ),
    "an exact solution that is a number": (
        DIRICHLET.replace("SIZE", "1").replace("EXACT", ", exact=lambda p: 0"),
        r"error exact: `exact` does not satisfy `poisson`",
    ),
    "an exact solution that is an array": (
        DIRICHLET.replace("SIZE", "1").replace("EXACT", ", exact=lambda p: p.positions.numpy()"),
        r"error exact: `exact` cannot be put into `poisson`: it gives a ndarray",
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubtful_statement_is_named(name, tmp_path):
    text, pattern = DOUBTFUL[name]
    lines = said(tmp_path, text)
    assert says(lines, pattern), lines


@pytest.mark.parametrize("size", ["1e-165", "1e-300", "1e165", "1e300"])
def test_units_beyond_squares_change_no_verdict(size, tmp_path):
    exact = ", exact=lambda p: sin(pi * p.x) * sin(pi * p.y)"
    text = DIRICHLET.replace("EXACT", exact)
    assert severe(said(tmp_path, text.replace("SIZE", size))) == []
    wrong = said(tmp_path, text.replace("SIZE", size).replace("+ 2", "- 2"))
    assert says(wrong, "error exact: .*opposite sign"), wrong


NANOSCALE = """
strip = Box(x=(0, 1e-6), t=(0, 1e4))

@on(strip)
def heat(p, u):
    return d(u, p.t) - 1e-16 * d(u, p.x, p.x)

@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * 1e6 * p.x)

@on(strip.at(x=0))
def wall(p, u):
    return u

problem = Problem(heat, start, wall)
"""


def test_units_that_differ_leave_faces_apart(tmp_path):
    lines = said(tmp_path, NANOSCALE)
    assert says(lines, r"warning boundary: .*on x=1e-06 there.*domain.at\(x=1e-06\)"), lines
