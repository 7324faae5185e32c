"""The Korteweg-de Vries equation:  u_t + 6 u u_x + u_xxx = 0,  one soliton of speed c = 2."""

from siren_pde import Box, Problem, cosh, d, on, solve, sqrt

c = 2.0
strip = Box(x=(-8, 8), t=(0, 1))


def exact(p):
    x, t = p
    return c / 2 * cosh(sqrt(c) / 2 * (x - c * t)) ** -2


@on(strip)
def kdv(p, u):
    x, t = p
    return d(u, t) + 6 * u * d(u, x) + d(u, x, x, x)


@on(strip.at(t=0))
def start(p, u):
    return u - exact(p)


@on(strip.at(x=-8) | strip.at(x=8))
def ends(p, u):
    return u - exact(p)


@on(strip.at(x=8))
def slope(p, u):
    return d(u, p.x) - d(exact(p), p.x)


problem = Problem(kdv, start, ends, slope, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
