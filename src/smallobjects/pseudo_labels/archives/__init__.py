"""Arrays and images in zip files whose bytes depend on their content alone."""
