"""The layout of MS COCO: one JSON file of instances per set of images."""

from smallobjects.datasets.class_tables import COCO_CLASSES

CLASS_NAMES = COCO_CLASSES
