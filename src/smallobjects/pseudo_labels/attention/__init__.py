"""Attention maps that a network gathers while it is trained, and the labels that saliency adds.

What NS-ROM and RCA have in common, both built on online attention accumulation (OAA, Jiang et al.,
ICCV 2019): square images, the maximum of each image's maps over the epochs, and the rule by which
maps and saliency become labels.
"""
