"""Settings that are each allowed and cannot be together, refused before anything is run."""
