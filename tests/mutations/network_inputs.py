"""Networks and what they make: checkpoints, pretrained weights, activation maps."""

import json
from pathlib import Path

import timm
import torch
from mutation_input import Input, run
from mutators import DAMAGE
from onnx_model import SIGMOID_OF_RED
from safetensors.torch import save_file
from toy_segmentation import PREDICTION, TRAINING

PRETRAINED = "efficientnet_lite0"
SMALL_TRAINING = {
    "network": "tiny",
    "weights": None,
    "trained_from": "layer4",
    "epochs": 1,
    "batch_norm": "frozen",
    "crop_size": 32,
    "resize_long_side": [32, 40],
    "batch_size": 3,
    "learning_rate": 0.01,
    "head_learning_rate": 0.01,
    "weight_decay": 0.0,
    "momentum": 0.9,
    "schedule": "poly",
    "poly_power": 0.9,
}


ONE_ITERATION_EACH = {
    "iterations": 2,
    "shared_iterations": 1,
    "batch_size": 2,
    "checkpoint_interval": 1,
    "log_interval": 1,
}


def network_inputs(prepared: Path, folder: Path) -> list[Input]:
    """Return a file of every kind that holds a network, its weights or its maps."""
    return [
        *_classifiers(prepared, folder),
        *_pretrained(prepared, folder),
        *_saliency_networks(prepared, folder),
        _segmentor(prepared, folder),
    ]


def _train_classifier(prepared: Path, output: Path, weights: Path | None = None) -> list[str]:
    parameters = SMALL_TRAINING
    if weights is not None:
        parameters = parameters | {"network": PRETRAINED, "weights": str(weights)}
    words = ["train-classifier", "--dataset", str(prepared), "--split", "train", "--device", "cpu"]
    return [*words, "--parameters", json.dumps(parameters), "--output", str(output)]


def _well(command: list[str]) -> None:
    done = run(command)
    assert done.exit_code == 0, done.output


def _classifiers(prepared: Path, folder: Path) -> list[Input]:
    classifier, cams = folder / "classifier.pth", folder / "cams.npz"
    parameters = json.dumps({"scales": [0.25], "flip": False})
    _well(_train_classifier(prepared, classifier))
    output = folder / "out" / "cams.npz"

    def make_cams(target: Path) -> list[str]:
        words = ["make-cams", "--dataset", str(prepared), "--split", "train", "--device", "cpu"]
        words += ["--classifier", str(classifier), "--parameters", parameters]
        return [*words, "--output", str(target)]

    _well(make_cams(cams))
    seeds = folder / "out" / "seeds.zip"
    crf = {"iterations": 1, "label_confidence": 0.7, "gaussian_sxy": 3, "gaussian_compat": 3}
    crf |= {"bilateral_sxy": 50, "bilateral_srgb": 5, "bilateral_compat": 10}
    thresholds = {"foreground_threshold": 0.3, "background_threshold": 0.05, "crf": crf}
    make_seeds = ["make-seeds", "--dataset", str(prepared), "--cams", str(cams)]
    make_seeds += ["--parameters", json.dumps(thresholds), "--output", str(seeds)]
    return [
        Input("network", classifier, make_cams(output), [output], DAMAGE, exact=True),
        Input("activation maps", cams, make_seeds, [seeds], DAMAGE, exact=True),
    ]


def _pretrained(prepared: Path, folder: Path) -> list[Input]:
    """Weights as PyTorch writes them, and as safetensors are."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = timm.create_model(f"tf_{PRETRAINED}").state_dict()
    weights = {name: value.contiguous() for name, value in built.items()}
    torch.save(weights, folder / f"{PRETRAINED}.pth")
    save_file(weights, folder / f"{PRETRAINED}.safetensors")
    output = folder / "out" / "trained.pth"
    return [
        Input(
            f"pretrained weights ({path.suffix})",
            path,
            _train_classifier(prepared, output, path),
            [output],
            DAMAGE,
            # Nothing in a file of safetensors tells that a value has changed.
            exact=path.suffix == ".pth",
        )
        for path in (folder / f"{PRETRAINED}.pth", folder / f"{PRETRAINED}.safetensors")
    ]


class Redness(torch.nn.Module):
    """A saliency network that finds what is red."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map 1×3×h×w to 1×1×h×w."""
        return torch.sigmoid(images[:, :1])


def _saliency_networks(prepared: Path, folder: Path) -> list[Input]:
    torch.jit.script(Redness()).save(folder / "red.pt")
    (folder / "red.onnx").write_bytes(SIGMOID_OF_RED)
    output = folder / "out" / "saliency"

    def command(path: Path) -> list[str]:
        network = {"input_size": None, "activation": "none", "stretch": False}
        parameters = {"source": "model", "path": str(path), "network": network}
        words = ["make-saliency", "--dataset", str(prepared), "--split", "train", "--device", "cpu"]
        words += ["--from", str(path), "--parameters", json.dumps(parameters)]
        return [*words, "--output", str(output)]

    scripted, exported = folder / "red.pt", folder / "red.onnx"
    return [
        Input("saliency network", scripted, command(scripted), [output], DAMAGE, exact=True),
        # ONNX has no checksums.
        Input("saliency network (ONNX)", exported, command(exported), [output], DAMAGE),
    ]


def _segmentor(prepared: Path, folder: Path) -> Input:
    work, shared, arm = (folder / "segmentor" / name for name in ("work", "shared.pth", "ce.pth"))
    work.parent.mkdir()
    training = TRAINING | {"schedule": ONE_ITERATION_EACH}
    train = ["train-segmentor", "--dataset", str(prepared), "--labels", str(prepared / "semantic")]
    train += ["--split", "train", "--parameters", json.dumps(training)]
    train += ["--device", "cpu", "--work-dir", str(work)]
    _well([*train, "--arm", "shared", "--output", str(shared)])
    _well([*train, "--arm", "ce", "--shared", str(shared), "--output", str(arm)])
    output = folder / "out" / "predictions"
    predict = ["predict", "--dataset", str(prepared), "--split", "train", "--device", "cpu"]
    predict += ["--checkpoint", str(arm), "--parameters", json.dumps(PREDICTION)]
    predict += ["--output", str(output)]
    return Input("segmentor", arm, predict, [output], DAMAGE, exact=True)
