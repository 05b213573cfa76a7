"""The layout of LVIS with the classes of PASCAL VOC, which PASCAL-B is made of."""
