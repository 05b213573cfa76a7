"""The layout of LVIS with the classes of PASCAL VOC, which PASCAL-B is made of."""

from smallobjects.datasets.class_tables import VOC_CLASSES

CLASS_NAMES = VOC_CLASSES
