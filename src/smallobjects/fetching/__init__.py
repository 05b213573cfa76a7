"""Get files from the network, whole or not at all, and unpack them."""
