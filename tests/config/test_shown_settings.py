"""`smallobjects settings` prints YAML that gives the settings back, and where each comes from."""

import os
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.cli import main
from smallobjects.config import load
from smallobjects.config.annotated import annotated
from smallobjects.config.origins import Layer, resolve
from smallobjects.config.shown import show

SCALES = ("demo", "photos", "paper")


@pytest.fixture(scope="module")
def experiments(repository):
    return {scale: load(repository / "config/config.yaml", {"scale": scale}) for scale in SCALES}


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_printed_gives_the_settings_when_it_is_read(experiments, scale):
    experiment = experiments[scale]
    segmentors, methods, datasets = map(experiment.available, ("segmentors", "methods", "datasets"))
    for dataset in datasets:
        found = yaml.safe_load(show(experiment, [dataset]))
        settings = experiment.dataset(dataset)
        assert found == settings.model_dump(mode="json", by_alias=True)
        assert type(settings).model_validate(found) == settings
        home = experiment.trained_on(dataset)
        for method in methods:
            found = yaml.safe_load(show(experiment, [method, dataset]))
            stages = experiment.stages(method, home)
            assert type(stages).model_validate(found["stages"]) == stages
            for name in type(stages).model_fields:
                alone = yaml.safe_load(show(experiment, [method, dataset], name))
                assert alone == found["stages"][name]
        for segmentor, source in [
            *((segmentor, "full") for segmentor in segmentors),
            *(("deeplabv2", method) for method in methods),
        ]:
            found = yaml.safe_load(show(experiment, [segmentor, source, dataset]))
            settings = experiment.segmentor(segmentor, source, dataset)
            assert found == settings.model_dump(mode="json", by_alias=True)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6)
)
SETTINGS = st.recursive(
    st.one_of(VALUES, st.lists(VALUES, max_size=3)),
    lambda inner: st.one_of(
        st.dictionaries(st.text(max_size=4), inner, max_size=3), st.lists(inner, max_size=2)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), SETTINGS, max_size=3), st.text())
def test_whatever_they_are_they_are_read_back(values, place):
    text = annotated(values, resolve([Layer.of(values, place)], "voc"))
    assert (yaml.safe_load(text) or {}) == values


def origins(text):
    """Every line with its origin, by its text without indentation; of equal ones the last."""
    pairs = (line.partition("  # ") for line in text.splitlines())
    return {said.strip(): origin.strip() for said, _, origin in pairs if origin}


def test_every_value_has_its_origin(experiments):
    for experiment in experiments.values():
        for names in (["voc"], ["bbam", "coco"], ["segmenter", "full", "voc"]):
            lines = show(experiment, names).splitlines()
            assert all("  # " in line or line.endswith(":") for line in lines)


@pytest.fixture
def run(repository, monkeypatch):
    monkeypatch.chdir(repository)

    def call(*arguments, code=0):
        result = CliRunner().invoke(main, ["settings", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_each_line_names_the_layer_it_comes_from(run, tmp_path):
    mine = tmp_path / "mine.yaml"
    changes = {"random_walk": {"beta": 7}}
    irn = {"per_dataset": {"voc": {"stages": {"random_walk": {"radius": 3}}}}, "stages": changes}
    mine.write_text(yaml.safe_dump({"settings": {"methods": {"irn": irn}}}))
    arguments = ("irn", "voc", "--scale", "photos", "--configfile", mine)
    found = origins(run(*arguments, "--stage", "random_walk"))
    assert found == {
        "radius: 3": f"settings in {mine}, per_dataset: voc",
        "beta: 7.0": f"settings in {mine}",
        "steps: 64": "config/scales/photos.yaml",
        "cam_power: 1.0": "config/methods/irn.yaml",
        "pad_to: null": "config/scales/photos.yaml",
        "background_threshold: 0.25": "config/methods/irn.yaml",
    }
    amn = origins(run("amn", "voc", "--scale", "photos", "--stage", "amn"))
    assert amn["crop_size: 192"] == "config/methods/amn.yaml, scales: photos"
    assert amn["label_smoothing: 0.4"] == "config/methods/amn.yaml"
    coco = origins(run("irn", "coco", "--scale", "paper", "--stage", "seed"))
    assert coco["foreground_threshold: 0.35"] == "config/methods/irn.yaml, per_dataset: coco"
    voc = origins(run("voc", "--scale", "photos"))
    assert voc["longest_side: 320"] == "config/scales/photos.yaml"
    assert voc["title: PASCAL VOC"] == "config/datasets/voc.yaml"
    assert voc["limit: 700"] == "config/datasets/voc.yaml, scales: photos"
    network = origins(run("deeplabv3plus", "irn", "voc", "--scale", "photos"))
    base = "config/segmentors/bases/training.py"
    assert network["network: efficientnet_lite0"] == f"{base}, scales: photos"
    assert network["tau: 5.0"] == base
    assert network["channels: 128"] == "config/segmentors/deeplabv3plus.py, scales: photos"
    assert network["title: DeepLabV3+"] == "config/segmentors/deeplabv3plus.py"


def test_an_evaluation_set_is_shown_with_what_its_models_are_trained_on(run):
    for names in (["irn"], ["deeplabv2", "irn"]):
        text = run(*names, "pascal_b")
        assert text.startswith("# pascal_b evaluates models of voc")
        assert text.partition("\n")[2] == run(*names, "voc")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vok"], "Did you mean voc?"),
        (["irm", "voc"], "labels = 'irm': unknown"),
        (["irn", "vok"], "Did you mean voc?"),
        (["deeplabv3plu", "irn", "voc"], "Did you mean deeplabv3plus?"),
        (["irn", "voc", "--stage", "random-walk"], "Did you mean random_walk?"),
        (["irn"], "smallobjects settings METHOD DATASET"),
        (["fcn"], "smallobjects settings SEGMENTOR LABELS DATASET"),
        (["irn", "voc", "--scale", "photo"], "Did you mean photos?"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(run, arguments, message):
    output = run(*arguments, code=1)
    assert message in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["a", "b", "c", "d"], ["voc", "--stage", "seed"], []])
def test_a_wrong_number_of_names_is_told(run, arguments):
    assert "Usage" in run(*arguments, code=2)


def test_it_starts_without_torch(repository):
    code = (
        "import sys; from smallobjects.cli import main\n"
        "try: main(['settings', 'deeplabv2', 'irn', 'voc'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'mmseg', 'mmcv', 'pandas', 'cv2'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=repository, env=os.environ)
