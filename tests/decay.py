"""A problem of two conditions and a small network, for tests of what surrounds a solve."""

from siren_pde import Box, Problem, Siren, d, on

line = Box(x=(0, 1))


@on(line)
def decay(p, u):
    return d(u, p.x) + u


@on(line.at(x=0))
def first(p, u):
    return u - 1


problem = Problem(decay, first)
small = Siren(1, width=4, depth=1)
