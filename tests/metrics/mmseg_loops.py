"""Run a stock MMSegmentation model on a prepared dataset: `mmseg_loops.py WHAT PREPARED OUTPUT`.

`train` trains a little and validates, then tests; `test` tests the checkpoint that it left, as one
process of several if the environment says so.
"""

import gc
import json
import os
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

CROP = 48
LOAD = {"type": "LoadImageFromFile"}
ANNOTATIONS = {"type": "LoadAnnotations"}


def loader(root, split, pipeline, batch_size, sampler):
    return {
        "batch_size": batch_size,
        "num_workers": 0,
        "sampler": {"type": sampler, "shuffle": sampler == "InfiniteSampler"},
        "dataset": {
            "type": "PascalVOCDataset",
            "data_root": str(root),
            "ann_file": f"splits/{split}.txt",
            "data_prefix": {"img_path": "images", "seg_map_path": "semantic"},
            "pipeline": pipeline,
        },
    }


def configuration(root, output):
    norm = {"type": "BN", "requires_grad": True}
    evaluation = loader(
        root, "val", [LOAD, ANNOTATIONS, {"type": "PackSegInputs"}], 2, "DefaultSampler"
    )
    evaluator = [
        {
            "type": "InstanceIoUMetric",
            "instance_dir": str(root / "instances"),
            "size_limits": (150, 900),
            "resamples": 50,
            "output": str(output / "scores.json"),
        },
        {"type": "IoUMetric", "iou_metrics": ["mIoU"], "output_dir": str(output / "predictions")},
    ]
    return {
        "default_scope": "mmseg",
        "custom_imports": {"imports": ["smallobjects.metrics.mmseg_metric"]},
        "work_dir": str(output / "work"),
        "model": {
            "type": "EncoderDecoder",
            "data_preprocessor": {
                "type": "SegDataPreProcessor",
                "mean": [120.0] * 3,
                "std": [60.0] * 3,
                "bgr_to_rgb": True,
                "size_divisor": 8,
                "test_cfg": {"size_divisor": 8},
            },
            "backbone": {
                "type": "ResNet",
                "depth": 18,
                "base_channels": 8,
                "stem_channels": 8,
                "num_stages": 1,
                "strides": (1,),
                "dilations": (1,),
                "out_indices": (0,),
                "norm_cfg": norm,
            },
            "decode_head": {
                "type": "FCNHead",
                "in_channels": 8,
                "channels": 8,
                "num_convs": 1,
                "num_classes": 21,
                "norm_cfg": norm,
            },
            "test_cfg": {"mode": "whole"},
        },
        "train_dataloader": loader(
            root,
            "train",
            [
                LOAD,
                ANNOTATIONS,
                {"type": "RandomCrop", "crop_size": CROP},
                {"type": "PackSegInputs"},
            ],
            8,
            "InfiniteSampler",
        ),
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": 40, "val_interval": 40},
        "optim_wrapper": {"optimizer": {"type": "Adam", "lr": 0.02}},
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 40},
            "logger": {"type": "LoggerHook", "log_metric_by_epoch": False},
        },
        "val_dataloader": evaluation,
        "val_cfg": {"type": "ValLoop"},
        "val_evaluator": evaluator,
        "test_dataloader": evaluation,
        "test_cfg": {"type": "TestLoop"},
        "test_evaluator": evaluator,
        "randomness": {"seed": 0},
        "log_level": "WARNING",
    }


def scores(what, config, output):
    if what == "train":
        runner = Runner.from_cfg(config)
        runner.train()
        return {"val": runner.val(), "test": runner.test()}
    config.load_from = str(output / "work" / "iter_40.pth")
    return {"test": Runner.from_cfg(config).test()}


def main(what, prepared, output):
    torch.set_num_threads(1)
    prepared, output = Path(prepared), Path(output)
    if "WORLD_SIZE" in os.environ:
        torch.distributed.init_process_group("gloo")
    # From a file, as users do: `custom_imports` is heeded there.
    rank = os.environ.get("RANK", "alone")
    (output / f"config{rank}.json").write_text(json.dumps(configuration(prepared, output)))
    found = scores(what, Config.fromfile(output / f"config{rank}.json"), output)
    (output / f"{rank}.json").write_text(json.dumps(found, default=float))
    if torch.distributed.is_initialized():
        # A process that leaves while the other still talks to it would abort that one, and a
        # network that keeps the group would abort its own.
        gc.collect()
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
