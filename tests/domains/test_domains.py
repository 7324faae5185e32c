"""Every domain knows its measure, points and boundary; Gauss' theorem ties them together."""

import functools
import math
import operator

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from scipy.special import ellipe

from siren_pde.collocation.quadrature import GaussLegendre, Sobol
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.implicit import Implicit
from siren_pde.domains.polygon import Polygon
from siren_pde.errors import DomainError
from siren_pde.testing import check_domain
from tests.costs import calls_of
from tests.strategies import ALL_DOMAINS, Egg, Torus
from tests.typed import known, values

pi = math.pi
AROUND = 8 * float(ellipe(0.75))  # an ellipse with half axes 2 and 1
LENS = 2 * pi / 3 - math.sqrt(3) / 2  # shared by two unit discs a radius apart
# measure of the domain, and of its boundary where it has one
MEASURES = {
    "interval": (2, 2),
    "square": (4, 8),
    "strip": (4, 8),
    "cube": (6, 22),
    "wall": (2, 2),
    "start": (2, 2),
    "slice inside": (2, 2),
    "corner": (1, None),
    "box boundary": (22, None),
    "ends": (2, None),
    "walls": (4, None),
    "ball in 1-D": (4, 2),
    "disc": (pi, 2 * pi),
    "ball": (pi / 6, pi),
    "ball in 4-D": (pi**2 / 2, 2 * pi**2),
    "circle": (2 * pi, None),
    "sphere": (pi, None),
    "sphere in 4-D": (2 * pi**2, None),
    "L-shape": (3, 8),
    "glued boxes": (2, 6),
    "crossed boxes": (12, 16),
    "plate with hole": (4 - pi / 4, 8 + pi),
    "plate with holes": (4 - 0.29 * pi, 8 + 1.4 * pi),
    "notched plate": (1 - pi / 16, 3 + pi / 4),
    "annulus": (0.71 * pi, 3.4 * pi),
    "lens": (LENS, 4 * pi / 3),
    "two discs": (2 * pi - LENS, 8 * pi / 3),
    "crescent": (pi - LENS, 2 * pi),
    "stadium": (2 + pi, 2 + 2 * pi),
    "refilled": (4 - pi / 2, 6 + pi),
    "half circle": (pi, None),
    "triangle": (1, 3 + math.sqrt(5)),
    "arrow": (2, 2 * (math.sqrt(10) + math.sqrt(2))),
    "side": (math.sqrt(2), None),
    "two sides": (2 * math.sqrt(10), None),
    "arrow with hole": (2 - 0.04 * pi, 2 * (math.sqrt(10) + math.sqrt(2)) + 0.4 * pi),
    "cut arrow": (5 / 6, (2 * math.sqrt(10) + 4) / 3 + math.sqrt(2)),
    "arrow in time": (4, 4 * (math.sqrt(10) + math.sqrt(2)) + 4),
    "disc in time": (2 * pi, 6 * pi),
    "circle in time": (4 * pi, None),
    "disc at start": (pi, None),
    "notched plate in time": (2 - pi / 8, 2 * (1 - pi / 16) + 2 * (3 + pi / 4)),
    "implicit ball": (pi / 6, pi),
    "implicit torus": (0.32 * pi**2, 1.6 * pi**2),
    "implicit surface": (1.6 * pi**2, None),
    "ellipse": (2 * pi, AROUND),
    "line around an ellipse": (AROUND, None),
    "ellipse with hole": (1.75 * pi, AROUND + pi),
    "half ellipse": (pi, AROUND / 2 + 2),
    "ellipse with handle": (8.392283934065453, 12.179217833279163),  # by adaptive quadrature
    "ellipse in time": (4 * pi, 2 * AROUND + 4 * pi),
    "cloud": (1, None),
}


def cases(domains):
    return [pytest.param(domain, id=name) for name, domain in domains]


def named(domains):
    return [pytest.param(name, domain, id=name) for name, domain in domains]


@pytest.mark.parametrize(("name", "domain"), named(ALL_DOMAINS))
def test_measure_is_known(name, domain):
    exact, edge = MEASURES[name]
    assert domain.measure == pytest.approx(exact, abs=6 * domain.standard_error + 1e-12)
    if edge is not None:
        near = 6 * domain.boundary.standard_error + 1e-12
        assert domain.boundary.measure == pytest.approx(edge, abs=near)


@pytest.mark.parametrize("domain", cases(ALL_DOMAINS))
def test_domains_obey_their_laws(domain):
    check_domain(domain)


@pytest.mark.parametrize("domain", cases(ALL_DOMAINS))
def test_unit_points_have_as_many_coordinates_as_charts_take(domain):
    inputs = max(piece.inputs for piece in domain.pieces)
    with pytest.raises(DomainError, match="shape"):
        domain.from_unit(torch.rand((3, inputs + 2 if inputs else 1), dtype=torch.float64))


@pytest.mark.parametrize(
    "domain",
    [
        Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(0, 1)),
        (Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(0, 1))) * Box(t=(0, 1)),
        Box(x=(-2, 2), y=(-1, 1)) | Box(x=(-1, 1), y=(-2, 2)),
    ],
    ids=repr,
)
def test_planes_that_cut_a_domain_are_no_boundary_functions(domain):
    with pytest.raises(DomainError, match="would vanish inside as well"):
        domain.boundary.boundary_function(Sobol(4)(domain))


def test_faces_in_one_plane_are_one_wall():
    glued = Box(x=(0, 1), y=(0, 1)) | Box(x=(1, 2), y=(0, 1))
    x, y = (p := Sobol(50)(glued)).positions.T
    assert torch.allclose(
        values(glued.boundary.boundary_function(p)), 16 * x * (2 - x) * y * (1 - y)
    )


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_charts_of_balls_and_spheres_are_uniform(d):
    """∫ x xᵀ over the ball is R² |B| I / (d + 2), and over the sphere R² |S| I / d."""
    names, radius = "xyzwv"[:d], 0.5
    ball = Ball(**dict.fromkeys(names, 1.0), radius=radius)
    eye = torch.eye(d, dtype=torch.float64) * radius**2
    for domain, factor in ((ball, d + 2), (ball.boundary, d)):
        p = Sobol(2**13)(domain)
        offset = p.positions - 1
        moments = (offset * p.weights[:, None]).T @ offset / domain.measure
        # smooth integrands, error O(1/N) up to logarithms
        assert torch.allclose(moments, eye / factor, atol=3e-4)
        assert (offset * p.weights[:, None]).sum(0).abs().max() < 1e-3 * domain.measure


def test_sphere_normals_are_radial():
    p = Sobol(50)(Ball(x=1, y=2, z=3, radius=2).boundary)
    centre = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert torch.allclose(p.positions, centre + 2 * known(p.normals), atol=1e-14)


def test_a_space_time_normal_keeps_its_time_component():
    strip = Box(x=(0, 1), t=(0, 1))
    start, wall = GaussLegendre(2)(strip.at(t=0)), GaussLegendre(2)(strip.at(x=1))
    assert known(start.normals)[0].tolist() == [0, -1]
    assert known(wall.normals)[0].tolist() == [1, 0]
    assert values(start.normal[0]).tolist() == [0, 0] and len(start.normal) == 1
    assert GaussLegendre(2)(strip.at(t=0.5)).normals is None
    assert GaussLegendre(2)(strip.at(x=0, t=0)).normals is None


def test_products_have_the_parts_of_their_boxes():
    disk = Ball(x=0, y=0, radius=1)
    cylinder = disk * Box(t=(0, 2))
    assert cylinder.at(t=0) == disk * Box(t=(0, 2)).at(t=0)
    assert (Box(z=(0, 1)) * disk).at(z=1) == Box(z=(0, 1)).at(z=1) * disk
    assert (cylinder * Box(s=(0, 1))).at(t=2, s=0.5).dimension == 2
    points = Sobol(16)(cylinder.at(t=2), seed=0)
    assert torch.equal(known(points.normals), torch.tensor([[0.0, 0, 1]]).double().expand(16, 3))


def test_products_carry_the_normals_of_space():
    disc, time = Ball(x=0, y=0), Box(t=(0, 1))
    wall, start = Sobol(64)(disc.boundary * time), Sobol(64)(disc * time.at(t=0))
    sideways = known(wall.normals)
    assert torch.allclose(sideways[:, :2], wall.positions[:, :2], atol=1e-14)
    assert not bool(sideways[:, 2].any()) and known(start.normals)[0].tolist() == [0, 0, -1]
    assert Sobol(64)(disc.boundary * time.at(t=0)).normals is None
    cloud = PointCloud([[0.0, 1.0]], normals=[[0, 1]], speed=[3])
    moving = Sobol(8)(cloud * time)
    assert known(moving.normals)[0].tolist() == [0, 1, 0]
    assert values(moving.speed).tolist() == [3] * 8


def test_boxes_multiply_to_boxes():
    assert Box(x=(0, 1)) * Box(t=(0, 2)) == Box(x=(0, 1), t=(0, 2))


def test_a_union_counts_once_what_is_given_twice():
    disc = Ball(x=0, y=0)
    assert (disc | disc) is disc
    assert (disc | Ball(x=0, y=0, radius=0.5)).measure == pytest.approx(pi, rel=1e-12)
    wall = Box(x=(0, 1), y=(0, 1)).at(x=0)
    longer = Box(x=(0, 1), y=(0, 2)).at(x=0)
    assert (wall | longer).measure == pytest.approx(2, rel=1e-4)
    faces = Box(x=(0, 1), y=(0, 1)).boundary
    assert (faces | wall).measure == 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 4), min_size=2, max_size=4))
def test_areas_of_box_algebra_count_unit_cells(corners):
    """Boxes with whole-number corners: the truth is a count of unit squares."""
    boxes = [Box(x=(a, a + 1 + b), y=(c, c + 1 + e)) for a, b, c, e in corners]
    middles = torch.cartesian_prod(*[torch.arange(14, dtype=torch.float64) + 0.5] * 2)
    inside = [box.contains(middles) for box in boxes]
    joined: Domain = boxes[0]
    held = inside[0]
    for i, (box, each) in enumerate(zip(boxes[1:], inside[1:], strict=True)):
        if i % 2:
            held, truth = held & ~each, joined
            if not bool(held.any()):
                return
            joined = truth - box
        else:
            joined, held = joined | box, held | each
        assert joined.measure == pytest.approx(int(held.sum()), rel=1e-12)
        assert torch.equal(joined.contains(middles), held)


@settings(max_examples=15, deadline=None)
@given(st.floats(-1.9, 1.9), st.floats(0.3, 1.5))
def test_inclusion_and_exclusion(shift, radius):
    a, b = Ball(x=0, y=0), Ball(x=shift, y=0.1, radius=radius)
    if math.hypot(shift, 0.1) < 1.05 * abs(1 - radius) or math.hypot(shift, 0.1) > 0.95 * (
        1 + radius
    ):
        return  # one holds the other, or they barely meet
    both = a & b
    assert (a | b).measure + both.measure == pytest.approx(a.measure + b.measure, rel=2e-3)
    assert (a - b).measure + both.measure == pytest.approx(a.measure, rel=2e-3)


def test_around_a_cloud():
    cloud = PointCloud([[0.0, 1.0], [4.0, 3.0]])
    assert Box.around(cloud, margin=0.5) == Box(x=(-1, 5), y=(0, 4))
    assert Box.around(Ball(x=0, t=0), margin=0) == Box(x=(-1, 1), t=(-1, 1))
    with pytest.raises(DomainError, match="flat"):
        Box.around(PointCloud([[1.0, 2.0]]))


@pytest.mark.parametrize(
    ("level", "volume", "area"), [(Egg(), pi / 6, pi), (Torus(), 0.32 * pi**2, 1.6 * pi**2)]
)
def test_measures_of_implicit_solids_are_of_fourth_order(level, volume, area):
    errors = []
    for resolution in (16, 32, 64):
        solid = Implicit(level, resolution=resolution)
        off = abs(solid.measure / volume - 1), abs(solid.boundary.measure / area - 1)
        errors.append(max(off))
    assert errors[0] > 8 * errors[1] > 64 * errors[2] and errors[2] < 1e-5


def test_an_implicit_boundary_has_a_boundary_function():
    solid = Implicit(Torus())
    on, inside = Sobol(100)(solid.boundary), Sobol(100)(solid)
    assert values(solid.boundary.boundary_function(on)).abs().max() < 1e-12
    assert values(solid.boundary.boundary_function(inside)).min() > 0


def test_what_is_no_solid_is_refused():
    class Plane(Egg):
        def __call__(self, x):
            return x[:, 0]

    class Hollow(Egg):
        def __call__(self, x):
            return -super().__call__(x)

        def gradient(self, x):
            return -super().gradient(x)

    for level in (Plane(), Hollow()):
        with pytest.raises(DomainError, match="no solid"):
            _ = Implicit(level, resolution=16).measure


def test_domains_read_as_they_are_written():
    strip = Box(x=(0, 1), t=(0, 2))
    assert repr(strip) == "Box(x=(0, 1), t=(0, 2))"
    assert repr(strip.at(t=0)) == "Box(x=(0, 1), t=(0, 2)).at(t=0)"
    assert repr(Ball(x=0, radius=2)) == "Ball(x=0, radius=2)"
    assert repr(PointCloud([1.0, 2.0], T=[0, 1])) == "PointCloud(2 points in x; T)"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 1), min_size=3, max_size=12), st.booleans())
def test_triangles_fill_a_polygon(radii, clockwise):
    """A star around the origin: triangles add up to it, and their points lie inside."""
    angles = [2 * pi * i / len(radii) for i in range(len(radii))]
    corners = [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    star = Polygon(corners[::-1] if clockwise else corners)
    wedge = math.sin(2 * pi / len(radii)) / 2
    truth = wedge * sum(a * b for a, b in zip(radii, [*radii[1:], radii[0]], strict=True))
    assert star.measure == pytest.approx(truth, rel=1e-12)
    p = Sobol(256)(star)
    assert bool(star.contains(p.positions, 1e-12).all())
    # ∮ x·n ds = 2 |Ω|, exactly where x·n is constant along each side
    edge = GaussLegendre(1)(star.boundary)
    around = ((edge.positions * known(edge.normals)).sum(1) * edge.weights).sum()
    assert float(around) == pytest.approx(2 * truth, rel=1e-12)


# ── many parts ────────────────────────────────────────────────────────────────────────────────────


def pierced(k):
    """A square with k small holes in rows, one taken away after the other."""
    rows = math.ceil(math.sqrt(k))
    plate: Domain = Box(x=(0, 1), y=(0, 1))
    for i in range(k):
        x, y = (i % rows + 0.5) / rows, (i // rows + 0.5) / rows
        plate = plate - Ball(x=x, y=y, radius=0.2 / rows)
    return plate


def _sampled(make, k):
    return Sobol(64)(make(k))


def chained(k):
    """k discs in a row, each meeting the next one."""
    return functools.reduce(operator.or_, [Ball(x=1.5 * i, y=0) for i in range(k)])


@pytest.mark.parametrize("make", [pierced, lambda k: pierced(k).boundary], ids=["inside", "edge"])
def test_sampling_many_holes_costs_as_many_calls(make):
    """In proportion to their number: twice as many cost about twice as much, not four times."""
    Sobol(64)(make(5))  # what is imported and cached at first use
    calls = [calls_of(functools.partial(_sampled, make, k)) for k in (16, 32, 64)]
    assert (calls[2] - calls[1]) < 2.6 * (calls[1] - calls[0])


def test_boundaries_of_many_parts_are_those_of_each():
    plate = pierced(9)
    assert plate.measure == pytest.approx(1 - 9 * math.pi * (0.2 / 3) ** 2, rel=1e-12)
    edge = plate.boundary
    assert edge.measure == pytest.approx(4 + 9 * 2 * math.pi * 0.2 / 3, rel=1e-12)
    p = Sobol(500)(edge)
    step = 1e-6 * known(p.normals)
    assert bool(plate.contains(p.positions - step).all())
    assert not bool(plate.contains(p.positions + step).any())


def test_the_line_around_a_chain_of_discs():
    k, angle = 12, math.acos(0.75)
    around = chained(k).boundary
    length = 2 * math.pi * k - (k - 1) * 4 * angle
    assert around.measure == pytest.approx(length, rel=1e-3)
    p = Sobol(400)(around)
    step = 1e-6 * known(p.normals)
    assert bool(chained(k).contains(p.positions - step).all())
    assert not bool(chained(k).contains(p.positions + step).any())
