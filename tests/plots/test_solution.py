"""Pictures show the numbers they claim to show, in the right place and on the right scale."""

import math
import struct
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import torch

from siren_pde import (
    Ball,
    Box,
    PointCloud,
    Problem,
    Siren,
    System,
    Unknown,
    cos,
    d,
    exp,
    on,
    plot,
    sin,
    solve,
    sqrt,
)
from siren_pde.errors import ConfigError, StorageError
from siren_pde.plots import plot_history
from siren_pde.plots.slices import slice_of
from siren_pde.solving.history import History
from tests.told import told
from tests.typed import known

PLATE = Box(x=(-1, 2), y=(-1, 1)) - Ball(x=0.5, y=0, radius=0.5)
STRIP = Box(x=(-1, 1), t=(0, 3))


def solution(domain, exact=None, field=None, history=None, losses=(1.0, 1e-4, 0.0)):
    @on(domain)
    def some_equation(p, u):
        return u

    field = field or Siren(len(domain.axes), width=5, frequency=2.0, seed=3)
    history = History(list(range(len(losses))), [0.1 * i for i in range(len(losses))], [*losses])
    history.notes.extend("" for _ in losses)
    problem = Problem(some_equation, exact=exact)
    return told(field, domain.axes, problem=problem, loss=0.5, history=history)


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def product(p):
    value = 1
    for coordinate in p:
        value = value * sin(3 * coordinate)
    return value


DOMAINS = {
    "line": Box(x=(0, 1)),
    "time": Box(t=(0, 1)),
    "square": Box(x=(0, 1), y=(0, 1)),
    "ribbon": Box(x=(0, 30), y=(0, 1)),
    "plate": PLATE,
    "strip": STRIP,
    "cube": Box(x=(0, 1), y=(0, 1), z=(0, 1)),
    "disc in time": Ball(x=0, y=0) * Box(t=(0, 1)),
    "cloud": PointCloud([[0.0, 0.0], [1.0, 2.0]]),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "known"), [*((name, True) for name in DOMAINS), ("line", False), ("plate", False)]
)
def test_every_domain_has_a_picture(tmp_path, name, known):
    figure = plot(solution(DOMAINS[name], product if known else None), tmp_path / "a.png")
    width, height = figure.get_size_inches()
    assert png_size(tmp_path / "a.png") == pytest.approx((200 * width, 200 * height), abs=1)
    panels = [axes for axes in figure.axes if axes.lines or axes.images]
    assert len(panels) == {("line", True): 2, ("time", True): 2}.get(
        (name, known), 3 if known else 1
    )


def shown(axes):
    """An image's values (rows upwards), and the coordinates of its rows and columns."""
    image = axes.images[0]
    values = np.ma.filled(image.get_array().astype(float), np.nan)
    left, right, bottom, top = image.get_extent()
    rows, columns = values.shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return values, x, y


@pytest.mark.parametrize("place", [(0.3, -0.8), (1.9, 0.9), (-0.95, 0.6)])
def test_maps_show_space_as_it_is(place):
    saved = solution(PLATE, product)
    fitted, exact, difference = (axes for axes in plot(saved).axes if axes.images)
    for axes, expected in (
        (fitted, lambda x: saved(x)),
        (exact, lambda x: torch.sin(3 * x).prod(1)),
        (difference, lambda x: (saved(x) - torch.sin(3 * x).prod(1)).abs()),
    ):
        values, x, y = shown(axes)
        i, j = abs(y - place[1]).argmin(), abs(x - place[0]).argmin()
        where = torch.tensor([[x[j], y[i]]], dtype=torch.float64)
        assert values[i, j] == pytest.approx(float(expected(where)), rel=1e-9)
        assert axes.images[0].get_extent()[0] < -1 < axes.get_xlim()[0] + 1e-12
    assert fitted.images[0].norm.vmin == exact.images[0].norm.vmin
    assert fitted.images[0].norm.vmax == exact.images[0].norm.vmax
    assert (fitted.get_xlabel(), fitted.get_ylabel()) == ("$x$", "$y$")
    assert fitted.get_aspect() == 1.0


def test_time_runs_to_the_right():
    saved = solution(STRIP)
    (axes,) = (axes for axes in plot(saved).axes if axes.images)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("$t$", "$x$")
    values, t, x = shown(axes)
    where = torch.tensor([[x[20], t[200]]], dtype=torch.float64)
    assert values[20, 200] == pytest.approx(float(saved(where)), rel=1e-9)
    assert t[200] > 2 and x[20] < 0


def test_what_is_outside_is_masked():
    cut = slice_of(solution(PLATE, product))
    x, y = np.meshgrid(*cut.ticks, indexing="ij")
    hole = np.hypot(x - 0.5, y) < 0.5 - 1e-6
    for values in (cut.outputs[0].values, known(cut.outputs[0].exact)):
        assert np.array_equal(np.isnan(values), hole)


def test_slices_go_through_the_middle_or_where_told():
    box = Box(x=(0, 2), t=(0, 4), y=(0, 1), z=(1, 5))
    saved = solution(box)
    assert slice_of(saved).axes == ("x", "y")
    assert slice_of(saved).fixed == {"t": 2.0, "z": 3.0}
    cut = slice_of(saved, {"y": 0.25, "x": 1})
    assert (cut.axes, cut.fixed) == (("z", "t"), {"x": 1, "y": 0.25})
    value = float(saved([[1, cut.ticks[1][7], 0.25, cut.ticks[0][3]]]))
    assert cut.outputs[0].values[3, 7] == pytest.approx(value, rel=1e-9)
    assert "$z = 3$" in plot(saved).get_suptitle()
    assert slice_of(saved, {"x": 0, "y": 0, "t": 0}).axes == ("z",)


def test_every_unknown_has_a_row():
    def exact(p):
        return {"u": (cos(p.x), exp(p.y)), "q_w": p.x * p.y, "nu": 0.5}

    parts = {"u": Siren(2, 2, width=3, frequency=1.0), "q_w": Siren(2, width=4, frequency=1.0)}
    system = System(**parts, nu=Unknown(0.25))

    @on(PLATE)
    def coupled(p, u, q_w, nu):
        return u[0] * nu - q_w

    saved = solution(PLATE, exact, system)
    saved = replace(saved, problem=Problem(coupled, exact=exact))
    cut = slice_of(saved)
    assert [(o.name, o.index) for o in cut.outputs] == [("u", 1), ("u", 2), ("q_w", 0)]
    x, y = np.meshgrid(*cut.ticks, indexing="ij")
    inside = ~np.isnan(cut.outputs[0].values)
    truths = (np.cos(x), np.exp(y), x * y)
    for output, truth in zip(cut.outputs, truths, strict=True):
        np.testing.assert_allclose(known(output.exact)[inside], truth[inside], rtol=1e-12)
    figure = plot(saved)
    labels = [bar.get_ylabel() for axes in figure.axes for bar in axes.child_axes]
    assert {"$u_{1}$", "$u_{2}$", "$q_{w}$"} <= set(labels)
    assert r"$\nu = 0.25$" in figure.get_suptitle()


def test_single_precision_and_exactness_are_no_obstacle():
    def flat(p):
        return 0 * p.x

    field = Siren(2, width=3, frequency=1.0, dtype=torch.float32)
    for parameter in field.parameters():
        parameter.data.zero_()
    figure = plot(solution(Box(x=(0, 1), y=(0, 1)), field=field))
    assert figure.axes[0].images
    cut = slice_of(solution(Box(x=(0, 1), y=(0, 1)), flat, field))
    assert known(cut.outputs[0].exact).max() == 0


def test_names_may_hold_anything(tmp_path):
    saved = solution(Box(x=(0, 1)))
    named = Problem(*saved.problem.conditions, name=r"Δu = $f_1$ \ 方程 100 %")
    saved = replace(saved, problem=named)
    with pytest.warns(UserWarning, match=r"missing from (current )?font"):
        plot(saved, tmp_path / "a.png")


@pytest.mark.parametrize("losses", [(), (2.0,), (0.0, 0.0), (1.0, math.nan, 1e-9), (3.0,) * 60])
def test_histories_of_all_kinds(tmp_path, losses):
    plot_history(solution(STRIP, losses=losses), tmp_path / "a.png", size=(3, 2))
    assert png_size(tmp_path / "a.png") == (600, 400)


@pytest.mark.parametrize("ending", ["pdf", "svg", "PNG"])
def test_other_formats(tmp_path, ending):
    solution(Box(x=(0, 1))).plot(tmp_path / f"a.{ending}")
    start = {"pdf": b"%PDF", "svg": b"<?xml", "PNG": b"\x89PNG"}[ending]
    assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)


def test_what_cannot_be_drawn_is_said(tmp_path):
    saved = solution(PLATE)
    for at in ({"z": 0}, {"x": 5}, {"x": 0, "y": 0.9}):
        with pytest.raises(ConfigError, match=r"^`at` fixes|misses the domain"):
            plot(saved, at=at)
    apart = Box(x=(0, 1), y=(0, 1)) | Box(x=(2, 3), y=(0, 1))
    with pytest.raises(ConfigError, match="misses the domain"):
        plot(solution(apart), at={"x": 1.5})
    with pytest.raises(ConfigError, match="no problem"):
        plot(replace(saved, problem=None))
    with pytest.raises(ConfigError, match="png, pdf, svg"):
        plot(saved, tmp_path / "a.jpeg")
    with pytest.raises(StorageError, match="missing"):
        plot_history(saved, tmp_path / "missing" / "a.png")


def test_global_settings_are_left_alone():
    before = dict(mpl.rcParams)
    plot(solution(Box(x=(0, 1))))
    assert dict(mpl.rcParams) == before


def test_unknowns_are_drawn_and_measured_where_they_live():
    """u in the left half, v in the right one: neither is asked beyond the wall between them."""
    left, right = Box(x=(-1, 0), y=(0, 1)), Box(x=(0, 1), y=(0, 1))

    @on(left)
    def first(p, u):
        return u

    @on(right)
    def second(p, v):
        return v

    @on(left.at(x=0))
    def joined(p, u, v):
        return u - v

    def exact(p):
        return {"u": sqrt(-p.x), "v": 2 * sqrt(p.x)}

    problem = Problem(first, second, joined, exact=exact)
    assert problem.home("u", ("u", "v")) == left
    field = System(**{name: Siren(2, width=3, frequency=1.0) for name in "uv"})
    saved = replace(solution(left, field=field), problem=problem)
    u, v = slice_of(saved).outputs
    middle = slice_of(saved).ticks[0].size // 2
    for output in (u, v):
        lives = output.values[:middle], output.values[middle + 1 :]
        near, far = lives if output is u else lives[::-1]
        assert np.isfinite(near).all() and np.isnan(far).all()
    assert math.isfinite(saved.error())


def test_the_title_tells_the_estimate_where_no_truth_is_known():
    line = Box(x=(0, 1))

    @on(line)
    def growth(p, u):
        return d(u, p.x) - u

    @on(line.at(x=0))
    def start(p, u):
        return u - 1

    title = plot(solve(Problem(growth, start), quiet=True)).get_suptitle()
    assert "estimated relative $L^2$ error" in title
    without = solve(Problem(growth, start), estimate="none", quiet=True)
    assert "error" not in plot(without).get_suptitle()
