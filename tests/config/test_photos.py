"""The scale `photos`: every method and dataset has settings that can be run with local data."""

import pytest

from smallobjects.config import load, missing_paths

METHODS = ("bbam", "bana", "edam", "nsrom", "rca", "clims", "irn", "cda", "amn", "rib")
WEIGHTS = "weights/efficientnet_lite0.pth"


@pytest.fixture(scope="module")
def photos(repository, tmp_path_factory):
    """All methods on VOC and COCO, as `make photos LABELS=all` puts it together."""
    raw = {name: {"raw": str(tmp_path_factory.mktemp(name))} for name in ("voc", "coco")}
    changes = {
        "scale": "photos",
        "datasets": ["voc", "coco"],
        "matrix": [{"labels": [*METHODS, "full"], "segmentors": ["deeplabv3plus"]}],
        "losses": ["ce", "sw", "sb"],
        "settings": {"datasets": raw},
    }
    return load(repository / "config/config.yaml", changes)


def leaves(settings, name):
    """Every value under a key called `name`, however deep."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from leaves(value, name)
        elif key == name:
            yield value


def test_nothing_is_missing_but_what_the_environment_ships(photos):
    assert missing_paths(photos) == {}
    weights = {
        str(path)
        for source in METHODS
        for dataset in ("voc", "coco")
        for path in leaves(photos.stages(source, dataset).model_dump(), "weights")
        if path is not None
    }
    assert weights == {WEIGHTS}
    assert photos.downloads.weights["efficientnet_lite0.pth"].package


@pytest.mark.parametrize("source", METHODS)
@pytest.mark.parametrize("dataset", ["voc", "coco"])
def test_every_network_is_small(photos, source, dataset):
    networks = set(leaves(photos.stages(source, dataset).model_dump(), "network"))
    # The stand-in for CLIP is called tiny, and no backbone.
    assert networks <= {"efficientnet_lite0", "tiny"}
    assert "efficientnet_lite0" in networks
    crops = [*leaves(photos.stages(source, dataset).model_dump(), "crop_size")]
    assert all(size <= 256 for size in crops)


@pytest.mark.parametrize("dataset", ["voc", "coco"])
def test_no_image_that_chooses_settings_or_saliency_is_scored(photos, dataset):
    settings = photos.dataset(dataset)
    scored = settings.splits[settings.label_score]
    assert scored.from_split == settings.train
    assert "tune" in scored.without
    assert settings.splits["tune"].from_split == settings.train
    assert "saliency" in settings.splits[settings.train].without
    assert settings.splits[settings.evaluate].sources != settings.splits["saliency"].sources
    assert settings.longest_side == 320
    assert settings.size_limits == (419, 3775)
    assert photos.saliency("edam", dataset).mask_training.split == "saliency"


def test_what_knows_more_is_told(photos):
    assert "boxes" in photos.remark("clims", "voc")
    for source in ("edam", "nsrom", "rca"):
        assert "stand-in detector" in photos.remark(source, "coco")
    for source in ("bbam", "bana", "irn", "cda", "amn", "rib", "full"):
        assert photos.remark(source, "voc") is None


def test_real_clip_takes_the_place_of_the_stand_in(photos, repository, tmp_path):
    clip = tmp_path / "clip.pt"
    clip.write_bytes(b"")
    scorer = {"network": "open_clip", "weights": str(clip)}
    changes = {"scale": "photos", "datasets": ["voc"], "settings": {
        "datasets": {"voc": {"raw": str(tmp_path)}},
        "methods": {"clims": {"stages": {"scorer": scorer}}}}}  # fmt: skip
    assert load(repository / "config/config.yaml", changes).remark("clims", "voc") is None


def test_the_first_segmentor_and_the_others_have_the_same_backbone(photos):
    for segmentor in ("deeplabv3plus", "deeplabv2"):
        backbone = photos.segmentor(segmentor, "full", "voc").model["backbone"]
        assert (backbone["type"], backbone["network"]) == ("StagedBackbone", "efficientnet_lite0")
    first = photos.first_segmentor("nsrom", "voc")
    assert first.model["backbone"]["network"] == "efficientnet_lite0"


def test_the_published_settings_do_not_know_of_it(repository):
    """A scale lies over the files; without it they are as published."""
    paper = load(repository / "config/config.yaml", {"scale": "paper"})
    assert paper.dataset("voc").longest_side is None
    assert paper.dataset("voc").splits["train_aug"].limit is None
    assert paper.stages("irn", "voc").classifier.network == "resnet50"
