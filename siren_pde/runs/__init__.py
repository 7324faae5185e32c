"""What a run leaves behind, and goes on from: folders, checkpoints, the state of a solve."""
