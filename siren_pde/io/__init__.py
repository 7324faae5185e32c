"""What is read and written: solutions, distances, points, meshes and volumes."""
