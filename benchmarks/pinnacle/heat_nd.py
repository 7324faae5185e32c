"""PINNacle's HNd:  u_t = Δu / 5 + f in the unit ball of R⁵,  ∂u/∂n given,  u = exp(|x|²/2 + t).

On the unit sphere, ∂u/∂n = |x|² u = u.
"""

from siren_pde import Ball, Box, Problem, d, dot, exp, grad, lap, on, solve

ball, time = Ball(**{f"x{i}": 0 for i in range(5)}, radius=1), Box(t=(0, 1))


def square(p):
    *x, _ = p
    return sum(a**2 for a in x)


def exact(p):
    return exp(square(p) / 2 + p.t)


@on(ball * time)
def heat(p, u):
    *x, t = p
    return d(u, t) - lap(u, *x) / 5 + square(p) / 5 * exact(p)


@on(ball.boundary * time)
def flux(p, u):
    return dot(grad(u), p.normal) - exact(p)


@on(ball * time.at(t=0))
def start(p, u):
    return u - exact(p)


problem = Problem(heat, flux, start, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
