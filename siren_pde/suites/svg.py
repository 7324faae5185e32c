"""Curves as SVG inside of a page: light, sharp at every size, and with names under the pointer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.files.markup import escaped

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 10, 36
"""Margins of the panel, in pixels."""
MOST = 7
"""Decades that are labelled at most."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NICE = (1, 2, 5)

Point = tuple[float, float]


@final
@dataclass(frozen=True)
class Curve:
    """Points of a curve, its colour, and what it is: `steps` rise where their next point is."""

    name: str
    colour: str
    points: Sequence[Point]
    steps: bool = False


@final
@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, logarithmic or not, with a label and ticks."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = True

    @staticmethod
    def decades(label: str, values: Sequence[float]) -> Axis:
        """A logarithmic axis of whole decades around positive numbers."""
        low = math.floor(math.log10(min(values)) + 1e-9)
        high = max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)
        step = math.ceil((high - low) / MOST)
        ticks = tuple((10.0**k, _power(k)) for k in range(low, high + 1) if (high - k) % step == 0)
        return Axis(label, 10.0**low, 10.0**high, ticks)

    @staticmethod
    def close(label: str, values: Sequence[float]) -> Axis:
        """A logarithmic axis that ends where positive numbers do, with ticks at 1, 2 and 5."""
        low, high = 0.9 * min(values), 1.1 * max(values)
        exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        several = [m * 10.0**k for k in exponents for m in NICE]
        inside = [v for v in several if low <= v <= high]
        if len(inside) > MOST:
            inside = [v for v in inside if f"{v:e}".startswith("1.")]
        return Axis(label, low, high, tuple((v, _plain(v)) for v in inside))

    @staticmethod
    def shares(label: str) -> Axis:
        """From nothing to all, in per cent."""
        ticks = tuple((k / 4, f"{25 * k} %") for k in range(5))
        return Axis(label, 0.0, 1.0, ticks, logarithmic=False)

    def share(self, value: float) -> float:
        """Where a number is, from 0 to 1; outside numbers are at the ends."""
        value = min(max(value, self.low), self.high)
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        return math.log(value / self.low) / math.log(self.high / self.low)


def drawing(curves: Sequence[Curve], x: Axis, y: Axis, alt: str) -> str:
    """Curves on two axes, as an SVG element."""
    inner = [*_frame(x, y), *(_line(curve, x, y) for curve in curves)]
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(alt)}">'
        f"{''.join(inner)}</svg>"
    )


def legend(names: Sequence[tuple[str, str]]) -> str:
    """Names beside dots of their colours."""
    dots = (
        f'<span><span class="dot" style="background:{colour}"></span>{escaped(name)}</span>'
        for name, colour in names
    )
    return f'<p class="legend">{"".join(dots)}</p>'


def _frame(x: Axis, y: Axis) -> Iterator[str]:
    """Lines at the ticks, their numbers, and the labels."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value, text in x.ticks:
        at = _across(x.share(value))
        yield f'<line class="tick" x1="{at}" x2="{at}" y1="{TOP}" y2="{bottom}"/>'
        yield f'<text x="{at}" y="{bottom + 15}" text-anchor="middle">{text}</text>'
    for value, text in y.ticks:
        at = _down(y.share(value))
        yield f'<line class="tick" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
    yield f'<path class="axes" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    middle = (LEFT + right) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{escaped(x.label)}</text>'
    place = f"translate(11 {(TOP + bottom) / 2}) rotate(-90)"
    yield f'<text transform="{place}" text-anchor="middle">{escaped(y.label)}</text>'


def _line(curve: Curve, x: Axis, y: Axis) -> str:
    places = [(_across(x.share(a)), _down(y.share(b))) for a, b in curve.points]
    if not places:
        return ""
    (a, b), *rest = places
    path = f"M{a} {b}" + "".join(f"H{a}V{b}" if curve.steps else f"L{a} {b}" for a, b in rest)
    dots = "" if curve.steps else "".join(f'<circle cx="{a}" cy="{b}" r="2.4"/>' for a, b in places)
    return (
        f'<g style="--colour:{curve.colour}"><title>{escaped(curve.name)}</title>'
        f'<path class="curve" d="{path}"/>{dots}</g>'
    )


def _across(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _down(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def _power(exponent: int) -> str:
    return f"10{str(exponent).translate(RAISED)}" if exponent else "1"


def _plain(value: float) -> str:
    return f"{value:g}"
