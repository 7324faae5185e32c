"""PINNacle's Heat2d-VC:  u_t = a Δu + 200 sin πx sin 5πy sin πt,  u = 0 at t = 0 and on ∂Ω.

The published a was drawn without a seed: exp of a Gaussian field of waves of amplitudes |k|⁻², in
steps. Here it is smooth, of such waves with |k| ≤ 3 and phases 12 k₁ + 5 k₂ + k₁ k₂.
"""

from siren_pde import Box, Problem, cos, d, exp, lap, on, pi, reference, sin, solve

room = Box(x=(0, 1), y=(0, 1), t=(0, 5))
walls = room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1)
waves = [(j, k) for j in range(4) for k in range(-3, 4) if (j, k) > (0, 0) and j * j + k * k < 10]
size = sum(0.5 / (j * j + k * k) ** 2 for j, k in waves) ** 0.5


def diffusivity(p):
    parts = [
        cos(2 * pi * (j * p.x + k * p.y) + 12 * j + 5 * k + j * k) / (j * j + k * k)
        for j, k in waves
    ]
    return exp(sum(parts) / size)


@on(room)
def heat(p, u):
    source = 200 * sin(pi * p.x) * sin(5 * pi * p.y) * sin(pi * p.t)
    return d(u, p.t) - diffusivity(p) * lap(u, p.x, p.y) - source


@on(room.at(t=0) | walls)
def cold(p, u):
    return u


problem = Problem(heat, cold, truth=reference("heat2d_vc"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
