"""Which images a split has: raw lists, and parts of them."""
