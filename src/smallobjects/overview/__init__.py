"""What a matrix takes, and how far it is."""
