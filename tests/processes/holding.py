"""What processes hold of a whole that they share, where they start, and surfaces: more laws."""

from dataclasses import replace
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from siren_pde import PointCloud, Siren, Sobol, fit_sdf
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.objective import objective_of
from siren_pde.fields.parameters import with_parameters
from siren_pde.random_features.features import with_features
from siren_pde.random_features.starts import is_finite, like_field, other_starts
from tests.processes.problems import plain, rising


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that is made meanwhile."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        every = made if isinstance(made, list | tuple) else [made]
        sizes = [x.numel() for x in every if isinstance(x, torch.Tensor)]
        self.numbers = max(self.numbers, *sizes, 0)
        return made


def memory(processes):
    """The largest tensors of each process, by what they are made for."""
    given = {"rule": Sobol(8003), "processes": processes, "limits": Limits(block=64)}
    nets = (Siren(2, width=w, depth=k, dtype=torch.float64) for w, k in ((4, 1), (48, 2)))
    many, few = (objective_of(plain, net, **given) for net in nets)
    few = replace(few, collocated=few.collocated.with_rule(Sobol(151)))
    theta, direction = many.parameters, torch.ones_like(many.parameters)
    work = {
        "gradient": lambda: many.redrawn(7).loss_and_gradient(theta),
        "JᵀJ": lambda: many.redrawn(7).normal_equations(theta),
        "rows": lambda: many.redrawn(7).jvp(theta, direction),
        "J Jᵀ": lambda: few.normal_equations(few.parameters).step(1.0),
    }
    numbers = {}
    for name, made in work.items():
        with patch("siren_pde.numerics.spread.COLUMNS", 2**14), Largest() as seen:
            made()
        numbers[name] = processes.gathered(torch.tensor([seen.numbers]))
    return numbers


def starts(processes):
    """Where Newton's method begins: known values, simple functions, and near a field."""
    own = Siren(2, width=8, depth=2, dtype=torch.float64)
    whole = objective_of(rising, own, rule=Sobol(101), seed=5, processes=processes)
    tried = with_features(whole, 40, torch.tensor([9.0, 9.0]).double())
    theta, near = tried.parameters, Siren(2, width=9, depth=1, seed=2, frequency=3.0).double()
    there = torch.linspace(0.05, 0.95, 20, dtype=torch.float64).view(-1, 2)
    each = [*other_starts(tried, theta), like_field(tried, theta, near)]
    values = {f"start {k}": with_parameters(tried.field, at)(there) for k, at in enumerate(each)}
    return {**values, "finite": torch.tensor([1.0 * is_finite(tried, at) for at in each])}


def surfaces(processes):
    """A distance trained by all, with splines of the first."""
    generator = torch.Generator().manual_seed(4)
    x = torch.randn((600, 3), generator=generator, dtype=torch.float64)
    x /= x.norm(dim=1, keepdim=True)
    fitted = fit_sdf(
        PointCloud(x, normals=x),
        width=16,
        depth=2,
        seconds=None,
        steps=10,
        dtype=torch.float64,
        processes=processes,
    )
    there = torch.linspace(-1, 1, 60, dtype=torch.float64).view(-1, 3)
    return {"distances": torch.as_tensor(fitted(there))}
