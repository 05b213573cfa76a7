"""The resolved experiment: cells, published settings, scales, and what the user changes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from smallobjects.config import (
    Cell,
    ConfigError,
    fetched_parts,
    known_weights,
    load,
    missing_paths,
    weights_in,
)
from smallobjects.config.model import ExperimentConfig

FOLDER = Path(__file__).parents[2] / "config" / "methods"
METHODS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.fixture
def demo(config_folder):
    return load(config_folder / "config.yaml")


@pytest.fixture
def paper(config_folder):
    return load(config_folder / "config.yaml", {"scale": "paper"})


def test_the_matrix_has_every_cell_once(demo, config_folder):
    blocks = yaml.safe_load((config_folder / "config.yaml").read_text())["matrix"]
    labels = [name for block in blocks for name in block["labels"]]
    rows = sum(len(block["labels"]) * len(block["segmentors"]) for block in blocks)
    assert len(demo.cells) == len(set(demo.cells)) == 2 * 3 * rows
    assert demo.cells[0] == Cell("voc", labels[0], "deeplabv2", "ce")
    assert demo.sources == labels


def test_the_paper_scale_keeps_the_published_settings(paper):
    stages = paper.stages("irn", "voc")
    assert (stages.seed.foreground_threshold, stages.seed.background_threshold) == (0.30, 0.05)
    assert stages.classifier.network == "resnet50"
    assert stages.classifier.momentum == pytest.approx(1e-4)
    assert (stages.random_walk.beta, stages.random_walk.steps) == (10, 256)
    assert paper.stages("irn", "coco").seed.foreground_threshold == 0.35
    voc, coco = (paper.segmentor("deeplabv2", "irn", name).schedule for name in ("voc", "coco"))
    assert (voc.iterations, voc.shared_iterations) == (30_000, 25_000)
    assert (coco.iterations, coco.shared_iterations) == (100_000, 40_000)
    assert paper.segmentor("deeplabv2", "irn", "voc").ewc.strength == 500
    assert paper.segmentor("deeplabv2", "irn", "voc").size_weights.tau == 5
    assert paper.dataset("voc").size_limits == (32**2, 96**2)
    assert (paper.dataset("voc").num_classes, paper.dataset("coco").num_classes) == (21, 81)


@pytest.mark.parametrize(
    ("scale", "compute", "device"),
    [
        ("paper", {}, "cuda"),
        ("paper", {"gpus": 2}, "cuda"),
        ("paper", {"gpus": 0}, "auto"),
        ("paper", {"device": "cpu"}, "cpu"),
        ("photos", {}, "auto"),
        ("photos", {"gpus": 1}, "cuda"),
        ("demo", {"gpus": 1}, "cpu"),
    ],
)
def test_a_job_that_takes_a_gpu_asks_for_cuda(config_folder, scale, compute, device):
    experiment = load(config_folder / "config.yaml", {"scale": scale, "compute": compute})
    assert experiment.scale.compute.device == device


@pytest.mark.parametrize(
    ("method", "network"),
    [
        *(("irn", "resnet50.pth"), ("rib", "resnet50.pth"), ("amn", "resnet50.pth")),
        *(("nsrom", "vgg16.pth"), ("rca", "vgg16.pth")),
        ("edam", "ilsvrc-cls_rna-a1_cls1000_ep-0001.params"),
    ],
)
def test_every_network_starts_from_the_published_weights(paper, method, network):
    assert set(weights_in(paper.stages(method, "voc").model_dump())) == {f"weights/{network}"}


def defaults_and_unstated(model, stated, where):
    """The fields of a model and of those in it that have a default, and those not in `stated`."""
    defaults, unstated = [], []
    for name, field in model.model_fields.items():
        place = f"{where}.{name}"
        defaults += [] if field.is_required() else [place]
        unstated += [] if name in stated else [place]
        for nested in filter(is_model, (field.annotation, *get_args(field.annotation))):
            found = defaults_and_unstated(nested, stated.get(name) or {}, place)
            defaults, unstated = defaults + found[0], unstated + found[1]
    return defaults, unstated


def is_model(annotation):
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


@pytest.mark.parametrize("method", METHODS)
def test_a_published_number_stands_once(paper, repository, method):
    """The file states every field of every stage; no model has a second copy as its default."""
    stated = yaml.safe_load((repository / "config" / "methods" / f"{method}.yaml").read_text())
    model = type(paper.stages(method, "voc"))
    found = defaults_and_unstated(model, stated.get("stages", {}), method)
    assert found == ([], [])


def test_a_file_that_does_not_state_a_field_is_refused(config_folder):
    path = config_folder / "methods" / "irn.yaml"
    path.write_text(path.read_text().replace("    pad_to: 512", "    # pad_to: 512"))
    with pytest.raises(ConfigError, match=r"irn\.stages\.random_walk\.pad_to: missing") as refused:
        load(config_folder / "config.yaml", {"scale": "paper", "datasets": ["voc"]})
    assert str(path) in str(refused.value)


def test_the_published_settings_of_rib(paper):
    voc, coco = (paper.stages("rib", name) for name in ("voc", "coco"))
    assert (voc.rib.steps, voc.rib.companions, voc.rib.stop_logits) == (10, 20, 600)
    assert (coco.rib.steps, coco.rib.companions, coco.rib.stop_logits) == (10, 15, 1000)
    assert (voc.rib.learning_rate, coco.rib.learning_rate) == (8e-6, 5e-6)
    assert (voc.rib.pooling_threshold, coco.rib.pooling_threshold) == (0.4, 0.5)
    assert (voc.rib.explosion_share, coco.rib.explosion_share) == (0.7, 0.8)
    for stages in (voc, coco):
        assert stages.rib.head_learning_rate == pytest.approx(10 * stages.rib.learning_rate)
        assert stages.seed.foreground_threshold == 0.35
        assert stages.random_walk.cam_power == 1.3
    assert (voc.random_walk.background_threshold, voc.random_walk.pad_to) == (0.27, 512)
    assert (coco.random_walk.background_threshold, coco.random_walk.pad_to) == (0.22, None)


def test_the_published_settings_of_amn(paper):
    voc, coco = (paper.stages("amn", name) for name in ("voc", "coco"))
    assert voc.amn == coco.amn
    assert (voc.amn.label_smoothing, voc.amn.rates) == (0.4, (6, 12, 18, 24))
    assert (voc.amn.learning_rate, voc.amn.head_learning_rate) == (5e-6, 1e-4)
    assert (voc.initial_seed.foreground_threshold, voc.seed.foreground_threshold) == (0.30, 0.45)
    assert (voc.initial_seed.background_threshold, voc.seed.background_threshold) == (0.05, 0.15)
    for stages in (voc, coco):
        assert stages.seed == voc.seed
        assert stages.random_walk.cam_power == 1.3
    assert (voc.random_walk.background_threshold, voc.random_walk.pad_to) == (0.25, 512)
    assert (coco.random_walk.background_threshold, coco.random_walk.pad_to) == (0.22, None)


def test_the_published_settings_of_nsrom(paper):
    voc, coco = (paper.stages("nsrom", name) for name in ("voc", "coco"))
    for training in (voc.attention_classifier, voc.integral):
        assert (training.input_size, training.batch_size, training.epochs) == (256, 5, 15)
        assert (training.learning_rate, training.weight_decay) == (1e-3, 5e-4)
        assert training.decay_epochs == (5, 10)
    assert voc.first_segmentor.iterations == 20_000
    crf = voc.first_segmentor.crf
    assert (crf.gaussian_sxy, crf.gaussian_compat, crf.iterations) == (1, 3, 10)
    assert (crf.bilateral_sxy, crf.bilateral_srgb, crf.bilateral_compat) == (67, 3, 4)
    assert voc.first_labels == coco.first_labels
    assert (voc.first_labels.attention_threshold, voc.first_labels.least_saliency) == (0.3, 32)
    assert voc.mining == coco.mining
    assert voc.mining.dilation == 30


def test_the_published_settings_of_rca(paper):
    voc, coco = (paper.stages("rca", name) for name in ("voc", "coco"))
    assert (voc.rca.input_size, voc.rca.batch_size, voc.rca.epochs) == (368, 8, 30)
    assert (voc.rca.memory, voc.rca.prototypes, voc.rca.temperature) == (500, 10, 0.07)
    assert (voc.rca.coarse_weight, voc.rca.contrast_weight) == (0.4, 0.01)
    assert (voc.rca.memory_momentum, voc.rca.memory_probability) == (0.99, 0.7)
    assert voc.labels == coco.labels
    assert (voc.labels.attention_threshold, voc.labels.background_power) == (0, 4)
    assert (voc.labels.crf.bilateral_sxy, voc.labels.crf.bilateral_srgb) == (80, 13)


def test_the_scales_differ_in_settings_only(demo, paper):
    assert demo.cells == paper.cells
    assert demo.layout.root == "results/demo"
    assert paper.layout.root == "results/paper"


def test_the_user_has_the_last_word(config_folder):
    changes = {
        "settings": {
            "methods": {
                "irn": {
                    "stages": {"seed": {"background_threshold": 0.01}},
                    "per_dataset": {"coco": {"stages": {"seed": {"background_threshold": 0.02}}}},
                    "training": {"ewc": {"strength": 7}},
                }
            },
            "segmentors": {"deeplabv2": {"size_weights": {"tau": 3}}},
            "datasets": {"voc": {"raw": "/data/VOC2012"}},
        }
    }
    experiment = load(config_folder / "config.yaml", changes)
    assert experiment.stages("irn", "voc").seed.background_threshold == 0.01
    assert experiment.stages("irn", "coco").seed.background_threshold == 0.02
    assert experiment.segmentor("deeplabv2", "irn", "voc").ewc.strength == 7
    assert experiment.segmentor("deeplabv2", "full", "voc").ewc.strength != 7
    assert experiment.segmentor("deeplabv2", "irn", "voc").size_weights.tau == 3
    assert experiment.dataset("voc").raw == "/data/VOC2012"


def test_an_arm_is_given_its_own_loss_settings_alone(paper):
    given = {
        arm: paper.training("deeplabv2", "irn", "voc", arm) for arm in ("shared", "ce", "sw", "sb")
    }
    assert given["shared"] == given["ce"]
    assert (given["ce"].tau, given["ce"].ewc_strength) == (None, None)
    assert (given["sw"].tau, given["sw"].ewc_strength) == (5, None)
    assert (given["sb"].tau, given["sb"].ewc_strength) == (5, 500)


def test_external_labels_make_cells_where_they_are_given(config_folder):
    changes = {
        "external": {
            "mine": {"title": "Mine", "supervision": "image", "labels": {"voc": "labels.zip"}}
        },
        "matrix": [{"labels": ["external:mine"], "segmentors": ["deeplabv2"]}],
    }
    experiment = load(config_folder / "config.yaml", changes)
    assert {cell.dataset for cell in experiment.cells} == {"voc", "pascal_b"}
    assert experiment.family("external:mine") == "external"
    assert experiment.of_family("external") == ["external:mine"]
    assert missing_paths(experiment) == {"external.mine.labels.voc": "labels.zip"}


def test_an_evaluation_set_has_the_models_of_the_set_it_names(config_folder, demo):
    assert demo.trained_on("pascal_b") == demo.trained_on("voc") == "voc"
    assert demo.segmentor("deeplabv2", "irn", "pascal_b") == demo.segmentor(
        "deeplabv2", "irn", "voc"
    )
    changes = {
        "datasets": ["pascal_b"],
        "external": {
            "mine": {"title": "Mine", "supervision": "image", "labels": {"voc": "labels.zip"}}
        },
        "matrix": [{"labels": ["external:mine"], "segmentors": ["deeplabv2"]}],
    }
    alone = load(config_folder / "config.yaml", changes)
    assert [cell.dataset for cell in alone.cells] == ["pascal_b", "pascal_b"]
    assert missing_paths(alone) == {"external.mine.labels.voc": "labels.zip"}


def test_an_evaluation_set_needs_what_it_evaluates(config_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    datasets = {
        "pascal_b": {"raw": "my/coco2017", "selection": {"decisions": "d.csv"}},
        "voc": {"raw": "my/VOC2012"},
    }
    changes = {"scale": "paper", "datasets": ["pascal_b"], "settings": {"datasets": datasets}}
    missing = missing_paths(load(config_folder / "config.yaml", changes))
    assert missing["settings.datasets.pascal_b.raw"] == "my/coco2017"
    assert missing["settings.datasets.voc.raw"] == "my/VOC2012"
    assert missing["settings.datasets.pascal_b.selection.decisions"] == "d.csv"


def pascal_b(**changes):
    return {"settings": {"datasets": {"pascal_b": changes}}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (pascal_b(trained_on="coc"), "datasets.pascal_b.trained_on = 'coc': no dataset that"),
        (pascal_b(trained_on="coco"), "has 81 classes, but pascal_b has 21"),
        (pascal_b(trained_on="pascal_b"), "no dataset that models are trained on"),
        (pascal_b(train="val"), "an evaluation set trains nothing"),
        (pascal_b(trained_on=None), "train: missing; only with `trained_on` is it left out"),
        (pascal_b(selection=None), "selection: missing; a split has the source `selection`"),
        (pascal_b(lvis={"classes": {"cta": ["cat"]}}), "classes: 'cta' is none of"),
        (
            {
                "external": {
                    "x": {"title": "X", "supervision": "image", "labels": {"pascal_b": "p"}}
                }
            },
            "external.x.labels.pascal_b: nothing is trained on pascal_b",
        ),
    ],
)
def test_an_evaluation_set_that_cannot_be_is_refused(config_folder, changes, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(config_folder / "config.yaml", changes)


def test_the_demos_evaluation_set_shows_classes_that_its_models_know(demo):
    """Appearance depends on the classes that are drawn, so they must be the same."""
    assert demo.dataset("pascal_b").synthetic.classes == demo.dataset("voc").synthetic.classes


def test_pascal_b_has_the_published_targets(paper):
    selection = paper.dataset("pascal_b").selection
    assert (selection.images, sum(selection.size_targets)) == (1137, 3996)
    assert selection.size_targets == (1245, 1468, 1283)
    assert paper.dataset("pascal_b").size_limits == (32**2, 96**2)


def test_missing_paths_name_their_keys(config_folder, paper, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert missing_paths(demo) == {}
    saliency = {
        f"settings.datasets.{name}.saliency.path": f"saliency/{name}" for name in ("voc", "coco")
    }
    assert missing_paths(paper) == saliency, "what can be fetched is not missing"
    for path in saliency.values():
        (tmp_path / path).mkdir(parents=True)
    assert missing_paths(paper) == {}
    changes = {
        "scale": "paper",
        "settings": {
            "datasets": {"voc": {"raw": "mine/VOC2012"}},
            "methods": {"irn": {"stages": {"classifier": {"weights": "mine/resnet50.pth"}}}},
            "segmentors": {
                "deeplabv2": {"model": {"backbone": {"init_cfg": {"checkpoint": "weights/my.pth"}}}}
            },
        },
    }
    mine = load(config_folder / "config.yaml", changes)
    assert missing_paths(mine) == {
        "settings.datasets.voc.raw": "mine/VOC2012",
        "settings.methods.irn.stages.classifier.weights": "mine/resnet50.pth",
        "settings.segmentors.deeplabv2.model.backbone.init_cfg.checkpoint": "weights/my.pth",
    }
    (tmp_path / "mine" / "VOC2012").mkdir(parents=True)
    assert "settings.datasets.voc.raw" not in missing_paths(mine)


def saliency_changes(saliency, **others):
    return {"scale": "paper", "settings": {"datasets": {"voc": {"saliency": saliency}}}, **others}


def test_saliency_comes_from_where_the_settings_say(config_folder, paper, demo):
    path = config_folder / "config.yaml"
    assert paper.saliency("edam", "voc").source == "precomputed"
    assert demo.saliency("edam", "voc").source == "trained"
    for source in ("irn", "full", "external:mine"):
        assert paper.saliency(source, "voc") is None
    model = {"source": "model", "path": "mine/u2net.onnx"}
    mine = load(path, saliency_changes(model))
    assert missing_paths(mine)["settings.datasets.voc.saliency.path"] == "mine/u2net.onnx"
    assert mine.saliency("edam", "voc").network.input_size == 320
    only_irn = saliency_changes(model, matrix=[{"labels": ["irn"], "segmentors": ["deeplabv2"]}])
    assert not [key for key in missing_paths(load(path, only_irn)) if "saliency" in key]


def test_saliency_that_cannot_be_is_refused(config_folder, demo):
    path = config_folder / "config.yaml"
    for saliency, message in (
        ({"source": "precomputed", "path": None}, "`precomputed` needs a `path`"),
        ({"source": "trained"}, "set `path: null`"),
        ({"source": "poolnet"}, "source"),
        ({"network": {"activation": "softmax"}}, "activation"),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            load(path, saliency_changes(saliency))
    with pytest.raises(ConfigError, match=r"voc\.saliency: missing, but \w+ reads"):
        load(path, saliency_changes(None))
    seed = demo.dataset("voc").synthetic.seed
    own = {"source": "trained", "path": None, "training": {"seed": seed}}
    with pytest.raises(ConfigError, match=r"training\.seed.*choose another"):
        load(path, saliency_changes(own))


def test_the_published_settings_of_edam(paper):
    voc, coco = (paper.stages("edam", name) for name in ("voc", "coco"))
    assert (voc.edam.network, voc.edam.hidden, voc.edam.heads) == ("wide_resnet38", 128, 2)
    assert (voc.edam.learning_rate, voc.edam.head_learning_rate) == (0.001, 0.01)
    assert (voc.edam.momentum, voc.edam.weight_decay, voc.edam.warm_up) == (0.9, 5e-4, 2000)
    assert (voc.edam.crop_size, voc.edam.batch_size, voc.edam.passes) == (368, 4, 25)
    assert (voc.edam.classes_per_pair, coco.edam.classes_per_pair) == (None, 20)
    crf = voc.label.crf
    assert (crf.iterations, crf.gaussian_sxy, crf.gaussian_compat) == (3, 3, 3)
    assert (crf.bilateral_sxy, crf.bilateral_srgb, crf.bilateral_compat) == (80, 13, 10)
    assert voc.label.saliency_threshold == 20
    assert (voc.label.least_score, voc.label.certain_score) == (1e-6, 0.99999)
    assert coco.label == voc.label


def test_raw_data_is_fetched_unless_somebody_put_it_there(paper, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("voc", "coco"):
        (tmp_path / "saliency" / name).mkdir(parents=True)
    assert fetched_parts(demo, "coco") == []
    assert fetched_parts(paper, "voc") == ["data/voc"]
    parts = ["data/coco/annotations", "data/coco/train2014", "data/coco/val2014"]
    assert fetched_parts(paper, "coco") == parts
    for part in parts[:2]:
        (tmp_path / part).mkdir(parents=True)
    assert fetched_parts(paper, "coco") == parts, "an empty folder is nothing yet"
    (tmp_path / parts[0] / "instances_train2014.json").touch()
    assert fetched_parts(paper, "coco") == parts[1:]
    (tmp_path / f"{parts[0]}.record.json").touch()
    assert fetched_parts(paper, "coco") == parts, "with its record it was fetched"
    (tmp_path / f"{parts[1]}.record.json").touch()
    (tmp_path / parts[1]).rmdir()
    assert missing_paths(paper) == {f"{parts[1]}.record.json": parts[1]}


def test_weights_that_settings_name_are_found_at_any_depth(paper):
    assert weights_in(paper.stages("irn", "voc").model_dump()) == ["weights/resnet50.pth"]
    model = paper.segmentor("deeplabv2", "irn", "voc").model
    assert weights_in(model) == ["weights/resnet101.pth"]
    assert {"weights/resnet50.pth", "weights/resnet101.pth"} <= set(known_weights(paper))


def test_a_method_may_train_a_segmentor_on_the_way(config_folder):
    changes = {"matrix": [{"labels": ["nsrom", "full"], "segmentors": ["deeplabv2"]}]}
    experiment = load(config_folder / "config.yaml", {**changes, "scale": "paper"})
    first = experiment.first_segmentor("nsrom", "voc")
    training = first.whole_training(20_000)
    assert (training.schedule.iterations, training.schedule.shared_iterations) == (20_000,) * 2
    assert training.tau is None
    assert training.model == first.model
    assert first.schedule.iterations == 30_000
    assert experiment.first_segmentor("full", "voc") is None
    stages = {"stages": {"first_segmentor": {"segmentor": "deeplab9"}}}
    wrong = {**changes, "settings": {"methods": {"nsrom": stages}}}
    with pytest.raises(ConfigError, match=r"first_segmentor\.segmentor = 'deeplab9'.*deeplabv2"):
        load(config_folder / "config.yaml", wrong)


def test_a_method_is_added_with_files_of_its_own(config_folder, monkeypatch):
    """A module, a configuration file (and a rule file): nothing else is touched."""
    module = "smallobjects.pseudo_labels.irn.parameters"
    monkeypatch.setitem(
        sys.modules,
        "smallobjects.pseudo_labels.mine.parameters",
        __import__(module, fromlist=["*"]),
    )
    file = yaml.safe_load((config_folder / "methods" / "irn.yaml").read_text())
    file["training"] = {"per_dataset": {}, "schedule": {"shared_iterations": 1}}
    file["training"].pop("per_dataset")
    (config_folder / "methods" / "mine.yaml").write_text(yaml.safe_dump({**file, "title": "Mine"}))
    changes = {"matrix": [{"labels": ["mine"], "segmentors": ["deeplabv2"]}]}
    experiment = load(config_folder / "config.yaml", changes)
    assert experiment.sources == ["mine"]
    assert experiment.segmentor("deeplabv2", "mine", "voc").schedule.shared_iterations == 1
    assert {"irn", "mine"} <= set(experiment.of_family("irn"))


def test_the_schema_is_the_one_that_validates(repository):
    stored = json.loads((repository / "config" / "schema.json").read_text())
    assert stored == json.loads(json.dumps(ExperimentConfig.model_json_schema()))


def test_the_configuration_is_read_without_torch(repository):
    """Every cluster job reads the Snakefile again, so reading it must stay cheap."""
    code = (
        "import sys; from smallobjects.config import load; "
        f"load({str(repository / 'config' / 'config.yaml')!r}); "
        "heavy = {'torch', 'mmseg', 'pandas', 'cv2', 'requests'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_weights_that_saliency_starts_from_must_be_there(config_folder):
    training = {"_delete_": True, "split": "saliency", "weights": "/none/lite0.pth"}
    splits = {"train_aug": {"without": ["saliency"]}, "saliency": {"source": "train"}}
    saliency = {"source": "trained", "path": None, "training": training}
    changes = {
        "matrix": [{"labels": ["edam"], "segmentors": ["deeplabv2"]}],
        "settings": {"datasets": {"voc": {"splits": splits, "saliency": saliency}}},
    }
    key = "settings.datasets.voc.saliency.training.weights"
    missing = missing_paths(load(config_folder / "config.yaml", changes))
    assert missing == {key: "/none/lite0.pth"}
    saliency["training"]["weights"] = "weights/efficientnet_lite0.pth"
    assert missing_paths(load(config_folder / "config.yaml", changes)) == {}
