"""Time RIB's fine-tuning on one image against its form one view and one companion at a time.

    python benchmarks/rib.py [--network resnet50] [--height 375] [--width 500] [--steps 10]

Prints both times, their ratio (below 1: the maps of this package are made faster), the largest
difference of the maps, and the floating-point operations of each form.
"""

import argparse
import time

import numpy as np
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from smallobjects.backbones.backbone import STAGES
from smallobjects.config import load
from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.maps import multi_scale_cam
from smallobjects.pseudo_labels.rib.maps import TunableClassifier, rib_maps
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image


def activation(classifier, view):
    """Map one 3×H×W view to C×h×w through the whole network; gradients stop before layer 3."""
    features = view[None]
    for name in STAGES:
        if name == "layer3":
            features = features.detach()
        features = classifier.backbone.stages[name](features)
    return classifier.head(features)[0]


def logit(activations, threshold):
    """Pool one h×w map as the formula says."""
    largest = activations.detach().max()
    total = activations[activations.detach() / largest < threshold].sum()
    return total / activations.numel()


def look(classifier, image, channels, cam, parameters):
    """Return one state's maps, the sum of its logits, and whether it exploded."""
    size = [-(-side // 4) for side in image.shape[:2]]
    total, logits, exploded = torch.zeros(len(channels), *size), 0, False
    for scale in cam.scales:
        both = 0
        for mirrored in (False, True)[: 1 + cam.flip]:
            view = torch.from_numpy(normalise(rescale_image(image, scale)))
            maps = activation(classifier, view.flip(-1) if mirrored else view)[channels]
            if scale in parameters.loss_scales:
                logits += sum(logit(one, parameters.pooling_threshold) for one in maps)
            positive = functional.relu(maps.detach())
            positive = positive.flip(-1) if mirrored else positive
            both += positive
            total += functional.interpolate(
                positive[None], size=size, mode="bilinear", align_corners=False
            )[0]
        if scale == 1.0:
            active = [one / (one.max() + 1e-5) > parameters.explosion_threshold for one in both]
            exploded = torch.stack(active).any(0).float().mean() > parameters.explosion_share
    return total, logits, exploded


def one_by_one(classifier, image, classes, companions, cam, parameters):
    """Return the maps of `rib_maps`, every view and companion by itself and from its pixels.

    The classifier's weights are changed.
    """
    channels = [class_id - 1 for class_id in classes]
    stages = classifier.backbone.stages
    optimizer = torch.optim.SGD(
        [
            {
                "params": [*stages["layer3"].parameters(), *stages["layer4"].parameters()],
                "lr": parameters.learning_rate,
            },
            {"params": [classifier.head.weight], "lr": parameters.head_learning_rate},
        ],
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.PolynomialLR(
        optimizer, max(1, parameters.steps), power=parameters.poly_power
    )
    total, own, _ = look(classifier, image, channels, cam, parameters)
    for images, targets in companions:
        loss = -own
        for companion, target in zip(images, targets, strict=True):
            maps = activation(classifier, companion)
            for channel in target.nonzero()[:, 0]:
                loss = loss - logit(maps[channel], parameters.pooling_threshold)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if abs(own.item()) > parameters.stop_logits:
            break
        maps, own, exploded = look(classifier, image, channels, cam, parameters)
        if exploded:
            break
        total += maps
    return torch.stack([one / (one.max() + 1e-5) for one in total]).numpy()


def random_companions(count, steps, size, classes, taken, generator):
    """Return for each step random images, each of one class that is not taken."""
    free = [c for c in range(classes) if c + 1 not in taken]
    batches = []
    for _ in range(steps):
        images = torch.randn(count, 3, size, size, generator=generator)
        targets = torch.zeros(count, classes)
        chosen = torch.randint(len(free), (count,), generator=generator)
        targets[torch.arange(count), torch.tensor(free)[chosen]] = 1
        batches.append((images, targets))
    return batches


def measured(function):
    """Return seconds, floating-point operations and the result of a call."""
    with FlopCounterMode(display=False) as counter:
        start = time.perf_counter()
        result = function()
        seconds = time.perf_counter() - start
    return seconds, counter.get_total_flops(), result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--num-classes", type=int, default=20)
    parser.add_argument("--height", type=int, default=375)
    parser.add_argument("--width", type=int, default=500)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--companions", type=int, default=20)
    parser.add_argument("--crop", type=int, default=512)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    torch.manual_seed(0)
    classifier = Classifier(options.network, options.num_classes).eval()
    generator = torch.Generator().manual_seed(0)
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    image = rescale_image(noise, max(options.height / 12, options.width / 16))
    image = np.ascontiguousarray(image[: options.height, : options.width])
    classes = (2, 7)
    published = load("config/config.yaml", {"scale": "paper"}).stages("rib", "voc")
    cam = published.cam
    changes = {"steps": options.steps, "companions": options.companions, "explosion_share": 1.0}
    parameters = published.rib.model_copy(update=changes)
    companions = random_companions(
        options.companions, options.steps, options.crop, options.num_classes, classes, generator
    )
    device = torch.device("cpu")
    multi_scale_cam(classifier, image, classes, cam, device)  # The first pass is slower.
    network = TunableClassifier(classifier, parameters)
    seconds, operations, (maps, updates) = measured(
        lambda: rib_maps(network, image, classes, iter(companions), cam, parameters, device)
    )
    slow_seconds, slow_operations, slow_maps = measured(
        lambda: one_by_one(classifier, image, classes, companions, cam, parameters)
    )
    print(f"{options.network}, {options.width}×{options.height}, {updates} updates,", end=" ")
    print(f"{options.companions} companions of {options.crop}×{options.crop}")
    print(f"one by one:          {slow_seconds:.2f} s, {slow_operations / 1e12:.2f} TFLOP")
    print(f"together:            {seconds:.2f} s, {operations / 1e12:.2f} TFLOP")
    print(f"ratio of the times:  {seconds / slow_seconds:.2f}")
    print(f"largest difference:  {np.abs(maps - slow_maps).max():.1e}")


if __name__ == "__main__":
    main()
