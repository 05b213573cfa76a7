"""A detector small enough to learn from random values in seconds."""

from published_settings import published

NETWORK = {
    "network": "tiny",
    "last_stage": "layer2",
    "pyramid": None,
    "pooled": 5,
    "hidden": 64,
    "anchor_sizes": [[8, 16, 32]],
    "sampling": {
        "before_suppression": 96,
        "after_suppression": 32,
        "shared_by": 1,
        "anchors": 64,
        "boxes": 32,
        "positive_share": 0.5,
    },
    "predictor_deviation": 0.1,
}
TINY = published("bbam.detector", **NETWORK)
