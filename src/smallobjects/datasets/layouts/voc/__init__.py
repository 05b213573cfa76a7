"""The layout of VOCdevkit/VOC2012, and SBD, which adds to its masks."""

from smallobjects.datasets.class_tables import VOC_CLASSES

CLASS_NAMES = VOC_CLASSES
