"""Pictures of solutions and meshes, and the page of a scan."""

from typing import TYPE_CHECKING

from siren_pde.files.namespace import lazy

if TYPE_CHECKING:
    from siren_pde.plots.mesh import plot_mesh as plot_mesh
    from siren_pde.plots.results import plot as plot
    from siren_pde.plots.solution import plot_history as plot_history

_HOME = {"plot": "results", "plot_history": "solution", "plot_mesh": "mesh"}

__all__ = [*_HOME]
if not TYPE_CHECKING:  # type checkers would believe in any name
    __getattr__ = lazy(__name__, _HOME)
