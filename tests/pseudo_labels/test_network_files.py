"""Files of networks that another version wrote are named, and nothing ends in a traceback."""

import pytest
import torch

from smallobjects.pseudo_labels.amn.network import load_amn
from smallobjects.pseudo_labels.bana.network import load_box_classifier
from smallobjects.pseudo_labels.bbam.detector import load_detector
from smallobjects.pseudo_labels.cams.classifier import Classifier, load_classifier, save_classifier
from smallobjects.pseudo_labels.clims.dual_encoder import load_dual_encoder
from smallobjects.pseudo_labels.edam.network import load_edam
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.irn.edges import load_edges

LOADERS = {
    "classifier": lambda path: load_classifier(path, 3),
    "edges": load_edges,
    "amn": lambda path: load_amn(path, 3),
    "box-classifier": lambda path: load_box_classifier(path, 3),
    "detector": lambda path: load_detector(path, 3),
    "edam": lambda path: load_edam(path, 3),
    "scorer": load_dual_encoder,
}
DESCRIPTIONS = {
    "empty": {},
    "of another network": {"num_classes": 3, "network": "resnet9000", "rates": 7},
    "with other settings": {"num_classes": 3, "network": '{"old": 1}', "parameters": "{}"},
    "of no network": {"num_classes": 3, "network": None, "parameters": None, "texts": 5},
    "that fits": {
        "num_classes": 3,
        "network": "tiny",
        "rates": [1, 2],
        "texts": ["a"],
        "image_size": 8,
    },
}


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_a_description_that_does_not_fit_is_named(tmp_path, kind, description):
    path = tmp_path / f"{kind}.pth"
    content = {"kind": kind, "description": DESCRIPTIONS[description], "state": {}}
    torch.save(content, path)
    with pytest.raises(BadInputError, match=rf"{kind}\.pth: .*smallobjects train-{kind}"):
        LOADERS[kind](path)


@pytest.mark.parametrize("part", ["description", "state"])
def test_a_file_without_a_part_is_named(tmp_path, part):
    path = tmp_path / "classifier.pth"
    save_classifier(path, Classifier("tiny", 3))
    content = torch.load(path, weights_only=True)
    del content[part]
    torch.save(content, path)
    with pytest.raises(BadInputError, match=rf"classifier\.pth: .*KeyError: '{part}'"):
        load_classifier(path, 3)


def test_weights_of_other_shapes_are_named(tmp_path):
    path = tmp_path / "classifier.pth"
    save_classifier(path, Classifier("tiny", 3))
    content = torch.load(path, weights_only=True)
    content["state"]["head.weight"] = torch.zeros(7, 2, 1, 1)
    torch.save(content, path)
    with pytest.raises(BadInputError, match=r"classifier\.pth: .*size mismatch for head\.weight"):
        load_classifier(path, 3)
