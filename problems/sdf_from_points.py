"""A signed distance function from oriented points:  |∇u| = 1 in Ω,  u = 0 and ∇u = n on Γ."""

from siren_pde import Box, PointCloud, Problem, grad, norm, on


def sdf_from_points(cloud: PointCloud) -> Problem:
    space = Box.around(cloud, margin=0.5)

    @on(space)
    def eikonal(p, u):
        return norm(grad(u)) - 1

    @on(cloud, weight=10)
    def vanishes(p, u):
        return u

    @on(cloud)
    def oriented(p, u):
        return grad(u) - p.normal

    return Problem(eikonal, vanishes, oriented)
