"""What the workflow needs to know of the Slurm that it runs on."""
