"""Every wrong setting is refused with its key, its value and what is allowed."""

import pytest

from smallobjects.config import ConfigError, load


def saliency_on(training):
    """Settings by which the saliency of VOC is learnt on masks."""
    saliency = {"training": {"_delete_": True, **training}}
    return {"settings": {"datasets": {"voc": {"saliency": saliency}}}}


WRONG = [
    ({"scal": "demo"}, ["scal = 'demo'", "unknown key", "Did you mean scale?"]),
    ({"scale": "papr"}, ["scale = 'papr'", "demo", "Did you mean paper?"]),
    ({"datasets": ["vok"]}, ["datasets = 'vok'", "allowed: "]),
    ({"datasets": ["voc", "voc"]}, ["datasets", "twice"]),
    ({"losses": ["cee"]}, ["losses.0 = 'cee'", "'ce', 'sw' or 'sb'"]),
    ({"losses": []}, ["losses", "at least one"]),
    ({"seeds": [-1]}, ["seeds.0 = -1", "greater than or equal to 0"]),
    (
        {"matrix": [{"labels": ["irnn"], "segmentors": ["deeplabv2"]}]},
        ["matrix.0.labels = 'irnn'", "Did you mean irn?"],
    ),
    (
        {"matrix": [{"labels": ["external:mine"], "segmentors": ["deeplabv2"]}]},
        ["matrix.0.labels = 'external:mine'", "full, irn"],
    ),
    (
        {"matrix": [{"labels": ["irn"], "segmentors": ["deeplab"]}]},
        ["matrix.0.segmentors = 'deeplab'", "deeplabv2"],
    ),
    ({"matrix": [{"labels": ["irn"]}]}, ["matrix.0.segmentors", "missing"]),
    (
        {"external": {"mine": {"title": "M", "supervision": "image", "labels": {"vok": "x"}}}},
        ["external.mine.labels = 'vok'", "allowed: "],
    ),
    (
        {"settings": {"methods": {"irn": {"stages": {"seed": {"foreground_threshold": 1.7}}}}}},
        ["methods.irn.stages.seed.foreground_threshold = 1.7", "less than or equal to 1"],
    ),
    (
        {"settings": {"methods": {"irn": {"stages": {"seed": {"threshold": 0.3}}}}}},
        ["methods.irn.stages.seed.threshold = 0.3", "unknown key", "foreground_threshold"],
    ),
    (
        {"settings": {"methods": {"irn": {"stages": {"sed": {}}}}}},
        ["methods.irn.stages.sed", "unknown key", "random_walk"],
    ),
    (
        {"settings": {"methods": {"irn": {"seed": {}}}}},
        ["methods.irn.seed", "unknown key", "stages"],
    ),
    ({"settings": {"methods": {"irm": {}}}}, ["settings.methods = 'irm'", "Did you mean irn?"]),
    (
        {"settings": {"methods": {"irn": {"per_dataset": {"vok": {}}}}}},
        ["methods.irn.per_dataset = 'vok'", "voc"],
    ),
    (
        {"settings": {"datasets": {"voc": {"size_limits": [900, 100]}}}},
        ["datasets.voc", "size_limits", "must rise"],
    ),
    (
        {"settings": {"datasets": {"voc": {"layout": "vok"}}}},
        ["datasets.voc.layout = 'vok'", "no such layout; there are coco, lvis, voc"],
    ),
    (
        {"settings": {"datasets": {"voc": {"train": "trainn"}}}},
        ["datasets.voc", "'trainn'", "train_aug"],
    ),
    (
        {"settings": {"datasets": {"voc": {"splits": {"val": {"limt": 3}}}}}},
        ["datasets.voc.splits.val.limt = 3", "unknown key", " from,", " limit,"],
    ),
    (
        {"settings": {"datasets": {"voc": {"splits": {"train": {"from": "train_aug"}}}}}},
        ["datasets.voc.splits.train", "either `source`", "`null` takes back"],
    ),
    (
        {"settings": {"datasets": {"voc": {"splits": {"val": {"without": ["val"]}}}}}},
        ["datasets.voc", "in a circle: val → val"],
    ),
    (
        {"settings": {"datasets": {"voc": {"saliency": {"training": {"step": 3}}}}}},
        ["datasets.voc.saliency.training.step = 3", "unknown key", "scenes", "steps"],
    ),
    (
        saliency_on({"split": "val", "crop": 3}),
        ["datasets.voc.saliency.training.crop = 3", "unknown key", "crop_size"],
    ),
    (
        saliency_on({"split": "val", "network": "efficientnet"}),
        ["datasets.voc.saliency.training.network = 'efficientnet'", "no such backbone"],
    ),
    (
        saliency_on({"split": "saliency"}),
        ["datasets.voc", "saliency.training.split: there is no split 'saliency'", "train_aug"],
    ),
    *(
        (saliency_on({"split": split}), [f"saliency.training.split: {split!r} is trained on"])
        for split in ("train_aug", "train", "val")
    ),
    (
        {"settings": {"segmentors": {"deeplabv2": {"schedule": {"iterations": 3}}}}},
        ["segmentors.deeplabv2.schedule", "shared_iterations", "below iterations: 3"],
    ),
    (
        {"settings": {"segmentors": {"deeplabv2": {"schedul": {}}}}},
        ["segmentors.deeplabv2.schedul", "unknown key", "schedule"],
    ),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[str(changes) for changes, _ in WRONG])
def test_wrong_settings_are_refused_by_name(config_folder, changes, said):
    with pytest.raises(ConfigError) as error:
        load(config_folder / "config.yaml", changes)
    for words in said:
        assert words in str(error.value)


def test_a_missing_configuration_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such configuration file"):
        load(tmp_path / "config.yaml")


def test_broken_yaml_is_named(config_folder):
    (config_folder / "scales" / "demo.yaml").write_text("compute: [")
    with pytest.raises(ConfigError, match=r"demo.yaml: not valid YAML"):
        load(config_folder / "config.yaml")


@pytest.mark.parametrize("place", ["methods/irn.yaml", "scales/demo.yaml", "config.yaml"])
def test_a_key_that_stands_twice_is_named(config_folder, place):
    path = config_folder / place
    path.write_text(path.read_text() + "mine: {a: {b: 1, c: 2, b: 1}}\n")
    last = len(path.read_text().splitlines())
    with pytest.raises(ConfigError, match=rf"{place}: .*'b' stands twice\n.*line {last},"):
        load(config_folder / "config.yaml")


def test_a_list_where_a_mapping_belongs_is_named(config_folder):
    (config_folder / "methods" / "irn.yaml").write_text("- title")
    with pytest.raises(ConfigError, match=r"irn.yaml: a mapping"):
        load(config_folder / "config.yaml")
