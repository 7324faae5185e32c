"""What is read and written: solutions, distances, points, meshes and volumes."""

from typing import TYPE_CHECKING

from siren_pde.files.namespace import lazy

if TYPE_CHECKING:
    from siren_pde.io.readers import read_mesh as read_mesh
    from siren_pde.io.readers import read_points as read_points
    from siren_pde.io.readers.data import read_data as read_data
    from siren_pde.io.results import load as load
    from siren_pde.io.results import save as save
    from siren_pde.io.writers import write_mesh as write_mesh
    from siren_pde.io.writers import write_volume as write_volume

_HOME = {
    "load": "siren_pde.io.results",
    "read_data": "siren_pde.io.readers.data",
    "read_mesh": "siren_pde.io.readers",
    "read_points": "siren_pde.io.readers",
    "save": "siren_pde.io.results",
    "write_mesh": "siren_pde.io.writers",
    "write_volume": "siren_pde.io.writers",
}

__all__ = [*_HOME]
if not TYPE_CHECKING:  # type checkers would believe in any name
    __getattr__ = lazy(__name__, _HOME)
