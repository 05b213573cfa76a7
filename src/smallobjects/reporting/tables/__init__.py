"""Tables as data: what their rows and columns are made of."""
