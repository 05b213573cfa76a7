"""Size weights from the data pipeline: at every resolution, of the labels that are trained on."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from mmseg.registry import MODELS
from toy_segmentation import MODEL, arm_parameters

from smallobjects.losses import nearest_labels, size_weights
from smallobjects.segmentation.configuration import runner_config
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.logit_sizes import logit_sizes
from smallobjects.segmentation.network_settings import with_classes


@pytest.fixture
def config(run_of, shared, tmp_path):
    return runner_config(run_of("sw", shared=shared), 4, tmp_path, shared)


def test_a_batch_carries_the_weights_of_the_padded_labels(config):
    loader = Runner.build_dataloader(config.train_dataloader)
    preprocessor = MODELS.build(config.model.data_preprocessor)
    padded, heaviest = 0, 0.0
    for batch, _ in zip(loader, range(4), strict=False):
        samples = preprocessor(batch, training=True)["data_samples"]
        labels = torch.cat([each.gt_sem_seg.data for each in samples])
        padded += int((labels[:, -1] == 255).all(dim=1).sum())
        assert [tuple(w[0].shape) for w in batch["size_weights"]] == [(8, 8), (4, 4)]
        for weights, size in zip(batch["size_weights"], [(8, 8), (4, 4)], strict=True):
            expected = size_weights(nearest_labels(labels, size), 5.0)
            assert torch.equal(torch.stack(list(weights)), expected)
            heaviest = max(heaviest, expected.max())
    assert padded > 0
    assert heaviest > 1


def test_the_training_step_finds_none_itself(run_of, train, shared, arms, monkeypatch):
    from smallobjects.segmentation import size_weighted_loss

    def refuse(*_):
        raise AssertionError("the training step waits for size weights")

    monkeypatch.setattr(size_weighted_loss, "size_weights", refuse)
    again = train(run_of("sw", shared=shared))
    assert again.read_bytes() == arms.sw.read_bytes()


def test_the_resolutions_are_those_of_the_published_network():
    from mmengine.config import Config

    root = Path(__file__).resolve().parents[2]
    settings = Config.fromfile(root / "config" / "segmentors" / "deeplabv2.py")
    model = with_classes(settings.model.to_dict(), 21)
    assert logit_sizes(model, (321, 321)) == [(41, 41), (20, 20), (30, 30)]


def test_stock_heads_compare_at_the_resolution_of_the_labels():
    head = {"type": "FCNHead", "in_channels": 8, "channels": 4, "num_convs": 1}
    head["loss_decode"] = MODEL["decode_head"]["loss_decode"]
    model = MODEL | {"type": "EncoderDecoder", "decode_head": head}
    model.pop("scales")
    assert logit_sizes(with_classes(model, 4), (32, 48)) == [(32, 48)]


def test_finding_the_resolutions_draws_no_random_numbers():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    logit_sizes(with_classes(MODEL, 4), (32, 32))
    assert torch.equal(torch.rand(2), expected)


def test_without_a_crop_size_the_resolution_is_unknown(run_of):
    preprocessor = {k: v for k, v in MODEL["data_preprocessor"].items() if k != "size"}
    parameters = arm_parameters("sw", model=MODEL | {"data_preprocessor": preprocessor})
    run = run_of("sw", parameters, shared=Path("shared.pth"))
    with pytest.raises(SegmentationError, match="has no size"):
        runner_config(run, 4, Path("work"), None)
