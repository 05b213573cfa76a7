"""How the images of PASCAL-B are chosen: candidates, a manual filter, a balanced selection."""
