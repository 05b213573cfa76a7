"""Of all layers that say something, the last one wins: for datasets, methods and segmentors."""

import itertools
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smallobjects.config import ConfigError, load
from smallobjects.config.layers import merge
from smallobjects.config.segmentor_settings import SegmentorSettings

DATASET = ("per_dataset", "voc")
DEMO = ("scales", "demo")
FILE = [("file", ()), ("file", DATASET)]
SCALE = [("scale", ()), ("scale", DATASET)]
AT_SCALE = [("file", DEMO), ("file", DEMO + DATASET)]
USER = [("user", ()), ("user", DATASET), ("user", DEMO), ("user", DEMO + DATASET)]
OF_METHOD = [(f"method's {who}", keys) for who, keys in [*FILE, *AT_SCALE, *USER]]
ORDER = {
    "datasets": [*FILE, *SCALE, *AT_SCALE, *USER],
    "methods": [*FILE, *SCALE, *AT_SCALE, *USER],
    "segmentors": [*FILE, *SCALE, *AT_SCALE, *OF_METHOD, *USER],
}
"""By kind, every place in which a setting can be said: later ones win."""
NAMES = {"datasets": "voc", "methods": "irn", "segmentors": "mine"}
KEYS = {
    "datasets": ("synthetic", "seed"),
    "methods": ("stages", "random_walk", "beta"),
    "segmentors": ("size_weights", "tau"),
}
"""A setting of each kind that no scale and no file changes for the demo."""
IN_SCALE = {
    "datasets": (("dataset",), ("synthetic", "seed")),
    "methods": (("stages",), ("random_walk", "beta")),
    "segmentors": (("training",), ("size_weights", "tau")),
}


def nested(keys, value):
    for key in reversed(keys):
        value = {key: value}
    return value


def said(kind, who, keys, value):
    """Return the file that says it, and its content; of the user, the settings."""
    if who == "scale":
        first, last = IN_SCALE[kind]
        return "scales/demo.yaml", nested((*first, *keys, *last), value)
    if who.startswith("method's"):
        change = nested((*keys, "training", *KEYS[kind]), value)
        if who == "method's file":
            return "methods/irn.yaml", change
        return "user", nested(("methods", "irn"), change)
    change = nested((*keys, *KEYS[kind]), value)
    if who == "user":
        return "user", nested((kind, NAMES[kind]), change)
    return f"{kind}/{NAMES[kind]}.{'py' if kind == 'segmentors' else 'yaml'}", change


def with_settings(folder: Path, kind: str, levels: dict) -> SegmentorSettings:
    """Write levels, each with its value, into a copy of config/ and read it."""
    contents = {}
    for (who, keys), value in levels.items():
        place, change = said(kind, who, keys, value)
        contents[place] = merge(contents.get(place, {}), change)
    user = contents.pop("user", {})
    if kind == "segmentors":
        lines = [
            f"{key} = {value!r}" for key, value in contents.pop("segmentors/mine.py", {}).items()
        ]
        (folder / "segmentors" / "mine.py").write_text("\n".join(['_base_ = "fcn.py"', *lines]))
    for place, change in contents.items():
        content = yaml.safe_load((folder / place).read_text())
        (folder / place).write_text(yaml.safe_dump(merge(content, change)))
    values = yaml.safe_load((folder / "config.yaml").read_text())
    return SegmentorSettings(merge(values, {"settings": user}), folder)


def value_of(experiment: SegmentorSettings, kind: str):
    if kind == "datasets":
        return experiment.dataset("voc").synthetic.seed
    if kind == "methods":
        return experiment.stages("irn", "voc").random_walk.beta
    return experiment.segmentor("mine", "irn", "voc").size_weights.tau


@pytest.mark.parametrize("kind", list(ORDER))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_last_of_the_layers_that_say_it_wins(repository, tmp_path, kind, data):
    order = ORDER[kind]
    chosen = data.draw(st.sets(st.integers(0, len(order) - 1), min_size=1, max_size=5))
    number = next(index for index in itertools.count() if not (tmp_path / str(index)).exists())
    folder = Path(shutil.copytree(repository / "config", tmp_path / str(number)))
    experiment = with_settings(folder, kind, {order[i]: 100 + i for i in chosen})
    assert value_of(experiment, kind) == 100 + max(chosen)


@pytest.mark.parametrize("kind", list(ORDER))
def test_each_layer_wins_over_those_before_it(config_folder, tmp_path, kind):
    order = ORDER[kind]
    for top in range(1, len(order)):
        folder = Path(shutil.copytree(config_folder, tmp_path / str(top)))
        experiment = with_settings(folder, kind, {order[top - 1]: 100, order[top]: 101})
        assert value_of(experiment, kind) == 101, f"{order[top]} over {order[top - 1]}"


def test_another_dataset_and_another_scale_say_nothing(config_folder):
    levels = {
        ("user", ("per_dataset", "coco")): 7,
        ("user", ("scales", "paper")): 8,
        ("file", ("scales", "photos")): 9,
        ("file", ()): 10,
    }
    assert value_of(with_settings(config_folder, "methods", levels), "methods") == 10


def test_a_scale_gives_its_stages_to_methods_that_have_them(config_folder):
    """Named by their files or not, and never to others."""
    path = config_folder / "scales" / "demo.yaml"
    content = yaml.safe_load(path.read_text())
    content["stages"] |= {
        "amn": {"dropout": 0.25},
        "per_dataset": {"coco": {"random_walk": {"beta": 77}, "amn": {"dropout": 0.35}}},
    }
    path.write_text(yaml.safe_dump(content))
    demo = load(config_folder / "config.yaml")
    chains = [name for name in demo.available("methods") if demo.has_stage(name, "random_walk")]
    assert set(chains) == {"irn", "amn", "cda", "clims", "rib"}
    for name in demo.available("methods"):
        voc, coco = (demo.stages(name, dataset) for dataset in ("voc", "coco"))
        if name in chains:
            assert (voc.random_walk.steps, coco.random_walk.steps) == (16, 16)
            assert (voc.random_walk.beta, coco.random_walk.beta) == (10, 77)
        else:
            assert "random_walk" not in voc.model_dump()
    dropouts = [demo.stages("amn", dataset).amn.dropout for dataset in ("voc", "coco")]
    assert dropouts == [0.25, 0.35]
    assert not demo.has_stage("irn", "amn")


def test_a_method_replaces_a_segmentors_backbone_as_a_whole(config_folder):
    backbone = {"_delete_": True, "type": "TinyBackbone", "channels": [8, 8, 8, 8]}
    change = {"irn": {"training": {"model": {"backbone": backbone}}}}
    demo = load(config_folder / "config.yaml", {"settings": {"methods": change}})
    assert "dilations" in demo.segmentor("fcn", "full", "voc").model["backbone"]
    found = demo.segmentor("fcn", "irn", "voc").model["backbone"]
    assert found == {"type": "TinyBackbone", "channels": [8, 8, 8, 8]}


def user(kind, name, said):
    return {"settings": {kind: {name: said}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (user("datasets", "voc", {"per_dataset": {"coco": {}}}), "write it under datasets.coco"),
        (user("methods", "irn", {"per_dataset": {"pascal_b": {}}}), "write it for voc"),
        (user("segmentors", "fcn", {"per_dataset": {"pascal_b": {}}}), "write it for voc"),
        (user("methods", "irn", {"per_dataset": {"coco": None}}), "coco = None: a mapping"),
        (user("methods", "irn", {"per_dataset": ["coco"]}), "a mapping of settings was expected"),
        (user("segmentors", "fcn", {"scales": {"dem": {}}}), "Did you mean demo?"),
        (
            user("methods", "irn", {"per_dataset": {"coco": {"scales": {"demo": {}}}}}),
            "write `scales` around `per_dataset`",
        ),
        (
            user("methods", "irn", {"scales": {"demo": {"scales": {"demo": {}}}}}),
            "read by nobody here",
        ),
    ],
)
def test_what_nobody_would_read_is_refused(config_folder, changes, message):
    changes = {"matrix": [{"labels": ["irn"], "segmentors": ["fcn"]}], **changes}
    with pytest.raises(ConfigError) as error:
        load(config_folder / "config.yaml", changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("part", "said", "message"),
    [
        ("stages", {"clasifier": {}}, "Did you mean classifier?"),
        ("stages", {"per_dataset": {"coco": {"edge": {}}}}, "Did you mean edges?"),
        ("training", {"per_dataset": {"pascal_b": {}}}, "write it for voc"),
        ("dataset", {"scales": {}}, "read by nobody here"),
    ],
)
def test_what_nobody_would_read_of_a_scale_is_refused(config_folder, part, said, message):
    path = config_folder / "scales" / "demo.yaml"
    content = yaml.safe_load(path.read_text())
    content[part] = merge(content.get(part, {}), said)
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match="scale") as error:
        load(config_folder / "config.yaml")
    assert message in str(error.value)
