"""Pictures of solutions and meshes, and the page of a scan."""
