"""A detector small enough to learn from random values in seconds."""

from smallobjects.pseudo_labels.bbam.parameters import DetectorNetwork, ProposalSampling

TINY = DetectorNetwork(
    network="tiny",
    last_stage="layer2",
    pyramid=None,
    pooled=5,
    hidden=64,
    anchor_sizes=((8, 16, 32),),
    sampling=ProposalSampling(
        before_suppression=96,
        after_suppression=32,
        shared_by=1,
        anchors=64,
        boxes=32,
        positive_share=0.5,
    ),
    predictor_deviation=0.1,
)
