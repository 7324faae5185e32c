"""Solutions as programs that need no siren_pde: `torch.export`, and ONNX for any runtime."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Channels, Site
from siren_pde.collocation.residual import BoundResidual
from siren_pde.domains.homes import widest
from siren_pde.errors import ConfigError, SirenPDEError
from siren_pde.fields.base import Field
from siren_pde.files.atomic import atomic_write
from siren_pde.io.exports.quantities import Quantity, functions, quantities
from siren_pde.io.exports.sampling import Exported, Wishes

OPSET = 18
"""The version of ONNX's operators: the first that torch's exporter writes without converting."""
CHECKED = 7
"""Points at which a program is compared with the solution before it is written."""


@final
class Program(nn.Module):
    """Values and derivatives of a field as plain functions of positions (n, d), by name.

    Traced for one point at a time, so that n is free.
    """

    def __init__(self, field: Field, axes: tuple[str, ...], each: Sequence[Quantity]) -> None:
        super().__init__()
        self.axes, self.names = axes, [q.name for q in each]
        self._held = (field,)  # no submodule: its numbers are constants of the program
        like = next(field.parameters())
        sample = self._points(like.detach().new_full((1, len(axes)), 0.5))
        self.bound = [BoundResidual.planned(q.expression, field, sample) for q in each]

    @property
    def field(self) -> Field:
        """The field that is evaluated."""
        return self._held[0]

    def _points(self, x: Tensor) -> Points:
        return Points(self.axes, x, x.new_ones(1))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Each quantity (n,) or (n, k) at x (n, d)."""
        whole = torch.func.vmap(self._at)(x)
        return {
            name: values[:, 0] if values.shape[1] == 1 else values
            for name, values in zip(self.names, whole, strict=True)
        }

    def _at(self, x: Tensor) -> tuple[Tensor, ...]:
        """Each quantity (k,) at one point (d,)."""
        points, networks = self._points(x[None]), self.field.networks()
        rows = []
        for bound in self.bound:
            where = bound.positions(self.field, points)
            channels: dict[Site, Tensor] = {}
            for site, plan in bound.plans.items():
                network = networks[site.network]
                theta = torch.cat([q.detach().flatten() for q in network.parameters()])
                channels[site] = network.channels(theta, where[site.place], plan)
            rows.append(_row(bound, self.field, points, channels))
        return tuple(rows)


def _row(bound: BoundResidual, field: Field, points: Points, channels: Channels) -> Tensor:
    return bound.residual(field, points, channels)[0]


def write_program(solution: Exported, wishes: Wishes, path: Path) -> list[Path]:
    """Write a program for `torch.export.load`, or `onnxruntime` and its kin.

    It takes positions (n, d) in the precision of the field, and gives a value under the name of
    each quantity. Raises ConfigError where a field chooses its functions by the position, as boxes
    and slabs do: such a choice is no fixed sequence of operations.
    """
    field = solution.field
    each = quantities(field, solution.axes, wishes.derivatives)
    like = next(field.parameters()).detach()
    generator = torch.Generator(device="cpu").manual_seed(0)
    unit = torch.rand((CHECKED, len(solution.axes)), generator=generator, dtype=torch.float64)
    x = _within(solution, unit).to(like)
    try:
        exported = _exported(Program(field, solution.axes, each).eval(), x)
        held = exported.module()(x)
    except SirenPDEError:
        raise
    except Exception as cause:  # whatever torch finds in the way of tracing
        raise ConfigError(
            f"a `{type(field).__name__}` cannot be exported to `{path.name}`: it is no fixed "
            f"sequence of operations ({_first_line(cause)}). Fields in boxes or slabs choose their "
            "functions by the position: export values on a grid, .vtu, .npz or .nc, instead."
        ) from cause
    _require_equal(solution, each, x, held, path)
    if path.suffix.lower() == ".onnx":
        atomic_write(path, _onnx(exported, [q.name for q in each], path))
    else:
        atomic_write(path, _pt2(exported))
    return [path]


def _within(solution: Exported, unit: Tensor) -> Tensor:
    """Points of the unit cube (n, d) moved into the box around the solution's domain, if known."""
    try:
        domain = widest(solution.home, functions(solution.field))
    except ConfigError:
        return unit
    low, high = (unit.new_tensor(corner) for corner in domain.bounds)
    return low + unit * (high - low)


def _exported(program: Program, x: Tensor) -> Any:
    count = torch.export.Dim("n", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself
        return torch.export.export(program, (x,), dynamic_shapes=({0: count},), strict=False)


def _require_equal(
    solution: Exported,
    each: Sequence[Quantity],
    x: Tensor,
    held: dict[str, Tensor],
    path: Path,
) -> None:
    """Raise ConfigError unless a program gives what the solution gives, to rounding."""
    at = Points(solution.axes, x, x.new_ones(len(x)))
    for quantity in each:
        expected = solution.evaluate(quantity.expression, at)
        finite = torch.isfinite(expected)
        if not bool(finite.any()):
            raise ConfigError(
                f"`{path.name}` cannot be compared with the solution, which has no value of "
                f"`{quantity.name}` at {CHECKED} points of its domain: it is not solved there."
            )
        scale = expected[finite].abs().max().clamp_min(1)
        apart = ((held[quantity.name] - expected)[finite].abs() / scale).max()
        if not apart <= 1e4 * torch.finfo(x.dtype).eps:
            raise ConfigError(
                f"`{path.name}` would give other values of `{quantity.name}` than the solution, "
                f"{float(apart):.1e} apart: its field cannot be exported as a program. Export "
                "values on a grid, .vtu, .npz or .nc, instead."
            )


def _pt2(exported: Any) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(exported, buffer)
    return buffer.getvalue()


def _onnx(exported: Any, names: Sequence[str], path: Path) -> bytes:
    """The bytes of an ONNX model. Raises ConfigError where its packages are not installed."""
    try:
        import onnxscript as onnxscript
    except ImportError as cause:
        raise ConfigError(
            f"`{path.name}` is written by torch with the packages onnx and onnxscript, which are "
            'not installed. Write `pip install "siren-pde[onnx]"`, or export to .pt2.'
        ) from cause
    loud = logging.getLogger("torch.onnx")
    level = loud.level
    loud.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about itself
            model = torch.onnx.export(
                exported,
                (),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=["x"],
                output_names=[*names],
            )
    except Exception as cause:  # an operator that ONNX does not have
        raise ConfigError(
            f"`{path.name}` cannot be written: {_first_line(cause)}. Export to .pt2 instead."
        ) from cause
    finally:
        loud.setLevel(level)
    if model is None:
        raise ConfigError(f"`{path.name}` cannot be written by this torch. Export to .pt2 instead.")
    return bytes(model.model_proto.SerializeToString())


def _first_line(cause: Exception) -> str:
    said = str(cause).strip() or "no reason given"
    return f"{type(cause).__name__}: {said.splitlines()[0][:200]}"
