"""Pictures of solutions and meshes, pages of scans and runs, and the progress of a solve."""

from typing import TYPE_CHECKING

from siren_pde.files.namespace import lazy

if TYPE_CHECKING:
    from siren_pde.plots.compare import write_comparison as write_comparison
    from siren_pde.plots.history import plot_history as plot_history
    from siren_pde.plots.mesh import plot_mesh as plot_mesh
    from siren_pde.plots.report import write_report as write_report
    from siren_pde.plots.results import plot as plot
    from siren_pde.plots.tensorboard import TensorBoard as TensorBoard
    from siren_pde.solving.progress import watching as watching

_HOME = {
    "TensorBoard": "siren_pde.plots.tensorboard",
    "plot": "siren_pde.plots.results",
    "plot_history": "siren_pde.plots.history",
    "plot_mesh": "siren_pde.plots.mesh",
    "watching": "siren_pde.solving.progress",
    "write_comparison": "siren_pde.plots.compare",
    "write_report": "siren_pde.plots.report",
}

__all__ = [*_HOME]
if not TYPE_CHECKING:  # type checkers would believe in any name
    __getattr__ = lazy(__name__, _HOME)
