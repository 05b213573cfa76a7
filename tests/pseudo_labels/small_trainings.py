"""Every training of a label network, on few small images and for few steps."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from published_settings import published

from smallobjects.datasets.saliency_parameters import SaliencyMaskTraining, SaliencyNetwork
from smallobjects.pseudo_labels.amn.training import train_amn
from smallobjects.pseudo_labels.bana.training import train_box_classifier
from smallobjects.pseudo_labels.bbam.training import train_detector
from smallobjects.pseudo_labels.cams.classifier import Classifier, train_classifier
from smallobjects.pseudo_labels.cda.cutting import ObjectCuts
from smallobjects.pseudo_labels.cda.training import train_pasted_classifier
from smallobjects.pseudo_labels.clims.dual_encoder_training import train_dual_encoder
from smallobjects.pseudo_labels.clims.training import train_clims
from smallobjects.pseudo_labels.edam.training import train_edam
from smallobjects.pseudo_labels.irn.edge_training import train_edges
from smallobjects.pseudo_labels.labels.archive import LabelArchives, write_labels
from smallobjects.pseudo_labels.nsrom import classifier as nsrom
from smallobjects.pseudo_labels.nsrom.integral import train_integral
from smallobjects.pseudo_labels.rca.training import train_rca
from smallobjects.pseudo_labels.saliency.mask_training import train_saliency_on_masks
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
COMMON = {"network": "tiny", "batch_norm": "trained", "learning_rate": 0.01}
SQUARE = {"input_size": 32, "batch_size": 4, "epochs": 2}
REASONING = {"width": 8, "nodes": 4, "states": 4}
CROPS = {"crop_size": 32, "resize_long_side": (32, 40)}
SHORT = {"epochs": 1, "batch_size": 4}
BBAM = {
    "last_stage": "layer2",
    "pyramid": None,
    "pooled": 3,
    "hidden": 8,
    "anchor_sizes": ((8, 16),),
    "short_sides": (32,),
    "longest_side": 64,
    "steps": 3,
    "batch_size": 2,
}
SCORER = {"network": "tiny", "image_size": 32, "steps": 3, "batch_size": 4}


def merged(*parts):
    """All of some mappings; later ones win."""
    return {key: value for part in parts for key, value in part.items()}


def context(dataset, ids):
    return TrainingContext(dataset, ids, seed=0, device=CPU)


def start():
    """A classifier that others start from."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Classifier("tiny", 3).eval()


def seeds(dataset, ids, stack):
    """The ground truth as seeds."""
    path = Path(stack.enter_context(TemporaryDirectory())) / "seeds.zip"
    with write_labels(path) as archive:
        for image_id in ids:
            archive.write(image_id, dataset.read_semantic(image_id))
    return stack.enter_context(LabelArchives([path]))


def classifier(dataset, ids, **changes):
    settings = published("irn.classifier", **merged(COMMON, CROPS, SHORT, changes))
    return train_classifier(context(dataset, ids), settings)


def pasted_classifier(dataset, ids, **changes):
    settings = published("cda.classifier", **merged(COMMON, CROPS, SHORT, changes))
    cuts = ObjectCuts(dataset, dataset.root / "semantic", [])
    return train_pasted_classifier(context(dataset, ids), cuts, settings)


def edges(dataset, ids, **changes):
    own = {"network": "tiny", "crop_size": 32, "radius": 2, "learning_rate": 0.01}
    settings = published("irn.edges", **merged(own, SHORT, changes))
    with ExitStack() as stack:
        found = seeds(dataset, ids, stack)
        return train_edges(context(dataset, ids), found, start(), settings)


def amn(dataset, ids, **changes):
    own = {"network": "tiny", "crop_size": 32, "rates": (1, 2), "initial": "classifier"}
    settings = published("amn.amn", **merged(own, SHORT, {"learning_rate": 0.001}, changes))
    with ExitStack() as stack:
        found = seeds(dataset, ids, stack)
        return train_amn(context(dataset, ids), found, start(), settings)


def scorer(dataset, ids, **changes):
    settings = published("clims.scorer", **merged(SCORER, changes))
    language = published("clims.language", background=["ground"])
    return train_dual_encoder(context(dataset, ids), settings, language)


def clims(dataset, ids, **changes):
    own = {"learning_rate": 0.005, "head_learning_rate": 0.01, "trained_from": "layer1"}
    settings = published("clims.clims", **merged(CROPS, SHORT, own, changes))
    language = published("clims.language", background=["ground"])
    return train_clims(context(dataset, ids), start(), scorer(dataset, ids), settings, language)


def bana(dataset, ids, **changes):
    own = {"crop_size": 32, "batch_size": 4, "steps": 3, "decay_at": ()}
    settings = published("bana.box_classifier", **merged(COMMON, own, changes))
    return train_box_classifier(context(dataset, ids), settings)


def bbam(dataset, ids, **changes):
    own = {"decay_at": (), "warm_up": 0}
    settings = published("bbam.detector", **merged(COMMON, BBAM, own, changes))
    return train_detector(context(dataset, ids), settings)


def edam(dataset, ids, **changes):
    own = {"hidden": 8, "token_pooling": 2, "passes": 2, "recompute": False, "warm_up": 0}
    settings = published("edam.edam", **merged(COMMON, CROPS, own, {"batch_size": 2}, changes))
    return train_edam(context(dataset, ids), settings)


def nsrom_classifier(dataset, ids, **changes):
    own = {"decay_epochs": ()}
    settings = published(
        "nsrom.attention_classifier", **merged(COMMON, SQUARE, REASONING, own, changes)
    )
    return nsrom.train_classifier(context(dataset, ids), settings)[0]


def nsrom_integral(dataset, ids, **changes):
    attention = {}
    for image_id in ids:
        classes = dataset.image_classes.get(image_id, ())
        attention[image_id] = np.array(classes), np.zeros((len(classes), 8, 8), np.uint8)
    own = {"decay_epochs": ()}
    settings = published("nsrom.integral", **merged(COMMON, SQUARE, REASONING, own, changes))
    return train_integral(context(dataset, ids), attention, settings)


def rca(dataset, ids, **changes):
    own = {"width": 8, "memory": 6, "prototypes": 2, "new_factor": 1, "decay_epochs": ()}
    settings = published("rca.rca", **merged(COMMON, SQUARE, own, changes))
    return train_rca(context(dataset, ids), settings)[0]


def saliency_on_masks(dataset, ids, **changes):
    own = {"split": "half", "network": "tiny", "batch_norm": "trained", "trained_from": "stem"}
    short = {"crop_size": 32, "steps": 3, "batch_size": 2}
    training = SaliencyMaskTraining(**merged(own, short, changes))
    return train_saliency_on_masks(
        dataset, SaliencyNetwork(input_size=None), training, seed=0, device=CPU
    )
