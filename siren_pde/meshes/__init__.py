"""Triangle meshes: extraction, distances, topology, simplification."""
