"""The chain of the IRN family by its command line, for the tests of every method of it."""

import hashlib
import json

from click.testing import CliRunner
from published_settings import stated

from smallobjects.cli import main

STAGES = stated(
    "irn",
    classifier={
        "network": "tiny",
        "trained_from": "stem",
        "batch_norm": "trained",
        "crop_size": 40,
        "resize_long_side": [40, 50],
        "batch_size": 4,
        "epochs": 40,
        "learning_rate": 0.05,
        "head_learning_rate": 0.1,
        "momentum": 0.9,
        "schedule": "one-cycle",
    },
    cam={"scales": [1.0, 0.5], "evaluation_threshold": 0.3},
    seed={"foreground_threshold": 0.5, "background_threshold": 0.2, "crf": {"iterations": 3}},
    edges={
        "network": "tiny",
        "initial": "classifier",
        "train_backbone": True,
        "crop_size": 40,
        "batch_size": 4,
        "epochs": 20,
        "learning_rate": 0.05,
        "momentum": 0.9,
        "radius": 4,
    },
    random_walk={"background_threshold": 0.3, "steps": 64, "pad_to": None},
)


def call(*arguments, code=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


class Chain:
    """The stages of one method on one dataset; files lie where the workflow puts them."""

    def __init__(self, dataset, out, stages, *, source="irn", shards=2, workers=0):
        self.out, self.source, self.stages = out, source, stages
        self.shards = [f"{index}-of-{shards}" for index in range(1, shards + 1)]
        self.data = ("--dataset", dataset.root)
        self.split = (*self.data, "--split", "train")
        self.cpu = ("--device", "cpu")
        self.loading = (*self.cpu, "--seed", 2, "--workers", workers)
        self.classifier = ("--classifier", out / "classifier.pth")

    def parameters(self, name, option="--parameters"):
        # As rules hand it over: this threshold is read by `gather-labels` alone.
        unread = "evaluation_threshold"
        stage = {key: value for key, value in self.stages[name].items() if key != unread}
        return (option, json.dumps(stage))

    def files(self, folder, suffix):
        return [self.out / folder / f"{shard}{suffix}" for shard in self.shards]

    def train_classifier(self):
        parameters = self.parameters("classifier")
        call(
            "train-classifier",
            *self.split,
            *self.loading,
            *parameters,
            "--output",
            self.classifier[1],
        )

    def make_cams(self, folder="cams", command="make-cams", options=None):
        options = options or (*self.classifier, *self.parameters("cam"))
        for shard, path in zip(self.shards, self.files(folder, ".npz"), strict=True):
            call(command, *self.split, "--shard", shard, *options, *self.cpu, "--output", path)

    def make_seeds(self, cams="cams", folder="seeds", name="seed"):
        for cam, path in zip(self.files(cams, ".npz"), self.files(folder, ".zip"), strict=True):
            parameters = self.parameters(name)
            call("make-seeds", *self.data, "--cams", cam, *parameters, "--output", path)

    def finish(self):
        """Train edges, walk and gather."""
        seeds = [part for path in self.files("seeds", ".zip") for part in ("--seeds", path)]
        cams = [part for path in self.files("cams", ".npz") for part in ("--cams", path)]
        parts = [part for path in self.files("walks", ".zip") for part in ("--parts", path)]
        edges = self.out / "edges.pth"
        call(
            "train-edges", *self.split, *self.classifier, *seeds, *self.loading,
            *self.parameters("edges"), "--output", edges,
        )  # fmt: skip
        for cam, part in zip(cams[1::2], parts[1::2], strict=True):
            call(
                "walk-labels", *self.data, "--cams", cam, "--edges", edges, *self.cpu,
                *self.parameters("random_walk"), "--output", part,
            )  # fmt: skip
        call(
            "gather-labels", *self.split, "--score-split", "half", "--source", self.source, *cams,
            *parts, "--parameters", json.dumps(self.stages), "--seed", 2,
            "--labels", self.out / "labels", "--manifest", self.out / "manifest.json",
        )  # fmt: skip
        return json.loads((self.out / "manifest.json").read_text())


def follow_classifier(dataset, out, source, workers=0):
    """Run what follows the classifier in `out`, for any method of the family."""
    steps = Chain(dataset, out, STAGES, source=source, workers=workers)
    steps.make_cams()
    steps.make_seeds()
    steps.finish()
    return out


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
