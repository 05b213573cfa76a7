"""Every training of a label stage, stopped and started again, ends with the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from irn_chain import STAGES as IRN
from irn_chain import Chain, call, digests
from published_settings import stated
from test_amn_chain import AMN_STAGES
from test_box_chains import BANA, BBAM
from test_edam_chain import STAGES as EDAM
from test_nsrom_chain import STAGES as NSROM
from test_rca_chain import STAGES as RCA
from test_saliency import TRAINING as SALIENCY
from test_saliency_on_masks import TINY as SALIENCY_ON_MASKS

from smallobjects.pseudo_labels.bbam import shard
from smallobjects.pseudo_labels.training import checkpoint

LANGUAGE = json.dumps(stated("clims.language", background=["ground"]))
SCORER = stated("clims.scorer", network="tiny", image_size=32, steps=12, batch_size=6)
AS_IRN = ("crop_size", "resize_long_side", "batch_size", "momentum", "schedule")
CLIMS = stated("clims.clims", **{name: IRN["classifier"][name] for name in AS_IRN})
EPOCHS = {"epochs": 4}
STEPS = {"steps": 12}
TRAININGS = {
    "train-classifier": IRN["classifier"] | EPOCHS,
    "train-edges": IRN["edges"] | EPOCHS,
    "train-pasted-classifier": stated("cda.classifier", **IRN["classifier"]) | EPOCHS,
    "train-scorer": SCORER,
    "train-clims": CLIMS | EPOCHS,
    "train-amn": AMN_STAGES["amn"] | EPOCHS,
    "train-edam": EDAM["edam"] | {"passes": 4},
    "train-nsrom-classifier": NSROM["attention_classifier"] | EPOCHS,
    "train-nsrom-integral": NSROM["integral"] | EPOCHS,
    "train-rca": RCA["rca"] | EPOCHS | {"contrast_epoch": 1, "contrast_weight": 0.5},
    "train-box-classifier": BANA["box_classifier"] | STEPS,
    "train-detector": BBAM["detector"] | STEPS,
    "train-saliency": SALIENCY | STEPS,
    "train-saliency-on-masks": SALIENCY_ON_MASKS | STEPS | {"split": "half"},
}
STOPS = (3, 7)


@pytest.fixture(scope="module")
def inputs(squares, tmp_path_factory):
    """What the trainings read, by command."""
    out = tmp_path_factory.mktemp("inputs")
    chain = Chain(squares, out, IRN, shards=1)
    chain.train_classifier()
    chain.make_cams()
    chain.make_seeds()
    classifier, labels = chain.classifier, ("--labels", squares.root / "semantic")
    seeds = ("--seeds", *chain.files("seeds", ".zip"))
    cuts, scorer, attention = (out / name for name in ("cuts.parquet", "scorer.pth", "maps.npz"))
    loose = json.dumps(stated("cda.cuts", min_share=0.03))
    call("cut-objects", *chain.split, *labels, "--parameters", loose, "--output", cuts)
    training = (*chain.split, *chain.cpu)
    scored = ("--language", LANGUAGE)
    parameters = ("--parameters", json.dumps(SCORER))
    call("train-scorer", *training, *scored, *parameters, "--output", scorer)
    parameters = ("--parameters", json.dumps(TRAININGS["train-nsrom-classifier"]))
    call(
        "train-nsrom-classifier", *training, *parameters, "--attention", attention,
        "--output", out / "activations.npz",
    )  # fmt: skip
    return {
        "train-edges": (*classifier, *seeds),
        "train-pasted-classifier": (*labels, "--cuts", cuts),
        "train-scorer": scored,
        "train-clims": (
            *classifier, "--weights", scorer, "--scorer", json.dumps(SCORER), *scored,
        ),
        "train-amn": (*classifier, *seeds),
        "train-edam": ("--classifier", out / "classifier.pth"),
        "train-nsrom-integral": ("--attention", attention),
    }  # fmt: skip


@pytest.fixture
def command(squares, inputs):
    """Make the command line of a training that writes into a folder."""

    def make(name, folder, *options, **changes):
        folder.mkdir(exist_ok=True)
        dataset, split = ("--dataset", squares.root), ("--split", "train")
        apart = {"train-saliency": (), "train-saliency-on-masks": dataset}
        own = ("--attention", folder / "gathered.npz") if name == "train-nsrom-classifier" else ()
        return (
            name, *apart.get(name, (*dataset, *split)), *inputs.get(name, ()), *own,
            "--device", "cpu", "--seed", 2, "--parameters", json.dumps(TRAININGS[name] | changes),
            *options, "--output", folder / "trained",
        )  # fmt: skip

    return make


@pytest.fixture
def stop_after(monkeypatch):
    """Let a signal come after some step of the trainings in this process."""

    class Stopped(checkpoint.Checkpoint):
        steps, by = None, None

        def keep(self, parts, done):
            if done == self.steps:
                os.kill(os.getpid(), self.by)
                time.sleep(0)
            super().keep(parts, done)

    def stop(steps, by=signal.SIGTERM):
        Stopped.steps, Stopped.by = steps, by

    monkeypatch.setattr(checkpoint, "Checkpoint", Stopped)
    return stop


@pytest.mark.parametrize("name", TRAININGS)
def test_stopped_twice_it_ends_with_the_same_bytes(command, stop_after, name, tmp_path):
    stop_after(None)
    call(*command(name, tmp_path / "once"))
    for number, stop in enumerate(STOPS):
        stop_after(stop, by=[signal.SIGTERM, signal.SIGINT][number])
        # Loader processes change no result, and outlive what ends the training.
        output = call(*command(name, tmp_path / "again", "--workers", number), code=1)
        assert f"stopped as asked after step {stop}" in output
        assert [path.name for path in (tmp_path / "again").iterdir()] == ["trained.work"]
    stop_after(None)
    output = call(*command(name, tmp_path / "again"))
    assert f"goes on from step {STOPS[-1]}" in output
    assert digests(tmp_path / "again") == digests(tmp_path / "once")


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["train-edam", "train-amn", "train-box-classifier"])
def test_on_a_gpu_it_goes_on_as_well(command, stop_after, name, tmp_path):
    """Dropout and all other chance go on there; sums may come in another order."""
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    on_gpu = ("--device", "cuda")
    stop_after(None)
    call(*command(name, tmp_path / "once", *on_gpu))
    stop_after(5)
    call(*command(name, tmp_path / "again", *on_gpu), code=1)
    stop_after(None)
    assert "goes on from step 5" in call(*command(name, tmp_path / "again", *on_gpu))
    once, again = (
        torch.load(tmp_path / folder / "trained", weights_only=True)["state"]
        for folder in ("once", "again")
    )
    assert once.keys() == again.keys()
    for part, value in once.items():
        assert torch.allclose(value, again[part], rtol=1e-3, atol=1e-3), part


def test_it_is_kept_now_and_then(command, tmp_path):
    """Killed without a warning, it loses what came after the last time."""
    arguments = command("train-classifier", tmp_path, "--checkpoint-minutes", 0, epochs=200)
    main = [sys.executable, "-c", "from smallobjects.cli import main; main()"]
    training = subprocess.Popen([*main, *map(str, arguments)], stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("trained.work/*/state.pth")):
        assert training.poll() is None
        time.sleep(0.01)
    training.kill()
    training.wait()
    output = call(*arguments)
    assert "classifier: goes on from step" in output
    assert [path.name for path in tmp_path.iterdir()] == ["trained"]


def test_other_settings_and_other_inputs_start_anew(command, stop_after, tmp_path, inputs):
    name, folder = "train-edam", tmp_path / "out"
    stop_after(3)
    call(*command(name, folder), code=1)
    for options, changes in ((("--seed", 3), {}), ((), {"learning_rate": 0.04})):
        output = call(*command(name, folder, *options, **changes), code=1)
        assert "goes on" not in output
    assert len(list((folder / "trained.work").iterdir())) == 3
    os.utime(inputs[name][1], ns=(1, 1))
    assert "goes on" not in call(*command(name, folder), code=1)
    stop_after(None)
    assert "goes on from step 3" in call(*command(name, folder))


def test_attributions_go_on_with_the_first_batch_that_is_not_done(
    command, squares, monkeypatch, tmp_path
):
    call(*command("train-detector", tmp_path / "detector", steps=80))
    parameters = BBAM["attribution"] | {"objects_per_batch": 2, "steps": 3}
    arguments = (
        "attribute-boxes", "--dataset", squares.root, "--split", "train", "--device", "cpu",
        "--detector", tmp_path / "detector" / "trained", "--parameters", json.dumps(parameters),
    )  # fmt: skip
    optimise, batches = shard.optimise_masks, []

    def optimise_until(count):
        def counted(*arguments):
            if len(batches) == count:
                raise KeyboardInterrupt
            batches.append(None)
            return optimise(*arguments)

        batches.clear()
        monkeypatch.setattr(shard, "optimise_masks", counted)

    optimise_until(None)
    call(*arguments, "--output", tmp_path / "once.npz")
    all_batches = len(batches)
    assert all_batches > 4
    optimise_until(3)
    call(*arguments, "--output", tmp_path / "again.npz", code=1)
    assert len(list(tmp_path.glob("again.npz.work/*/*.npz"))) == 3
    optimise_until(None)
    call(*arguments, "--output", tmp_path / "again.npz")
    assert len(batches) == all_batches - 3
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "once.npz").read_bytes()
    assert not (tmp_path / "again.npz.work").exists()


def test_a_damaged_checkpoint_is_named(command, stop_after, tmp_path):
    stop_after(3)
    call(*command("train-classifier", tmp_path), code=1)
    [kept] = tmp_path.glob("trained.work/*/state.pth")
    for damage in (b"", kept.read_bytes()[:2000], b"text"):
        kept.write_bytes(damage)
        output = call(*command("train-classifier", tmp_path), code=1)
        assert f"{kept}: cannot be read as a checkpoint of this training: " in output
        assert "remove it" in output
