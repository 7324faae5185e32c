"""Memory that one evaluation after the other is written into."""

from __future__ import annotations

from collections.abc import Hashable

from torch import Tensor


class Workspace:
    """Uninitialised tensors by role and shape, the same memory each time one is taken again.

    Fresh memory costs more than the arithmetic that fills it: the operating system zeroes every
    page of it. What was taken earlier for a role is overwritten.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, Tensor] = {}

    def take(self, role: Hashable, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """A tensor of this shape, with the dtype and device of `like`."""
        held = self._held.get((role, shape))
        if held is None or held.dtype != like.dtype or held.device != like.device:
            held = self._held[role, shape] = like.new_empty(shape)
        return held
