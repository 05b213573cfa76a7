"""Time BBAM's masks of many objects together against one by one, and both forms' results.

    python benchmarks/bbam.py [--network resnet50_fpn] [--objects 4] [--proposals 20] [--steps 3]

The one-by-one form is that of the public code: one object at a time, its image masked anew in every
step, its proposals compared in a loop. Prints the time per object and step of both, their ratio
(below 1: this package's form is faster), the largest difference of the masks, and the
floating-point operations.
"""

import argparse
import time

import numpy as np
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from smallobjects.config import load
from smallobjects.pseudo_labels.bbam.attribution import (
    AttributionTarget,
    initial_mask,
    mask_stride,
    optimise_masks,
    total_variation,
)
from smallobjects.pseudo_labels.bbam.detector import Detector, fill_up
from smallobjects.pseudo_labels.bbam.proposals import jittered_boxes


def make_targets(detector, shape, count, proposals, parameters, device):
    """Return objects in images of noise, with what the detector says of them."""
    generator = np.random.default_rng(0)
    targets = []
    for _ in range(count):
        noise = generator.normal(size=(3, *shape)).astype(np.float32)
        image = fill_up(torch.from_numpy(noise)[None].to(device))
        sides = np.array(shape[::-1]) * generator.uniform(0.2, 0.6, 2)
        start = (np.array(shape[::-1]) - sides) * generator.random(2)
        box = np.concatenate([start, start + sides])
        boxes = torch.from_numpy(jittered_boxes(box, shape, proposals, 0.3, generator)).to(device)
        with torch.no_grad():
            logits, regressions = detector.classify(image, [boxes])
        class_id = int(generator.integers(1, detector.num_classes))
        stride = mask_stride(
            sides.prod(), shape[0] * shape[1], parameters.stride_base, parameters.stride_slope
        )
        targets.append(
            AttributionTarget(
                image[0],
                shape,
                class_id,
                boxes,
                regressions[:, class_id],
                logits.softmax(1)[:, class_id],
                initial_mask(boxes, shape, stride),
            )
        )
    return targets


def one_by_one(detector, target, parameters):
    """Return one object's mask, found as the public code finds it."""
    mask = target.initial.clone()[None].requires_grad_()
    optimizer = torch.optim.Adam([mask], lr=parameters.learning_rate)
    height, width = target.shape
    for _ in range(parameters.steps):
        full = functional.interpolate(
            mask[None], (height, width), mode="bilinear", align_corners=True
        )[0]
        image = target.image[:, :height, :width] * full.repeat(3, 1, 1)
        logits, regressions = detector.classify(fill_up(image[None]), [target.boxes])
        probabilities = logits.softmax(1)
        loss = 0
        for number in range(len(target.boxes)):
            before = target.regressions[number]
            after = regressions[number, target.class_id]
            loss += (before - after).abs().mean() / 2
            change = target.probabilities[number] - probabilities[number, target.class_id]
            loss += change.abs() / 2
        loss = loss / len(target.boxes) + parameters.area_weight * mask.abs().sum()
        variation = total_variation(mask[0], parameters.variation_power)
        loss = loss + parameters.variation_weight * variation
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mask.data.clamp_(0, 1)
    return mask.detach()[0]


def measured(function, device):
    """Return seconds (of the processor, on a CPU), floating-point operations, and the result."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    with FlopCounterMode(display=False) as counter:
        start = clock()
        result = function()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = clock() - start
    return seconds, counter.get_total_flops(), result


def network_of(name):
    """Return the detector's settings: the demo's for `tiny`, else as published on that backbone."""
    if name == "tiny":
        return settings("demo").detector
    return settings("paper").detector.model_copy(update={"network": name})


def settings(scale):
    """Return the stages of BBAM on VOC."""
    return load("config/config.yaml", {"scale": scale}).stages("bbam", "voc")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="resnet50_fpn")
    parser.add_argument("--num-classes", type=int, default=21)
    parser.add_argument("--height", type=int, default=320)
    parser.add_argument("--width", type=int, default=416)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--proposals", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device(options.device)
    detector = Detector(network_of(options.network), options.num_classes).to(device).eval()
    detector.requires_grad_(False)
    parameters = settings("paper").attribution.model_copy(update={"steps": options.steps})
    shape = (options.height, options.width)
    targets = make_targets(detector, shape, options.objects, options.proposals, parameters, device)
    optimise_masks(detector, targets[:1], parameters.model_copy(update={"steps": 1}))
    together, operations, masks = measured(
        lambda: optimise_masks(detector, targets, parameters), device
    )
    alone, slow_operations, slow_masks = measured(
        lambda: [one_by_one(detector, target, parameters) for target in targets], device
    )
    steps = options.objects * options.steps
    difference = max(float((a - b).abs().max()) for a, b in zip(masks, slow_masks, strict=True))
    print(
        f"{options.network}, {options.width}×{options.height}, {options.objects} objects,", end=" "
    )
    print(f"{options.proposals} proposals, {options.steps} steps, {device}")
    print(f"one by one:  {alone / steps:.3f} s, {slow_operations / steps / 1e9:.1f} GFLOP", end=" ")
    print("per object and step")
    print(f"together:    {together / steps:.3f} s, {operations / steps / 1e9:.1f} GFLOP")
    print(f"ratio of the times:  {together / alone:.2f}")
    print(f"largest difference:  {difference:.1e}")


if __name__ == "__main__":
    main()
