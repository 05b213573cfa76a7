"""Label folders in, trained MMSegmentation models and predictions out."""
