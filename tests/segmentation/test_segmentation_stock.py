"""Size weights and EWC in stock configurations of MMSegmentation, through `custom_imports`."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy_segmentation import CLASSES, COLOURS

SWITCH, ITERATIONS, CROP = 3, 6, (32, 32)
LOSS = {"type": "SizeWeightedCrossEntropy", "tau": 5.0}
NORM = {"type": "BN", "requires_grad": True}
FCN = {
    "backbone": {
        "type": "ResNetV1c", "depth": 18, "base_channels": 8, "stem_channels": 8,
        "norm_cfg": NORM, "norm_eval": False, "strides": (1, 2, 1, 1), "dilations": (1, 1, 2, 4),
        "contract_dilation": True,
    },
    "decode_head": {
        "type": "FCNHead", "in_channels": 64, "in_index": 3, "channels": 16, "num_convs": 1,
        "num_classes": 4, "norm_cfg": NORM, "loss_decode": LOSS,
    },
    "auxiliary_head": {
        "type": "FCNHead", "in_channels": 32, "in_index": 2, "channels": 8, "num_convs": 1,
        "num_classes": 4, "norm_cfg": NORM, "loss_decode": LOSS | {"loss_weight": 0.4},
    },
}  # fmt: skip
SEGMENTER = {
    "backbone": {
        "type": "VisionTransformer", "img_size": CROP, "patch_size": 8, "embed_dims": 24,
        "num_layers": 2, "num_heads": 2, "final_norm": True, "interpolate_mode": "bicubic",
        "drop_path_rate": 0.1,
    },
    "decode_head": {
        "type": "SegmenterMaskTransformerHead", "in_channels": 24, "channels": 24, "num_layers": 1,
        "num_heads": 2, "embed_dims": 24, "num_classes": 4, "dropout_ratio": 0.0,
        "loss_decode": LOSS,
    },
}  # fmt: skip
SEGFORMER = {
    "backbone": {
        "type": "MixVisionTransformer", "embed_dims": 8, "num_stages": 4,
        "num_layers": [1, 1, 1, 1], "num_heads": [1, 2, 4, 8], "patch_sizes": [7, 3, 3, 3],
        "sr_ratios": [8, 4, 2, 1], "out_indices": (0, 1, 2, 3), "mlp_ratio": 2,
        "drop_path_rate": 0.1,
    },
    "decode_head": {
        "type": "SegformerHead", "in_channels": [8, 16, 32, 64], "in_index": [0, 1, 2, 3],
        "channels": 16, "num_classes": 4, "dropout_ratio": 0.1, "norm_cfg": NORM,
        "loss_decode": LOSS,
    },
}  # fmt: skip
UPERNET = {
    "backbone": FCN["backbone"]
    | {"strides": (1, 2, 2, 2), "dilations": (1, 1, 1, 1), "contract_dilation": False},
    "decode_head": {
        "type": "UPerHead", "in_channels": [8, 16, 32, 64], "in_index": [0, 1, 2, 3],
        "pool_scales": (1, 2), "channels": 16, "num_classes": 4, "norm_cfg": NORM,
        "loss_decode": LOSS,
    },
    "auxiliary_head": FCN["auxiliary_head"],
}  # fmt: skip
NETWORKS = {"fcn": FCN, "segmenter": SEGMENTER, "segformer": SEGFORMER, "upernet": UPERNET}


def stock(network, dataset, work_dir, in_pipeline=True):
    """A configuration of MMSegmentation, with the parts of this package by name."""
    pipeline = [
        {"type": "LoadImageFromFile"},
        {"type": "LoadAnnotations"},
        {"type": "RandomCrop", "crop_size": CROP},
        {"type": "PackSegInputs"},
    ]
    hooks = [{"type": "SizeWeightHook", "start": SWITCH}]
    hooks.append({"type": "EwcHook", "strength": 20.0, "start": SWITCH, "log_interval": 1})
    if in_pipeline:
        pipeline.append({"type": "AddSizeWeights", "tau": 5.0, "padded_size": CROP})
    preprocessor = {"type": "SegDataPreProcessor", "mean": [120.0] * 3, "std": [60.0] * 3,
                    "bgr_to_rgb": True, "size": CROP, "pad_val": 0, "seg_pad_val": 255}  # fmt: skip
    return Config(
        {
            "default_scope": "mmseg",
            "custom_imports": {"imports": ["smallobjects.segmentation.modules"]},
            "model": {
                "type": "EncoderDecoder", "data_preprocessor": preprocessor, **network,
                "train_cfg": {}, "test_cfg": {"mode": "whole"},
            },
            "train_dataloader": {
                "batch_size": 2, "num_workers": 0,
                "sampler": {"type": "InfiniteSampler", "shuffle": True, "seed": 0},
                "dataset": {
                    "type": "BaseSegDataset", "data_root": str(dataset), "img_suffix": ".jpg",
                    "data_prefix": {"img_path": "images", "seg_map_path": "semantic"},
                    "seg_map_suffix": ".png", "pipeline": pipeline, "reduce_zero_label": False,
                    "metainfo": {"classes": CLASSES, "palette": COLOURS.tolist()},
                },
            },
            "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": ITERATIONS},
            "optim_wrapper": {
                "type": "OptimWrapper",
                "optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9},
            },
            "custom_hooks": hooks,
            "default_hooks": {"checkpoint": {"type": "CheckpointHook", "by_epoch": False,
                                             "interval": 2}},
            "randomness": {"seed": 0},
            "log_level": "ERROR",
            "work_dir": str(work_dir),
            "experiment_name": str(work_dir).replace("/", "_"),
        }
    )  # fmt: skip


class Notes(Hook):
    """Keeps what the training step put out."""

    def __init__(self):
        self.outputs = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.outputs.append({name: float(value) for name, value in outputs.items()})


def trained(config):
    # From a file, as `custom_imports` asks for.
    file = Path(config.work_dir) / "stock.py"
    file.parent.mkdir(exist_ok=True)
    config.dump(file)
    runner = Runner.from_cfg(Config.fromfile(file))
    notes = Notes()
    runner.register_hook(notes, priority="LOWEST")
    runner.train()
    return runner.model.state_dict(), notes.outputs


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return NETWORKS[request.param]


def test_weights_of_the_pipeline_are_those_of_the_loss(network, dataset, tmp_path, monkeypatch):
    from smallobjects.segmentation import size_weighted_loss

    found_here, found_before = [], size_weighted_loss.size_weights

    def counted(*arguments):
        found_here.append(arguments)
        return found_before(*arguments)

    monkeypatch.setattr(size_weighted_loss, "size_weights", counted)
    before, outputs = trained(stock(network, dataset, tmp_path / "pipeline"))
    assert not found_here
    here, others = trained(stock(network, dataset, tmp_path / "loss", in_pipeline=False))
    heads = 2 if "auxiliary_head" in network else 1
    assert len(found_here) == heads * (ITERATIONS - SWITCH)
    assert outputs == others
    assert all(torch.equal(before[name], here[name]) for name in before)


def test_the_loss_and_the_penalty_begin_at_the_switch(network, dataset, tmp_path):
    _, outputs = trained(stock(network, dataset, tmp_path / "both"))
    plain = stock(network, dataset, tmp_path / "ce", in_pipeline=False)
    plain.custom_hooks = []
    _, cross_entropy = trained(with_tau(plain, None))
    losses, expected = [[each["loss"] for each in run] for run in (outputs, cross_entropy)]
    assert losses[:SWITCH] == expected[:SWITCH]
    assert losses[SWITCH] != expected[SWITCH]
    penalties = [each.get("ewc_penalty") for each in outputs]
    assert penalties[:SWITCH] == [None] * SWITCH
    assert all(penalty > 0 for penalty in penalties[SWITCH:])


def with_tau(config, tau):
    for head in ("decode_head", "auxiliary_head"):
        if head in config.model:
            config.model[head].loss_decode.tau = tau
    return config


def test_arms_that_are_equal_in_theory_are_equal(network, dataset, tmp_path):
    def losses(name, tau, *hooks):
        config = with_tau(stock(network, dataset, tmp_path / name, in_pipeline=False), tau)
        config.custom_hooks = list(hooks)
        return [each["loss"] for each in trained(config)[1]]

    switch = {"type": "SizeWeightHook", "start": SWITCH}
    no_penalty = {"type": "EwcHook", "strength": 0.0, "start": SWITCH}
    assert losses("one", 1.0) == pytest.approx(losses("ce", None), rel=1e-4)
    assert losses("no_penalty", 5.0, switch, no_penalty) == losses("sw", 5.0, switch)


def test_a_stock_checkpoint_carries_all_that_ewc_needs(network, dataset, tmp_path):
    trained(stock(network, dataset, tmp_path))
    content = torch.load(tmp_path / "iter_4.pth", weights_only=False)
    assert content["fisher"].keys() == content["ewc_anchors"].keys() > set()
    config = stock(network, dataset, tmp_path)
    config.load_from, config.resume = str(tmp_path / "iter_4.pth"), True
    config.experiment_name += "_resumed"
    _, outputs = trained(config)
    assert len(outputs) == ITERATIONS - 4
    assert all(each["ewc_penalty"] > 0 for each in outputs)
