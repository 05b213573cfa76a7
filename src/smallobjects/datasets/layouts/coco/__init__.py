"""The layout of MS COCO: one JSON file of instances per set of images."""
