import numpy as np
import pytest
import torch
from published_settings import published

from smallobjects.pseudo_labels.cams.classifier import (
    Classifier,
    load_classifier,
    multi_hot,
    parameter_groups,
    rate_factor,
    save_classifier,
    train_classifier,
)
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
TINY = published(
    "irn.classifier",
    network="tiny",
    trained_from="stem",
    batch_norm="trained",
    crop_size=32,
    resize_long_side=(30, 40),
    batch_size=4,
    epochs=2,
    learning_rate=0.05,
    head_learning_rate=0.1,
    momentum=0.9,
    schedule="one-cycle",
)


def trained(squares, tmp_path, name, parameters=TINY, seed=3, workers=0):
    classifier = train_classifier(
        TrainingContext(squares, squares.split("train"), seed=seed, device=CPU, workers=workers),
        parameters,
    )
    path = tmp_path / name
    save_classifier(path, classifier)
    return path.read_bytes()


def test_same_seed_same_bytes_whoever_loads(squares, tmp_path):
    first = trained(squares, tmp_path, "a.pth")
    assert trained(squares, tmp_path, "b.pth", workers=2) == first
    assert trained(squares, tmp_path, "c.pth", seed=4) != first


def test_learns_colours(squares):
    parameters = TINY.model_copy(update={"epochs": 40})
    ids = squares.split("train")
    classifier = train_classifier(TrainingContext(squares, ids, seed=0, device=CPU), parameters)
    from smallobjects.pseudo_labels.training.augmentation import normalise

    right = []
    for image_id in ids:
        with torch.no_grad():
            logits = classifier(torch.from_numpy(normalise(squares.read_image(image_id)))[None])[0]
        right += list((logits.numpy() > 0) == (multi_hot(squares, image_id) > 0))
    assert np.mean(right) > 0.85


def test_frozen_statistics_and_untrained_stages(squares):
    parameters = TINY.model_copy(
        update={"batch_norm": "frozen", "trained_from": "layer3", "learning_rate": 0.5}
    )
    torch.manual_seed(3)
    before = Classifier("tiny", 3).state_dict()
    after = train_classifier(
        TrainingContext(squares, squares.split("train"), seed=3, device=CPU), parameters
    ).state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert "head.weight" in changed
    # Scale and shift of the trained stages move; everything before them, and statistics, do not.
    assert "backbone.stages.layer3.1.weight" in changed
    assert "backbone.stages.layer4.1.bias" in changed
    assert not any("running" in key or "num_batches" in key for key in changed)
    assert not any(stage in key for key in changed for stage in ("stem", "layer1", "layer2"))


def test_parameter_groups_and_rates():
    classifier = Classifier("tiny", 5)
    classifier.backbone.train_stages("layer3")
    backbone, head = parameter_groups(classifier, TINY)
    assert backbone["lr"] == 0.05
    assert head["lr"] == 0.1
    assert len(head["params"]) == 1
    assert len(backbone["params"]) == 2 * 3
    everything = {id(p) for p in classifier.parameters() if p.requires_grad}
    assert {id(p) for group in (backbone, head) for p in group["params"]} == everything
    assert rate_factor(0, 10, published("irn.classifier")) == 1
    assert rate_factor(0, 10, TINY) < 0.1


def test_activation_maps_average_to_the_logits():
    classifier = Classifier("tiny", 80).eval()
    images = torch.randn(2, 3, 20, 24)
    with torch.no_grad():
        logits, maps = classifier(images), classifier.activation_maps(images)
        signed = classifier.head(classifier.backbone(images)[-1])
    assert logits.shape == (2, 80)
    assert maps.shape == (2, 80, 5, 6)
    assert torch.allclose(signed.mean(dim=(2, 3)), logits, atol=1e-6)
    assert torch.equal(maps, signed.clamp(min=0))


def test_targets(squares):
    assert multi_hot(squares, "wide").tolist() == [0, 1, 1]
    assert multi_hot(squares, "empty").tolist() == [0, 0, 0]


def test_resnet50_takes_one_step(squares, tmp_path):
    torch.manual_seed(0)
    import torchvision

    weights = tmp_path / "resnet50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), weights)
    parameters = published(
        "irn.classifier",
        weights=weights,
        crop_size=64,
        resize_long_side=(60, 70),
        batch_size=2,
        epochs=1,
    )
    classifier = train_classifier(
        TrainingContext(squares, ["wide", "grey"], seed=0, device=CPU), parameters
    )
    before = torch.load(weights, weights_only=True)
    state = classifier.backbone.state_dict()
    assert torch.equal(state["stages.layer2.0.conv1.weight"], before["layer2.0.conv1.weight"])
    assert not torch.equal(state["stages.layer3.0.conv1.weight"], before["layer3.0.conv1.weight"])
    assert torch.equal(
        state["stages.layer4.0.bn1.running_mean"], before["layer4.0.bn1.running_mean"]
    )


def test_other_files_are_refused(squares, tmp_path):
    text = tmp_path / "text.pth"
    text.write_text("hello")
    with pytest.raises(BadInputError, match=r"text\.pth"):
        load_classifier(text, 3)
    plain = tmp_path / "plain.pth"
    torch.save([1, 2], plain)
    with pytest.raises(BadInputError, match="train-classifier"):
        load_classifier(plain, 3)
    path = tmp_path / "classifier.pth"
    save_classifier(path, Classifier("tiny", 20))
    assert load_classifier(path, 20).network == "tiny"
    with pytest.raises(BadInputError, match="20 classes"):
        load_classifier(path, 80)


def test_a_loss_that_explodes_is_named(squares):
    parameters = TINY.model_copy(update={"learning_rate": 1e30, "head_learning_rate": 1e30})
    with pytest.raises(FloatingPointError, match="learning rate"):
        train_classifier(
            TrainingContext(squares, squares.split("train"), seed=0, device=CPU), parameters
        )
