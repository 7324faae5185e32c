"""Eliminating what enters linearly finds media from their waves, and constants from data."""

import math

import numpy as np
import pytest
import torch
from scipy.io import savemat

from siren_pde import (
    Box,
    PointCloud,
    Problem,
    Siren,
    Sobol,
    System,
    Unknown,
    VariableProjection,
    d,
    on,
    read_shots,
    solve,
)
from siren_pde.applications.scattering import Shots
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError, DataFileError
from siren_pde.random_features.separation import partitioned

line = Box(x=(0, 1))
x = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
RATE = 1.3


@on(line)
def decay(p, u, m):
    return [d(u[0], p.x) + m * u[0], d(u[1], p.x) + 2 * m * u[1]]


@on(line.at(x=0))
def start(p, u):
    return [u[0] - 1, u[1] - 1]


@on(PointCloud(x, u=torch.stack([torch.exp(-RATE * x), torch.exp(-2 * RATE * x)], dim=1)))
def measured(p, u):
    return u - p.u


@on(line, weight=1e-24)
def level(p, m):
    return m - 1


PROBLEM = Problem(decay, start, measured, level)


def system():
    return System(m=Unknown(0.4), u=Siren(1, 2))


def test_a_constant_is_found_from_two_decays():
    method = VariableProjection(features=40, frequency=(6,), tolerance=1e-9)
    solution = solve(PROBLEM, system(), method, quiet=True)
    assert solution.field.networks()["m"].value == pytest.approx(RATE, rel=1e-7)
    u = solution.evaluate(lambda p, u: u, x)
    assert torch.allclose(u[:, 1], torch.exp(-2 * RATE * x), atol=1e-7)


def test_outputs_that_no_residual_joins_are_blocks():
    def outputs(problem):
        objective = objective_of(problem, system(), rule=Sobol(32))
        return partitioned(objective, "u", 7, torch.tensor([3.0])).outputs

    assert outputs(PROBLEM) == ((0,), (1,))

    @on(line)
    def joining(p, u):
        return u[0] - u[1]

    assert outputs(Problem(decay, joining)) == ((0, 1),)


def test_blocks_together_are_the_whole():
    objective = objective_of(PROBLEM, system(), rule=Sobol(32))
    parts = partitioned(objective, "u", 7, torch.tensor([3.0]))
    generator = torch.Generator().manual_seed(0)
    inner = [torch.randn(8, generator=generator, dtype=torch.float64) for _ in parts.parts]
    outer = torch.tensor([0.7], dtype=torch.float64)
    losses = [
        part.loss(parts.theta(part, c, outer)) for part, c in zip(parts.parts, inner, strict=True)
    ]
    whole = parts.whole.loss(parts.joined(inner, outer))
    assert float(sum(losses)) == pytest.approx(float(whole), rel=1e-12)


def test_what_cannot_be_eliminated_is_said():
    with pytest.raises(ConfigError, match="`v`"):
        solve(PROBLEM, system(), VariableProjection("v", frequency=(1,)), quiet=True)
    with pytest.raises(ConfigError, match="positive"):
        VariableProjection(features=0)


# ── shots ─────────────────────────────────────────────────────────────────────────────────────────

ring = np.linspace(0, 2 * math.pi, 7)[:-1]
sources = 0.5 * np.stack([np.cos(ring), np.sin(ring)], axis=1)
receivers = 0.8 * np.stack([np.cos(ring + 0.3), np.sin(ring + 0.3)], axis=1)


def disk(sources, receivers, speed=2.0):
    where = {"sources": sources, "receivers": receivers}
    return Shots.around_disk(k=20.0, radius=0.1, speed=speed, **where)


def test_the_waves_around_a_disk_are_those_of_physics():
    heard = disk(sources, receivers).heard
    assert np.allclose(heard, disk(receivers, sources).heard.T, rtol=1e-12)  # reciprocity
    assert np.allclose(heard[1:, 1:], heard[:-1, :-1], rtol=1e-10)  # the disk is round
    assert disk(sources, receivers, speed=1.0).cloud.data["echo"].abs().max() < 1e-15


def test_a_disk_keeps_the_energy_of_waves():
    """With a real speed, each angular wave comes back as strong as it went in: |1 + 2a| = 1."""
    from siren_pde.applications.scattering import _order

    for n in range(6):
        a = _order(n, 20.0, 0.1, 2.0) / (-0.25j * (1 if n == 0 else 2))
        assert abs(abs(1 + 2 * a) - 1) < 1e-12


def test_what_is_sent_and_heard_agree():
    shots = disk(sources, receivers)
    sent = [g.re.value + 1j * g.im.value for g in shots.sent(shots.cloud.data_points)]
    echo = torch.view_as_complex(shots.cloud.data["echo"].view(6, 6, 2).contiguous())
    assert torch.allclose(torch.stack(sent, dim=1) + echo, torch.from_numpy(shots.heard))


def test_shots_are_read_from_matlab_files(tmp_path):
    shots, path = disk(sources, receivers), tmp_path / "shots.mat"
    savemat(path, {"source": sources, "receivers": receivers, "rec_val": shots.heard})
    assert np.array_equal(read_shots(path, k=20).heard, shots.heard)


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "other", "shape", "nan", "deep"])
def test_files_without_shots_are_refused(tmp_path, damage):
    path, heard = tmp_path / "shots.mat", disk(sources, receivers).heard
    entries = {"source": sources, "receivers": receivers, "rec_val": heard}
    if damage == "text":
        path.write_text("no shots at all" * 100)
    elif damage != "missing":
        entries |= {
            "other": {"rec_val": np.array(["a", "b"])},
            "shape": {"rec_val": heard[:3]},
            "nan": {"rec_val": np.full_like(heard, np.nan)},
            "deep": {"source": np.zeros((2, 2, 2))},
        }.get(damage, {})
        savemat(path, entries)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataFileError, match="holds no shots"):
        read_shots(path, k=20)
