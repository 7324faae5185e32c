"""Points unpack into coordinates, and know their normals and data by name."""

import copy
import pickle

import pytest
import torch

from siren_pde.calculus.functions import sin
from siren_pde.calculus.operators import d, dot, grad
from siren_pde.calculus.points import Points
from siren_pde.collocation.quadrature import GaussLegendre, Sobol
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import DerivativeError, DomainError
from tests.typed import known, values

positions = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], dtype=torch.float64)
weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
normals = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], dtype=torch.float64)


def points(axes=("x", "y"), **data):
    return Points(axes, positions, weights, normals, data)


def test_coordinates_unpack_and_have_names():
    p = points()
    x, y = p
    assert p.x is x and p.y is y and next(iter(p)) is x
    assert torch.equal(x.value, positions[:, 0])
    assert torch.equal(d(sin(x) * y, y).value, positions[:, 0].sin())
    assert torch.equal(d(x * y, x).value, positions[:, 1])


def test_normal_has_the_components_of_the_gradient():
    for axes, kept in ((("x", "y"), (0, 1)), (("x", "t"), (0,)), (("t", "y"), (1,))):
        p = points(axes)
        a, b = p
        assert len(p.normal) == len(grad(a * b)) == len(kept)
        for component, i in zip(p.normal, kept, strict=True):
            assert torch.equal(component.value, normals[:, i])
    flux = dot(grad(points().x * 2), points().normal)
    assert torch.equal(flux.value, 2 * normals[:, 0])


def test_data_are_known_at_the_points_only():
    measured = torch.arange(3, dtype=torch.float64)
    p = points(temperature=measured, velocity=positions)
    assert torch.equal(p.temperature.value, measured)
    assert torch.equal(p.velocity[1].value, positions[:, 1])
    with pytest.raises(DerivativeError, match="temperature"):
        d(p.temperature, p.x).value  # noqa: B018
    with pytest.raises(DerivativeError, match="normal"):
        d(p.normal[0], p.x).value  # noqa: B018


def test_an_unknown_name_lists_what_exists():
    with pytest.raises(
        AttributeError, match=r"no `pressure`.*`p\.x`.*`p\.normal`.*`p\.temperature`"
    ):
        points(temperature=weights).pressure  # noqa: B018


def test_missing_normals_say_where_normals_are():
    p = Points(("x", "y"), positions, weights)
    with pytest.raises(DomainError, match=r"domain\.boundary"):
        p.normal  # noqa: B018
    with pytest.raises(DomainError, match=r"d\(u, t\)"):
        GaussLegendre(1)(Box(t=(0, 1)).at(t=0)).normal  # noqa: B018


@pytest.mark.parametrize(
    "index", [torch.tensor([2, 0]), torch.tensor([True, False, True]), slice(1, None)]
)
def test_select_takes_everything_along(index):
    p = points(temperature=weights).select(index)
    assert torch.equal(p.positions, positions[index])
    assert torch.equal(p.normals, normals[index])
    assert torch.equal(p.weights, weights[index]) and torch.equal(p.data["temperature"], p.weights)


def test_concatenate_is_the_inverse_of_select():
    p = points(temperature=weights)
    both = Points.concatenate([p.select(slice(2)), p.select(slice(2, None))])
    assert torch.equal(both.positions, positions) and torch.equal(both.weights, weights)
    assert torch.equal(known(both.normals), normals) and torch.equal(
        both.data["temperature"], weights
    )
    assert Points.concatenate([p, Points(("x", "y"), positions, weights)]).normals is None
    with pytest.raises(DomainError, match="different axes"):
        Points.concatenate([p, points(("x", "t"))])
    with pytest.raises(DomainError, match="no points"):
        Points.concatenate([])


def test_to_moves_every_tensor():
    p = points(temperature=weights).to(dtype=torch.float32, device="meta")
    for tensor in (p.positions, p.weights, p.normals, p.data["temperature"]):
        assert tensor.dtype == torch.float32 and tensor.device.type == "meta"


def test_bounds_are_attained():
    low, high = points().bounds
    assert low.tolist() == [0, 1] and high.tolist() == [4, 5]


def test_points_survive_copies():
    p = points(temperature=weights)
    assert p.x is not None and p.normal is not None
    for twin in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert torch.equal(twin.x.value, p.x.value) and torch.equal(twin.weights, weights)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axes": ("x",)}, r"\(n, 1\)"),
        ({"weights": weights[:2]}, "weights"),
        ({"normals": normals[:, :1]}, "normals"),
        ({"data": {"T": weights[:2]}}, "`T`"),
        ({"data": {"T": positions[None]}}, "`T`"),
        ({"data": {"weights": weights}}, "`weights` cannot name"),
        ({"data": {"x": weights}}, "`x` names"),
        ({"axes": ("x", "2y")}, "2y"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    fields = {"axes": ("x", "y"), "positions": positions, "weights": weights} | change
    with pytest.raises(DomainError, match=words):
        Points(**fields)


def test_a_cloud_keeps_its_data_and_scales_its_normals():
    cloud = PointCloud(positions.tolist(), normals=[[2, 0], [0, 3], [3, 4]], speed=[1, 2, 3])
    p = cloud.data_points
    assert p.positions.dtype == torch.float64 and p.weights.sum() == pytest.approx(1, abs=1e-15)
    assert known(p.normals).tolist() == [[1, 0], [0, 1], [0.6, 0.8]]
    assert values(p.speed).tolist() == [1, 2, 3]
    single = PointCloud(positions.to(torch.float32), speed=[1, 2, 3]).data_points
    assert {single.positions.dtype, single.weights.dtype, single.data["speed"].dtype} == {
        torch.float32
    }


def test_a_cloud_in_one_coordinate_takes_a_list():
    assert PointCloud([1.0, 2.0]).axes == ("x",)
    assert values(PointCloud([[1.0, 2.0]], axes=("x", "t")).data_points.t).tolist() == [2.0]
    upright = PointCloud([1.0, 2.0], normals=[-1, 1]).data_points
    assert known(upright.normals).tolist() == [[-1], [1]]


def test_a_sample_of_a_cloud_is_seeded_and_keeps_rows_together():
    cloud = PointCloud(positions, normals=normals, label=positions[:, 0])
    p = cloud.sample(50, seed=1)
    assert len(p) == 50 and p.weights.sum() == pytest.approx(1, abs=1e-14)
    assert torch.equal(p.data["label"], p.positions[:, 0])
    assert torch.equal(p.positions, cloud.sample(50, seed=1).positions)
    assert not torch.equal(p.positions, cloud.sample(50, seed=2).positions)
    assert bool(cloud.contains(p.positions).all())


def test_a_cloud_is_cut_by_domains():
    cloud = PointCloud(positions, normals=normals, label=positions[:, 0])
    box = Box(x=(-1, 3), y=(0, 4))
    within, too, beyond = cloud & box, box & cloud, cloud - box
    assert all(isinstance(part, PointCloud) for part in (within, too, beyond))
    assert Sobol(9)(within).positions.tolist() == [[0, 1], [2, 3]]
    assert Sobol(9)(too).data["label"].tolist() == [0, 2]
    assert Sobol(9)(beyond).positions.tolist() == [[4, 5]]
    with pytest.raises(DomainError, match="none of"):
        cloud & Box(x=(7, 8), y=(0, 1))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([],), "at least one point"),
        (([[1.0, 2.0], [3.0]],), "rectangular"),
        ((["a"],), "numbers"),
        (([[1.0, float("nan")]],), "positions .* 1 values"),
        (([1.0, float("inf")],), "infinite"),
        ((torch.zeros(2, 3, 4),), r"\(2, 3, 4\)"),
        ((torch.zeros(2, 5),), "names"),
        ((torch.zeros(2, 2, dtype=torch.complex64),), "real"),
    ],
)
def test_bad_positions_are_refused(arguments, words):
    with pytest.raises((DomainError, ArithmeticError), match=words):
        PointCloud(*arguments)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"T": [1.0]}, r"`T` .*\(3,\) or \(3, k\).*\(1,\)"),
        ({"T": [1.0, 2.0, float("nan")]}, "`T`"),
        ({"normals": [[1.0, 0.0]]}, "normals"),
        ({"normals": [[1.0], [2.0], [3.0]]}, r"normals .*\(3, 2\), got \(3, 1\)"),
        ({"normals": [[0.0, 0.0], [1, 0], [1, 0]]}, "1 of 3 normals"),
        ({"axes": ("x",)}, "2 columns"),
        ({"axes": ("x", "x")}, "twice"),
        ({"data": [1.0, 2.0, 3.0]}, "`data` cannot name"),
    ],
)
def test_bad_measurements_are_refused(keywords, words):
    with pytest.raises((DomainError, ArithmeticError), match=words):
        PointCloud(positions, **keywords)
