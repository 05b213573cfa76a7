"""What wins where a scale, a file and the user say different things."""

import shutil
from pathlib import Path

import pytest
import yaml

from smallobjects.config import ConfigError, load

MINE = {
    "title": "Mine",
    "layout": "voc",
    "num_classes": 21,
    "raw": "/data/mine",
    "splits": {"train": {"source": "train"}, "val": {"source": "val"}},
    "train": "train",
    "label_score": "train",
    "evaluate": "val",
    "size_limits": [64, 640],
    "semantic_masks": ["SegmentationClass"],
}


def with_dataset(folder: Path, scale: str, user: dict | None = None, **changes):
    (folder / "datasets" / "mine.yaml").write_text(yaml.safe_dump(MINE | changes))
    experiment = {"scale": scale, "datasets": ["mine"]}
    experiment["settings"] = {"datasets": {"mine": user or {}}}
    experiment["matrix"] = [{"labels": ["full"], "segmentors": ["deeplabv2"]}]
    return load(folder / "config.yaml", experiment).dataset("mine")


@pytest.mark.parametrize("scale", ["demo", "photos", "paper"])
def test_a_file_with_data_of_its_own_keeps_what_it_says(config_folder, scale):
    mine = with_dataset(config_folder, scale)
    assert mine.raw == "/data/mine"
    assert tuple(mine.size_limits) == (64, 640)
    assert (mine.longest_side == 320) == (scale == "photos")


def test_a_file_without_data_of_its_own_takes_those_of_the_scale(config_folder):
    mine = with_dataset(config_folder, "demo", raw="synthetic")
    assert mine.raw == "synthetic"
    assert tuple(mine.size_limits) == (150, 900)


def test_scenes_in_place_of_data_of_its_own_are_those_of_the_scale(config_folder):
    mine = with_dataset(config_folder, "demo", user={"raw": "synthetic"})
    assert mine.raw == "synthetic"
    assert tuple(mine.size_limits) == (150, 900)
    mine = with_dataset(config_folder, "demo", user={"raw": "synthetic", "size_limits": [7, 70]})
    assert tuple(mine.size_limits) == (7, 70)


@pytest.mark.parametrize("raw", ["download", "/data/mine"])
def test_a_dataset_without_the_split_of_a_scales_saliency_has_none(config_folder, raw):
    download = {"folder": "mine", "parts": ["mine"]}
    mine = with_dataset(config_folder, "photos", raw=raw, download=download)
    assert mine.saliency is None
    assert mine.longest_side == 320


def test_photographs_at_demo_scale_are_not_measured_as_scenes(config_folder):
    settings = {"datasets": {"voc": {"raw": "/data/VOC2012"}}}
    voc = load(config_folder / "config.yaml", {"scale": "demo", "settings": settings}).dataset(
        "voc"
    )
    assert voc.raw == "/data/VOC2012"
    assert tuple(voc.size_limits) == (1024, 9216)
    assert voc.saliency.source == "precomputed"


def test_a_stage_has_the_scales_settings_whether_the_file_states_them_or_not(config_folder):
    path = config_folder / "methods" / "irn.yaml"
    named = load(config_folder / "config.yaml", {"scale": "demo"}).stages("irn", "voc")
    content = yaml.safe_load(path.read_text())
    assert content["stages"]["cam"].pop("scales") != list(named.cam.scales)
    path.unlink()
    # Under another name, as files are read once.
    path = config_folder / "elsewhere" / "methods" / "irn.yaml"
    shutil.copytree(config_folder, config_folder / "elsewhere", dirs_exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    moved = load(config_folder / "elsewhere" / "config.yaml", {"scale": "demo"})
    assert moved.stages("irn", "voc").cam.scales == named.cam.scales


def test_a_method_without_a_module_is_refused_by_name(config_folder):
    shutil.copy(config_folder / "methods" / "irn.yaml", config_folder / "methods" / "mine.yaml")
    matrix = [{"labels": ["mine"], "segmentors": ["deeplabv2"]}]
    with pytest.raises(ConfigError, match=r"methods\.mine: has .*mine\.yaml, but no module"):
        load(config_folder / "config.yaml", {"matrix": matrix, "datasets": ["voc"]})
