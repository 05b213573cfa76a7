"""IRN: weakly supervised learning of instance segmentation with inter-pixel relations.

Ahn, Cho and Kwak, CVPR 2019 (arXiv 1904.05044). The displacement branch is left out: it shares no
trained parameter with the edge branch and is not read when semantic labels are made.
"""

from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import (
    CamParameters,
    ClassifierParameters,
    EdgeParameters,
    RandomWalkParameters,
    SeedParameters,
)


class Stages(Parameters):
    """The chain: classifier → CAM → seed → edges → random walk."""

    classifier: ClassifierParameters
    cam: CamParameters
    seed: SeedParameters
    edges: EdgeParameters
    random_walk: RandomWalkParameters
