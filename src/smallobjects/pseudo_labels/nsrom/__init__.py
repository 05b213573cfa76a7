"""NS-ROM: what makes it different from other methods with accumulated attention."""
