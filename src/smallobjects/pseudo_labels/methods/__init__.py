"""One module per method: its parameters, and whatever stage makes it different."""
