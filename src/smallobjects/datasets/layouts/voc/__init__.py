"""The layout of VOCdevkit/VOC2012, and SBD, which adds to its masks."""
