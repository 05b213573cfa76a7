"""Settings that cannot be together are refused in one line, before anything is run."""

import pytest
import yaml

from smallobjects.config import ConfigError, load
from smallobjects.config.layers import merge
from smallobjects.config.segmentor_settings import SegmentorSettings


def experiment(repository, scale, said, compute=None) -> SegmentorSettings:
    values = yaml.safe_load((repository / "config" / "config.yaml").read_text())
    changes = {"scale": scale, "settings": said, "compute": compute or {}}
    return SegmentorSettings(merge(values, changes), repository / "config")


def stage(method, name, **said):
    return {"methods": {method: {"stages": {name: said}}}}


STAGES = [
    # Steps and epochs that a schedule does not read, or that come after the end.
    ("demo", stage("bana", "box_classifier", decay_at=[9]), "decay_at = [9]", "schedule: steps"),
    ("demo", stage("nsrom", "integral", decay_epochs=[3]), "decay_epochs = [3]", "schedule: steps"),
    ("demo", stage("rca", "rca", decay=0.5), "decay = 0.5", "not read, as schedule = 'one-cycle'"),
    ("demo", stage("bbam", "detector", warm_up=9), "warm_up = 9", "not read, as schedule"),
    ("demo", stage("irn", "classifier", poly_power=2), "poly_power = 2.0", "schedule: poly"),
    ("paper", stage("edam", "edam", schedule="one-cycle", warm_up=9), "warm_up = 9", "not read"),
    ("paper", stage("bana", "box_classifier", steps=100), "decay_at = [5000]", "steps = 100"),
    (
        "paper",
        stage("bbam", "detector", steps=16000),
        "decay_at = [12000, 16000]",
        "less than that",
    ),
    ("paper", stage("bbam", "detector", warm_up=18000), "warm_up = 18000", "steps = 18000"),
    ("paper", stage("rca", "rca", epochs=5), "decay_epochs = [5, 10]", "epochs = 5"),
    ("paper", stage("rca", "rca", contrast_epoch=30), "contrast_epoch = 30", "contrast_weight: 0"),
    # What a stage starts from.
    ("demo", stage("irn", "edges", weights="a.pth"), "weights = 'a.pth'", "initial: weights"),
    ("demo", stage("amn", "amn", weights="a.pth"), "weights = 'a.pth'", "not read, as initial"),
    (
        "paper",
        stage("edam", "edam", initial="classifier", weights="a.pth"),
        "weights = 'a.pth'",
        "not read, as initial = 'classifier'",
    ),
    ("demo", stage("irn", "edges", network="resnet50"), "network = 'resnet50'", "is 'tiny'"),
    ("demo", stage("irn", "classifier", network="resnet50"), "edges.network = 'tiny'", "both"),
    ("demo", stage("amn", "amn", network="resnet50"), "amn.network = 'resnet50'", "is 'tiny'"),
    ("paper", stage("edam", "edam", initial="classifier"), "'wide_resnet38'", "IRN's classifier"),
    ("demo", stage("clims", "edges", network="resnet50"), "'resnet50'", "IRN's classifier's"),
    # Weights of another network, or none.
    (
        "photos",
        stage("irn", "classifier", network="resnet50"),
        "weights = 'weights/efficientnet_lite0.pth'",
        "given for network = 'efficientnet_lite0'",
    ),
    ("paper", stage("irn", "edges", network="vgg16"), "weights/resnet50.pth", "'resnet50'"),
    ("paper", stage("bana", "box_classifier", network="resnet50"), "vgg16.pth", "'vgg16_fc'"),
    ("paper", stage("irn", "classifier", weights=None), "batch_norm = 'frozen'", "trained"),
    ("demo", stage("irn", "classifier", batch_norm="frozen"), "batch_norm = 'frozen'", "weights"),
    ("paper", stage("irn", "edges", weights=None), "train_backbone = False", "random values"),
    ("paper", stage("clims", "scorer", steps=9), "steps = 9", "of a stand-in"),
    # Values in the wrong order.
    ("demo", stage("irn", "classifier", resize_long_side=[9, 8]), "[9, 8]", "must not fall"),
    ("paper", stage("bana", "box_classifier", rescale=[2, 1]), "rescale = [2.0, 1.0]", "fall"),
    (
        "paper",
        stage("irn", "seed", foreground_threshold=0.01),
        "background_threshold = 0.05",
        "must not be above foreground_threshold = 0.01",
    ),
    ("demo", stage("bbam", "label", sure_threshold=0.1), "possible_threshold = 0.2", "above"),
    ("demo", stage("edam", "label", certain_score=1e-9), "least_score = 1e-06", "above"),
    ("demo", stage("bbam", "detector", longest_side=9), "short_sides = [64]", "longest_side = 9"),
    ("demo", stage("bbam", "attribution", short_side=97), "short_side = 97", "longest_side = 96"),
    ("demo", stage("irn", "cam", scales=[]), "scales = []", "at least one"),
    ("demo", stage("bbam", "detector", anchor_sizes=[[8], [16]]), "[[8], [16]]", "no pyramid"),
    ("demo", stage("nsrom", "integral", input_size=48), "input_size = 48", "input_size = 64"),
]


@pytest.mark.parametrize(("scale", "said", "value", "why"), STAGES, ids=[str(e) for e in STAGES])
def test_stages_that_cannot_be_are_refused(repository, scale, said, value, why):
    [method] = said["methods"]
    with pytest.raises(ConfigError) as error:
        experiment(repository, scale, said).stages(method, "voc")
    message = str(error.value)
    assert message.startswith(f"methods.{method}.stages.")
    assert value in message
    assert why in message
    assert "\n" not in message


ALLOWED = [
    # Left over from below, and read by nobody.
    ("paper", stage("irn", "edges", initial="classifier")),
    ("paper", stage("bana", "box_classifier", schedule="one-cycle", steps=100)),
    ("photos", stage("clims", "scorer", network="open_clip", weights="clip.pt")),
    ("demo", stage("bana", "box_classifier", schedule="steps", decay_at=[9])),
    ("paper", stage("bana", "box_classifier", steps=100, decay_at=[])),
    ("paper", stage("bana", "box_classifier", steps=100, decay_at=[99])),
    # The weights of one are those of the other.
    ("paper", stage("irn", "edges", network="resnet50_fpn")),
    ("paper", stage("bana", "box_classifier", network="vgg16")),
    ("photos", stage("irn", "classifier", network="resnet50", weights="weights/resnet50.pth")),
    ("photos", stage("irn", "classifier", network="tiny", weights=None, batch_norm="trained")),
    ("paper", stage("nsrom", "integral", weights=None, batch_norm="frozen")),
    ("paper", stage("rca", "rca", contrast_epoch=30, contrast_weight=0)),
    ("demo", stage("irn", "edges", initial="weights", network="resnet50", weights="a.pth")),
]


@pytest.mark.parametrize(("scale", "said"), ALLOWED, ids=[str(each) for each in ALLOWED])
def test_what_is_only_left_over_is_no_contradiction(repository, scale, said):
    [method] = said["methods"]
    assert experiment(repository, scale, said).stages(method, "voc")


def segmentor(**said):
    return {"segmentors": {"deeplabv2": said}}


CROPS = [{"type": "RandomChoice", "transforms": [[{"type": "RandomCrop", "crop_size": 400}]]}]
SEGMENTORS = [
    ({}, segmentor(model={"backbone": {"depth": 50}}), "weights/resnet101.pth", "depth = 50"),
    ({}, segmentor(model={"backbone": {"init_cfg": None}}), "norm_eval = True", "init_cfg = null"),
    ({}, segmentor(train_pipeline=CROPS), "size = [321, 321]", "of train_pipeline, 400"),
    (
        {},
        segmentor(model={"test_cfg": {"mode": "slide", "stride": 9}}),
        "mode = 'slide'",
        "needs crop_size",
    ),
    (
        {},
        segmentor(model={"test_cfg": {"mode": "slide", "stride": 9, "crop_size": [9, 8]}}),
        "stride = 9",
        "leaves pixels out",
    ),
    (
        {},
        segmentor(model={"decode_head": {"loss_decode": {"type": "CrossEntropyLoss"}}}),
        "model",
        "no loss of type SizeWeightedCrossEntropy",
    ),
    ({"gpus": 3}, {}, "batch_size = 10", "a multiple of 3"),
    ({"gpus": 2}, segmentor(compile_backbone=True), "compile_backbone = True", "gpus: 1"),
    (
        {},
        segmentor(optim_wrapper={"accumulative_counts": 3}),
        "shared_iterations = 25000",
        "accumulative_counts = 3; take a multiple",
    ),
    ({"device": "cpu"}, segmentor(precision="fp16"), "precision = 'fp16'", "needs a GPU"),
    (
        {},
        segmentor(precision="bf16", optim_wrapper={"type": "AmpOptimWrapper"}),
        "precision = 'bf16'",
        "AmpOptimWrapper",
    ),
]


@pytest.mark.parametrize(
    ("compute", "said", "value", "why"), SEGMENTORS, ids=[str(each) for each in SEGMENTORS]
)
def test_segmentors_that_cannot_be_are_refused(repository, compute, said, value, why):
    with pytest.raises(ConfigError) as error:
        experiment(repository, "paper", said, compute).segmentor("deeplabv2", "irn", "voc")
    message = str(error.value)
    assert message.startswith("segmentors.deeplabv2.")
    assert value in message
    assert why in message
    assert "\n" not in message


def test_a_segmentor_on_the_way_ends_with_a_whole_step(repository):
    said = segmentor(optim_wrapper={"accumulative_counts": 5000})
    assert experiment(repository, "paper", said).first_segmentor("nsrom", "voc")
    said |= stage("nsrom", "first_segmentor", iterations=20_001)
    with pytest.raises(ConfigError, match=r"first_segmentor\.iterations = 20001.*a multiple"):
        experiment(repository, "paper", said).first_segmentor("nsrom", "voc")


def voc(**said):
    return {"datasets": {"voc": said}}


DATASETS = [
    ("paper", voc(longest_side=95), "size_limits = [1024, 9216]", "longest_side = 95"),
    ("demo", voc(size_limits=[9, 9217]), "size_limits = [9, 9217]", "image_size = 96"),
    ("demo", voc(synthetic={"classes": [1, 21]}), "classes = [1, 21]", "num_classes = 21"),
    ("paper", voc(splits={"val": {"limit_seed": 3}}), "limit_seed = 3", "give a `limit`"),
    ("paper", voc(splits={"val": {"balanced": False}}), "balanced = False", "give a `limit`"),
    (
        "paper",
        voc(saliency={"network": {"activation": "sigmoid"}}),
        "network = ",
        "not read, as source = 'precomputed'",
    ),
    (
        "paper",
        voc(saliency={"training": {"scenes": 9}}),
        "training = ",
        "not read, as source = 'precomputed'",
    ),
    ("paper", voc(num_classes=20), "num_classes = 20", "must be 21"),
    ("paper", voc(evaluate="train_aug"), "evaluate = 'train_aug'", "models are trained on"),
    ("paper", voc(splits={"val": {"source": "train_aug"}}), "evaluate = 'val'", "as 'train_aug'"),
    (
        "paper",
        voc(splits={"val": {"source": None, "from": "train_aug", "limit": 9}}),
        "evaluate = 'val'",
        "one within the other",
    ),
    (
        "paper",
        voc(splits={"val": {"source": "all", "count": 9}, "train_aug": {"source": "all"}}),
        "evaluate = 'val'",
        "takes images of 'all'",
    ),
    (
        "photos",
        voc(saliency={"training": {"network": "resnet50"}}),
        "weights/efficientnet_lite0.pth",
        "given for network = 'efficientnet_lite0'",
    ),
    (
        "photos",
        voc(saliency={"training": {"weights": None}}),
        "batch_norm = 'frozen'",
        "batch_norm: trained",
    ),
]


@pytest.mark.parametrize(
    ("scale", "said", "value", "why"), DATASETS, ids=[str(e) for e in DATASETS]
)
def test_datasets_that_cannot_be_are_refused(repository, scale, said, value, why):
    with pytest.raises(ConfigError) as error:
        experiment(repository, scale, said).dataset("voc")
    message = str(error.value)
    assert message.startswith("datasets.voc.")
    assert value in message
    assert why in message
    assert "\n" not in message


APART = [
    {"val": {"source": "all", "count": 9}, "train_aug": {"source": "all", "first": 9}},
    {"val": {"source": "all", "limit": 9}, "train_aug": {"source": "all", "without": ["val"]}},
    {
        "all": {"source": "all"},
        "val": {"source": None, "from": "all", "limit": 9},
        "train_aug": {"source": None, "from": "all", "without": ["val"]},
    },
]


@pytest.mark.parametrize("splits", APART, ids=str)
def test_parts_of_one_list_are_allowed_where_they_are_apart(repository, splits):
    assert experiment(repository, "paper", voc(splits=splits)).dataset("voc")


@pytest.mark.parametrize(
    ("dataset", "name", "near"),
    [
        ("voc", "potted plant", "pottedplant"),
        ("voc", "background", "aeroplane, bicycle"),
        ("coco", "pottedplant", "potted plant"),
        ("coco", "Person", "person"),
    ],
)
def test_words_for_classes_that_the_dataset_lacks_are_refused(repository, dataset, name, near):
    said = stage("clims", "language", class_names={name: "plant"})
    with pytest.raises(ConfigError) as error:
        experiment(repository, "paper", said).stages("clims", dataset)
    message = str(error.value)
    assert message.startswith(f"methods.clims.stages.language.class_names.{name} = 'plant' (sett")
    assert f"no class of {dataset} is called {name!r}, only {near}" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("key", "given"),
    [("language", {"background": ["sky"]}), ("clims", {"background_threshold": 0.3})],
)
def test_what_is_of_clip_is_not_set_in_vain(repository, key, given):
    ((name, _),) = given.items()
    for scale in ("demo", "photos"):
        with pytest.raises(ConfigError, match=rf"{key}\.{name} = .*set .*scorer\.{name} in its"):
            experiment(repository, scale, stage("clims", key, **given)).stages("clims", "voc")
    clip = {"network": "open_clip", "weights": "clip.pt"}
    settings = merge(stage("clims", key, **given), stage("clims", "scorer", **clip))
    for scale in ("demo", "photos", "paper"):
        stages = experiment(repository, scale, settings).stages("clims", "voc").model_dump()
        assert list(stages[key][name]) == given[name] if key == "language" else given[name]


def test_with_clip_its_published_texts_and_threshold_are_used_at_every_scale(repository):
    settings = stage("clims", "scorer", network="open_clip", weights="clip.pt")
    for scale in ("demo", "photos", "paper"):
        for dataset, texts, threshold in (("voc", 10, 0.26), ("coco", 88, 0.285)):
            stages = experiment(repository, scale, settings).stages("clims", dataset)
            assert len(set(stages.scorer.language(stages.language).background)) == texts
            training = stages.scorer.training(stages.clims)
            assert training == stages.clims
            assert training.background_threshold == threshold


def test_saliency_from_elsewhere_is_not_read_as_a_scales_stand_in(repository):
    """What a scale says of its own network is not of the user's, of which nothing is said."""
    given = voc(saliency={"source": "model", "path": "u2net.onnx"})
    for scale in ("demo", "photos"):
        saliency = experiment(repository, scale, given).dataset("voc").saliency
        assert saliency.source == "model"
        assert saliency.network.input_size == 320
        assert saliency.network.activation == "none"
        assert saliency.mask_training is None


def test_the_whole_configuration_is_refused_with_the_places(repository, tmp_path):
    """A file laid over the configuration is named, and so is what it contradicts."""
    mine = tmp_path / "mine.yaml"
    said = {"settings": stage("bana", "box_classifier", decay_at=[9])}
    mine.write_text(yaml.safe_dump(said))
    with pytest.raises(ConfigError) as error:
        load(repository / "config" / "config.yaml", configfiles=[mine])
    assert f"decay_at = [9] (settings in {mine})" in str(error.value)
    assert "bana.yaml, scales: demo)" in str(error.value)
