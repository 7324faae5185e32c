"""PINNacle's Poisson2d-MS:  a Δu + f = 0 in 5 × 5 blocks, a from 0.13 to 88,  ∂u/∂n + u = 0.

As in the published code, with its numbers; where a jumps this is not ∇·(a ∇u) + f = 0, whose flux
is continuous.
"""

from siren_pde import Box, Problem, dot, grad, lap, on, pi, reference, sin, solve

blocks = reference("poisson2d_ms_blocks")
square = Box(x=(-10, 10), y=(-10, 10))


def poisson(x, y, a, constant, product):
    """The equation in the block around (x, y)."""

    def block(p, u):
        wave = sin(pi * (p.x - x + 2) / 4) * sin(pi * (p.y - y + 2) / 4)
        return a * lap(u) + constant + product * wave

    block.__name__ = f"block_{x:g}_{y:g}"
    return on(Box(x=(x - 2, x + 2), y=(y - 2, y + 2)))(block)


@on(square.boundary)
def robin(p, u):
    return dot(grad(u), p.normal) + u


numbers = [blocks.rows(name)[:, 0] for name in ("a", "constant", "product")]
each = [poisson(*where, *row) for where, *row in zip(blocks.positions, *numbers, strict=True)]
problem = Problem(*each, robin, truth=reference("poisson2d_ms"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
