"""ScimBa (INRIA, scimba.org) on JAX, by its energy natural gradient.

Its default optimiser (Müller and Zeinhofer, ICML 2023) with Armijo's line search and a ridge that
adapts itself: a small network of tanh in double precision, whose space is processed so that
conditions hold exactly. Points are drawn once, as by its `resample=False`, or for each step.
"""

from functools import partial

from in_jax import ansatz, limit_threads, residual_at, scaled, weight
from protocol import Run

WIDTH, DEPTH = 24, 3
POINTS, DRAWN = 4096, 2048
"""Once where the problem is linear, in each step where it is not. After 36 s points that stayed had
brought waves to 0.12%, new ones to 0.67%, but Burgers' front to 18%, new ones to 0.53%.
"""
RIDGE = 1e-6
"""Its default, from which the adaptation starts."""


def space_of(problem, seed, jax):
    """The functions among which it looks."""
    from scimba_jax.nonlinear_approximation.approximation_spaces import approximation_spaces
    from scimba_jax.nonlinear_approximation.networks.mlp import MLP

    return approximation_spaces.ApproximationSpace(
        {"x": 2},
        [(MLP(2, 1, [WIDTH] * DEPTH, "tanh", key=jax.random.PRNGKey(seed)), "scalar", None)],
        model_type="x",
        pre_processing=partial(scaled, problem),
        post_processing=lambda v, x: ansatz(problem, jax, x, v),
    )


def model_of(problem, jax):
    """The box with its residual, time being an axis like others, and the label of the box."""
    from scimba_jax.domains.meshless_domains.domains_2d import Square2D
    from scimba_jax.nonlinear_approximation.model_class import funcparam_scalar
    from scimba_jax.physical_models.abstract_physical_model import AbstractPhysicalModel
    from scimba_jax.physical_models.abstract_residuals import InteriorResidual

    class Interior(InteriorResidual):
        def construct_residual(self, u):
            def at(space, x):
                return residual_at(problem, jax, x, lambda x: u(space, x).squeeze())

            return funcparam_scalar.ParamScalarFunction(u.dims, at, u.f_type)

    model = AbstractPhysicalModel(Square2D([*problem.box], is_main_domain=True))
    label = model.main_domain.get_label()
    model.physical_residuals = {label: Interior(model.main_domain, model_type="x")}
    return model, label


def prepared(run, jax):
    """One compiled step, the values by space and points, and what the step starts from."""
    from scimba_jax.nonlinear_approximation.integration import monte_carlo
    from scimba_jax.nonlinear_approximation.numerical_solvers.projectors import Projector

    space = space_of(run.problem, run.seed, jax)
    model, label = model_of(run.problem, jax)
    inside = monte_carlo.DomainSampler(model.main_domain)
    projector = Projector(
        model,
        space,
        monte_carlo.TensorizedSampler([inside], "x", bc=False),
        "ENG",
        weights={label: [weight(run.problem, jax)]},
        linesearch="armijo",
        matrix_regularization=RIDGE,
        adaptive_matrix_regularization=True,
    )
    step = projector.build_one_step_optim(POINTS if run.problem.linear else DRAWN)
    now = (space, jax.random.PRNGKey(run.seed + 1), projector.optimizer)
    _, *second = step(*now)
    step(*second)  # what a step returns is of other types than what the first is given
    values = jax.jit(space.create_variables()[0].vmap_on_physical_variables())
    return step, values, now


def trained(run, jax):
    """The values, by points, when the time is over, and the number of parameters."""
    with run.uncounted("compiled"):
        step, values, (space, key, state) = prepared(run, jax)
    while not run.over:
        _, space, fresh, state = jax.block_until_ready(step(space, key, state))
        key = key if run.problem.linear else fresh
        run.look(partial(values, space))
    return partial(values, space), space.ndof


def main():
    run = Run.asked()
    limit_threads(run.threads)
    with run.uncounted("imported"):
        import jax
        import scimba_jax  # noqa: F401
    values, parameters = trained(run, jax)
    points = POINTS if run.problem.linear else f"{DRAWN} new"
    run.ended(
        values,
        parameters=parameters,
        recipe=f"tanh {DEPTH} × {WIDTH}, float64, exact conditions, {points} points, energy "
        f"natural gradient, ridge adapted from {RIDGE:g}, Armijo",
        packages=["scimba", "jax"],
    )


if __name__ == "__main__":
    main()
