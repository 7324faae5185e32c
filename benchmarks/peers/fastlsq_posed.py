"""A problem of all peers as FastLSQ takes them, by the names that it calls."""

WEIGHT = 100.0
"""Of the conditions, as in most of its own problems."""
CHANNELS = ((), (0,), (1,), (0, 0), (1, 1))
"""Derivatives that the problems of all peers take."""


class Posed:
    """Rows of features, by the derivatives of its residual, which need not be linear.

    `torch` is the module, which this one does not load.
    """

    dim = 2

    def __init__(self, problem, torch):
        self.problem, self.torch, self.name = problem, torch, problem.name
        self.low, high = torch.tensor(problem.box, dtype=torch.float64).T
        self.extent = high - self.low

    def columns(self, x):
        """As formulas take them."""
        return x[:, :1], x[:, 1:]

    def exact(self, x):
        """The solution (n, 1) at points (n, 2)."""
        return self.problem.exact(self.torch, *self.columns(x))

    def exact_grad(self, x):
        """Its gradient (n, 2)."""
        x = x.clone().requires_grad_()
        return self.torch.autograd.grad(self.exact(x).sum(), x)[0]

    def get_test_points(self, n=5000):
        """Random points of the box."""
        return self.low + self.extent * self.torch.rand(n, 2)

    def get_train_data(self, n_pde, n_bc):
        """Random points of the box, and of each condition with the condition."""
        faces = []
        for condition in self.problem.conditions:
            x = self.get_test_points(n_bc // len(self.problem.conditions))
            x[:, condition.axis] = condition.at
            faces.append((x, condition))
        return self.get_test_points(n_pde), faces, self.torch.zeros(n_pde, 1)

    def build(self, solver, x, faces, source):
        """The system of a linear problem, or of the start of Newton's method."""
        start = self.torch.zeros(solver.n_features, 1, dtype=x.dtype)
        return self.linearised(solver.basis, x, faces, start)

    build_linear_init = build

    def build_newton_step(self, solver, x, faces, source):
        """The system of a step."""
        return self.linearised(solver.basis, x, faces, solver.beta)

    def linearised(self, basis, x, faces, beta):
        """The derivatives of all residuals by coefficients, and the residuals with a minus."""
        rows = [basis.derivative(x, tuple(map(axes.count, (0, 1)))) for axes in CHANNELS]
        values = {
            axes: (row @ beta).requires_grad_() for axes, row in zip(CHANNELS, rows, strict=True)
        }
        left = self.problem.residual(
            self.torch, self.columns(x), values[()], lambda *axes: values[axes]
        )
        slopes = self.torch.autograd.grad(left.sum(), [*values.values()], allow_unused=True)
        each = zip(slopes, rows, strict=True)
        matrices = [sum(slope * row for slope, row in each if slope is not None)]
        sides = [-left.detach()]
        for face, condition in faces:
            orders = [condition.order * (axis == condition.axis) for axis in (0, 1)]
            row = basis.derivative(face, tuple(orders))
            wanted = condition.values(self.torch, *self.columns(face))
            matrices.append(WEIGHT * row)
            sides.append(WEIGHT * (wanted - row @ beta))
        return self.torch.cat(matrices), self.torch.cat(sides)
