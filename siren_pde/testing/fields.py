"""What holds for every field: its unknowns have their derivatives, and it comes back from files."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, flattened, network_jets
from siren_pde.collocation.residual import BoundResidual
from siren_pde.errors import StorageError
from siren_pde.fields.base import Field, Network, Quantity
from siren_pde.fields.engine import autodiff
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.parameters import fill, parameters_of
from siren_pde.io.results import load, save
from siren_pde.numerics.sobol import sobol
from siren_pde.optimisers.outcome import Outcome
from siren_pde.solving.history import History
from siren_pde.solving.solution import Solution
from siren_pde.testing.laws import Law, differ, largest, obey, require
from siren_pde.testing.networks import CLOSE, NETWORK_LAWS
from siren_pde.testing.networks import Placed as PlacedNetwork

COUNT = 5
"""Points at which fields are tested."""


def check_field(field: Field, points: Points | None = None) -> None:
    """Check the laws of fields, and those of each of its networks.

    `points` are a handful of points where the field is smooth, in double precision; left out, they
    lie in the unit cube, with the coordinates x, y, z … Takes a second for a small network.

    Raises LawError, saying which law is broken, with numbers.
    """
    at = Placed(copy.deepcopy(field).to(dtype=torch.float64), points or unit_points(field))
    for network in at.field.networks().values():
        obey(PlacedNetwork(network, at.points.positions), NETWORK_LAWS)
        plan_is_what_is_required(network, at.points)
    obey(at, FIELD_LAWS)


def unit_points(field: Field) -> Points:
    """A few points of the unit cube, as many coordinates as the field takes."""
    d = max((network.inputs for network in field.networks().values()), default=0) or 2
    axes = tuple("xyzwv"[:d]) if d <= 5 else tuple(f"x{i}" for i in range(d))
    x = sobol(COUNT, d, seed=1)
    return Points(axes, x, x.new_full((COUNT,), 1 / COUNT))


@dataclass(frozen=True, eq=False)
class Placed:
    """A field at points."""

    field: Field
    points: Points

    def __repr__(self) -> str:
        return type(self.field).__name__

    def unknowns(self) -> dict[str, list[Jet]]:
        """The components of each unknown, their derivatives from the networks' channels."""
        networks, x = self.field.networks(), self.points.positions
        theta = {name: parameters_of(network) for name, network in networks.items()}

        def derivative(name: str, output: int, key: Key) -> Tensor:
            plan = Plan.closing([key])
            channels = networks[name].evaluate(theta[name], x, plan).channels
            return plan.part(channels, key)[:, output]

        jets = network_jets(networks, self.points.axes, derivative)
        return _components(self.field, self.points, jets)

    def values(self) -> dict[str, list[Tensor]]:
        """The values of the components of each unknown."""
        return {
            name: [_part(jet, (), self.points) for jet in jets]
            for name, jets in self.unknowns().items()
        }


def plan_is_what_is_required(network: Network, points: Points) -> None:
    """A residual in a network's value requires that alone, and one in its Laplacian no more."""
    every = tuple(range(points.positions.shape[1]))
    for key in ((), Laplace(every)):

        def residual(p: Points, u: object, key: Key = key) -> Tensor:
            return torch.stack([_part(jet, key, p) for jet in _jets(u)]).sum(0)

        bound = BoundResidual.planned(Expression("residual", residual, ("u",)), network, points)
        keys = {k for plan in bound.plans.values() for k in plan.keys}
        expected = set(Plan.closing([key]).keys)
        require(
            keys == expected,
            f"a residual that takes the derivative {key} of `{type(network).__name__}` requires "
            f"{sorted(map(str, keys))}, which should be {sorted(map(str, expected))}: let "
            "`unknowns` return jets, and compute nothing ahead.",
        )


def unknowns_have_their_derivatives(at: Placed) -> None:
    """The derivatives of the unknowns are those of their values, through all that makes them."""
    names = [(name, j) for name, jets in at.unknowns().items() for j in range(len(jets))]
    d, p = at.points.positions.shape[1], at.points
    plan = Plan.closing([(i, j) for j in range(d) for i in range(j + 1)])

    def values(x: Tensor) -> Tensor:
        here = Points(p.axes, x, p.weights)
        components = _components(at.field, here, _jets_by_autodiff(at.field, here))
        return torch.stack([_part(components[name][j], (), here) for name, j in names], 1)

    expected, unknowns = autodiff.channels(values, p.positions, plan), at.unknowns()
    for column, (name, j) in enumerate(names):
        for key, right in zip(plan.keys, expected[:, :, column], strict=True):
            part = _part(unknowns[name][j], key, p)
            require(
                not differ(part, right, 100 * CLOSE),
                f"the derivative {key} of the unknown `{name}` of `{at!r}` differs by up to "
                f"{largest(part - right):.1e} from that of its value, which is up to "
                f"{largest(right):.1e}: let `unknowns` compute with jets alone.",
            )


def copies_are_independent(at: Placed) -> None:
    """A deep copy has the same values, and changing it changes nothing else."""
    before, twin = parameters_of(at.field), copy.deepcopy(at.field)
    _require_equal(at, Placed(twin, at.points), "its deep copy")
    fill(twin, torch.full_like(before, 0.25))
    require(
        torch.equal(parameters_of(at.field), before),
        f"changing the parameters of a deep copy of `{at!r}` changes its own.",
    )


def scaling_makes_a_copy(at: Placed) -> None:
    """`scaled_to` and `rebuilt` leave the field as it is, and have as many networks."""
    before = parameters_of(at.field)
    low = torch.zeros_like(at.points.positions[0])
    scaled = at.field.scaled_to(low, low + 1, torch.full_like(low, 3.0))
    fill(scaled, torch.full_like(parameters_of(scaled), 0.25))
    rebuilt = at.field.rebuilt(copy.deepcopy)
    names = [[*f.networks()] for f in (at.field, scaled, rebuilt)]
    require(
        torch.equal(parameters_of(at.field), before) and names[0] == names[1] == names[2],
        f"`scaled_to` of `{at!r}` makes a copy that shares its parameters, or other networks: they "
        f"are {names[0]}, scaled {names[1]} and rebuilt {names[2]}.",
    )
    _require_equal(at, Placed(rebuilt, at.points), "itself rebuilt with copies of its networks")


def files_bring_it_back(at: Placed) -> None:
    """A solution is read back with its values: by itself where it describes itself, as a rule.

    Where code is not stored, or its class cannot be imported, it is read into a field of the same
    structure.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.h5"
        save(_solution(at), path)
        try:
            loaded = load(path)
        except StorageError as cause:
            require("field=" in str(cause), f"a file of `{at!r}` cannot be read: {cause}")
            loaded = load(path, field=copy.deepcopy(at.field))
    assert isinstance(loaded, Solution)
    _require_equal(at, Placed(loaded.field, at.points), "what `load` makes of its file")


def _solution(at: Placed) -> Solution:
    return Solution(
        field=at.field,
        axes=at.points.axes,
        problem=None,
        method="none",
        why="to be saved",
        outcome=Outcome.budget,
        stop_reason="nothing was solved",
        seconds=0.0,
        loss=0.0,
        history=History(),
    )


def _require_equal(at: Placed, other: Placed, what: str) -> None:
    mine, theirs = at.values(), other.values()
    same = [*mine] == [*theirs]
    for name in mine if same else ():
        pairs = zip(mine[name], theirs[name], strict=True)
        same = same and all(torch.equal(a, b) for a, b in pairs)
    require(same, f"`{at!r}` and {what} have other values.")


def _jets_by_autodiff(field: Field, p: Points) -> dict[str, Quantity]:
    """The jets of a field's networks, differentiable by the positions of p."""
    networks = field.networks()

    def derivative(name: str, output: int, key: Key) -> Tensor:
        def values(x: Tensor) -> Tensor:
            here: Tensor = networks[name](x)
            return here.reshape(len(x), networks[name].outputs)

        return autodiff.channels(values, p.positions, Plan((key,), (0,)))[0, :, output]

    return network_jets(networks, p.axes, derivative)


def _components(field: Field, points: Points, jets: dict[str, Quantity]) -> dict[str, list[Jet]]:
    return {name: _jets(value) for name, value in field.unknowns(points, jets).items()}


def _jets(value: object) -> list[Jet]:
    return [jet for jet in flattened(value) if isinstance(jet, Jet)]


def _part(jet: Jet, key: Key, p: Points) -> Tensor:
    return torch.as_tensor(jet.part(key), dtype=p.positions.dtype).expand(len(p))


FIELD_LAWS: tuple[Law[Placed], ...] = (
    unknowns_have_their_derivatives,
    copies_are_independent,
    scaling_makes_a_copy,
    files_bring_it_back,
)
"""The laws of fields at points, beside those of their networks."""
