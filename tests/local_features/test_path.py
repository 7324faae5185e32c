"""Nonlinear problems on boxes begin with the linearised one."""

import torch

from siren_pde import Box, Problem, Siren, d, on, tanh
from siren_pde.collocation.objective import objective_of
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.discretised import Waves, assembled
from siren_pde.local_features.newton import minimised
from siren_pde.local_features.path import led, partly
from siren_pde.numerics.box_tree import BoxTree
from tests.cavities import cavity

REYNOLDS = 1000


def on_boxes():
    objective = objective_of(*cavity(REYNOLDS))
    low, high = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    tree, _ = BoxTree.around(low, high).split([[0, 1]])
    assembly, local = assembled(objective, tree, Waves(50, 3.0))
    return assembly, tree, local.parameters


def test_the_path_begins_with_an_affine_problem_and_ends_with_the_problem():
    assembly, tree, theta = on_boxes()
    assembly = assembly.scaled(theta)
    moved = theta + 0.1
    whole, linear = assembly.squares(moved), partly(assembly, 0.0).squares(moved)
    assert torch.equal(partly(assembly, 1.0).squares(moved), whole)
    assert not torch.allclose(linear, whole)
    once, twice = (
        minimised(partly(assembly, 0.0), tree, at, affine=True).theta
        for at in (theta, theta + 0.01)
    )
    left = [float(partly(assembly, 0.0).squares(at).sum()) for at in (once, twice)]
    assert abs(left[0] - left[1]) < 1e-5 * left[0]


line = Box(x=(-1, 1))
LAYER = 0.2


def steep(p):
    return -tanh(p.x / (2 * LAYER))


@on(line)
def burgers(p, u):
    return u * d(u, p.x) - LAYER * d(u, p.x, p.x)


@on(line.boundary)
def ends(p, u):
    return u - steep(p)


def test_the_path_leads_to_the_solution():
    objective = objective_of(Problem(burgers, ends), Siren(1))
    tree = BoxTree.around(*torch.tensor([[-1.0], [1.0]], dtype=torch.float64))
    for _ in range(3):
        tree, _ = tree.split([[0]] * len(tree))
    assembly, local = assembled(objective, tree, Waves(24, 4.0))
    place = led(assembly, tree, local.parameters)
    assert place.s == 1.0
    solved = minimised(assembly, tree, place.theta, affine=False).theta
    field = with_parameters(local.field, solved)
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)
    with torch.no_grad():
        right = -torch.tanh(x / (2 * LAYER))
        assert torch.allclose(field.networks()["u"](x[:, None]), right, atol=1e-5)


def test_a_cavity_is_reached_by_its_path():
    assembly, tree, theta = on_boxes()
    place = led(assembly, tree, theta)
    assert place.s == 1.0
    after = minimised(assembly, tree, place.theta, affine=False).theta
    measure = assembly.scaled(after)
    first, last = (float(measure.squares(at).sum().sqrt()) for at in (theta, after))
    assert last < 0.2 * first


def test_no_step_follows_a_deadline():
    assembly, tree, theta = on_boxes()
    place = led(assembly, tree, theta, deadline=0.0)
    assert place.s == 0.0 and bool((place.theta != theta).any())
    assert minimised(assembly, tree, place.theta, affine=False, deadline=0.0).steps == 1
