"""What the trainings of label networks share: the loop, its checkpoints, samples and rates."""
