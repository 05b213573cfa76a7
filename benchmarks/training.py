"""What the losses cost: a training step of each arm against one with cross-entropy, in one run.

    python benchmarks/training.py [--segmentor deeplabv2] [--batch 10] [--crop 321] [--rounds 5]

The published network, from random values, on made-up batches. Two views of the same steps:

- whole steps: the arms take turns, and each step is compared with the cross-entropy step of its
  round; the median of these ratios. Noise of a shared machine is of the size of what is measured;
- added work alone (`--rounds 0` for nothing else): the time of each hook's and loss's own work,
  against the median step.

The pipeline's own time for size weights, which loader processes spend beside the step, is last.
"""

from functools import partial
from statistics import median

import torch
from training_steps import (
    ARMS,
    NUM_CLASSES,
    Trainer,
    batch,
    build,
    optimizer_settings,
    published,
    seconds,
    size_weight_transform,
    step_options,
)

from smallobjects.losses import uniform_weights, weighted_cross_entropy


def whole_steps(trainers, data, rounds):
    """Return the times of the steps of each arm, in turns, after one that is not counted."""
    trainers["ce"].step(data)
    times = {arm: [] for arm in trainers}
    if not rounds:
        times["ce"].append(seconds(partial(trainers["ce"].step, data)))
    for _ in range(rounds):
        for arm, trainer in trainers.items():
            times[arm].append(seconds(partial(trainer.step, data)))
    return times


def work_before_the_step(trainer):
    """Return how long the optimizer's step hooks of a trainer take."""
    for parameter in trainer.network.parameters():
        # A step leaves none behind.
        parameter.grad = torch.ones_like(parameter)
    hooks = list(trainer.wrapper.optimizer._optimizer_step_pre_hooks.values())
    return typical(lambda: [hook() for hook in hooks])


def work_of_the_loss(trainer, data, transform, size):
    """Return what L_sw adds to a step: handing weights over, and using them instead of ones."""
    added = typical(lambda: trainer.weights.before_train_iter(trainer.runner, 1, data))
    for found, (height, width) in zip(data["size_weights"], transform.sizes, strict=True):
        logits = torch.randn(size, NUM_CLASSES, height, width)
        labels = torch.zeros(size, height, width, dtype=torch.int64)
        weights = torch.stack(list(found))
        plain = typical(partial(plain_loss, logits, labels))
        given = typical(partial(weighted_cross_entropy, logits, labels, weights))
        added += max(0.0, given - plain)
    return added


def plain_loss(logits, labels):
    return weighted_cross_entropy(logits, labels, uniform_weights(labels))


def typical(function):
    return median(seconds(function) for _ in range(15))


def line(title, value, unit=""):
    print(f"  {title:58} {value:9.3f} {unit}", flush=True)


def main():
    parser = step_options(__doc__.splitlines()[0], rounds=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = published(options.segmentor, options.crop)
    transform = size_weight_transform(config, options.crop)
    network = build(config, "cpu")
    settings = optimizer_settings(config, "fp32", "cpu")
    trainers = {arm: Trainer(arm, network, settings) for arm in ARMS}
    data = batch(options.batch, options.crop, transform)
    parameters = sum(each.numel() for each in network.parameters())
    print(
        f"{config.title}, {parameters / 1e6:.1f} million parameters, {options.batch} crops of "
        f"{options.crop}² pixels, {options.threads} threads"
    )

    times = whole_steps(trainers, data, options.rounds)
    step = median(times["ce"])
    line("cross-entropy step", step, "s")
    if options.rounds:
        print("whole steps, as a share of the cross-entropy step of the same round (median)")
    for arm in ("fisher", "sw", "sb") if options.rounds else ():
        ratios = [ours / plain for ours, plain in zip(times[arm], times["ce"], strict=True)]
        line(f"{arm}: {ARMS[arm]}", median(ratios))
    print("added work alone, beside the cross-entropy step")
    trainers["sb"].runner.iter = 1
    fisher, penalty = (work_before_the_step(trainers[arm]) for arm in ("fisher", "sb"))
    loss = work_of_the_loss(trainers["sw"], data, transform, options.batch)
    for arm, added in {"fisher": fisher, "sw": loss, "sb": loss + penalty}.items():
        line(f"{arm}: {1e3 * added:.2f} ms", 100 * added / step, "%")
    samples = [{"data_samples": sample} for sample in data["data_samples"]]
    pipeline = typical(lambda: [transform(sample) for sample in samples])
    line("beside the step, in the loaders: size weights of a batch", 1e3 * pipeline, "ms")


if __name__ == "__main__":
    main()
