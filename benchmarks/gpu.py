"""The published training step on a GPU: what each arm, precision and memory layout costs.

    python benchmarks/gpu.py [--segmentor deeplabv2] [--batch 10] [--crop 321] [--rounds 20]

Needs CUDA, and no data or weights: the network starts from random values. First the losses are
checked on the device: against the CPU, and that no arm makes the device wait for the host. Then,
for fp32, bf16 and fp16, each with and without channels_last, and for bf16 compiled: milliseconds a
step and peak memory with cross-entropy, and each other arm as a share of it (median of rounds in
which the arms take turns).
"""

import copy
from itertools import product
from statistics import median

import torch
from training_steps import (
    ARMS,
    Trainer,
    batch,
    build,
    optimizer_settings,
    published,
    seconds,
    size_weight_transform,
    step_options,
)

WARM_UP = 3


def check_losses(config, data):
    """Compare the loss and the gradient of the head's first weights with those of the CPU."""
    results = {}
    for device in ("cpu", "cuda"):
        network = build(config, device)
        trainer = Trainer("sw", network, optimizer_settings(config, "fp32", device))
        loss = trainer.loss(network.data_preprocessor(copy.copy(data), training=True), data)
        loss.backward()
        gradient = next(network.decode_head.parameters()).grad.cpu()
        results[device] = loss.item(), gradient
    (expected, gradient), (found, other) = results["cpu"], results["cuda"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    scale = gradient.abs().max()
    torch.testing.assert_close(other / scale, gradient / scale, rtol=1e-2, atol=1e-2)
    print(f"loss on the CPU {expected:.5f}, on the GPU {found:.5f}")


def check_that_nothing_waits(config, data):
    """Run a step of every arm while any synchronisation with the host is an error.

    The batch is on the GPU already: what copying and normalising it costs is not the losses'.
    """
    network = build(config, "cuda")
    data = network.data_preprocessor.cast_data(data)
    ready = network.data_preprocessor(data, training=True)
    for arm in ARMS:
        trainer = Trainer(arm, network, optimizer_settings(config, "fp32", "cuda"))
        trainer.step(data)
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            trainer.loss(ready, data).backward()
            trainer.wrapper.optimizer.step()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        print(f"{arm}: the step does not wait for the host")


def measure(config, data, precision, channels_last, compiled, rounds):
    """Return milliseconds of a step by arm, and the peak memory with cross-entropy in GiB."""
    network = build(config, "cuda", channels_last)
    if compiled:
        network.backbone.compile()
    settings = optimizer_settings(config, precision, "cuda")
    trainers = {"ce": Trainer("ce", network, settings)}
    torch.cuda.reset_peak_memory_stats()
    for _ in range(WARM_UP):
        trainers["ce"].step(data)
    memory = torch.cuda.max_memory_allocated() / 2**30
    trainers |= {arm: Trainer(arm, network, settings) for arm in ARMS if arm != "ce"}
    times = {arm: [] for arm in ARMS}
    for number in range(WARM_UP + rounds):
        for arm, trainer in trainers.items():
            elapsed = 1e3 * seconds(lambda step=trainer.step: step(data))
            if number >= WARM_UP:
                times[arm].append(elapsed)
    return times, memory


def report(title, times, memory):
    shares = [
        f"{arm} {median(t / ce for t, ce in zip(times[arm], times['ce'], strict=True)):.3f}"
        for arm in ARMS
        if arm != "ce"
    ]
    step = median(times["ce"])
    print(f"{title:24} {step:8.1f} ms  {memory:6.2f} GiB  {'  '.join(shares)}", flush=True)


def main():
    options = step_options(__doc__.splitlines()[0], rounds=20).parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; benchmarks/training.py measures on a CPU")
    config = published(options.segmentor, options.crop)
    transform = size_weight_transform(config, options.crop)
    data = batch(options.batch, options.crop, transform)
    print(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}: {config.title}, "
        f"{options.batch} crops of {options.crop}² pixels"
    )
    check_losses(config, batch(2, options.crop, transform))
    check_that_nothing_waits(config, data)
    variants = [*product(("fp32", "bf16", "fp16"), (False, True), (False,)), ("bf16", True, True)]
    for precision, channels_last, compiled in variants:
        parts = [precision, *["channels_last"] * channels_last, *["compile"] * compiled]
        report(
            " ".join(parts),
            *measure(config, data, precision, channels_last, compiled, options.rounds),
        )
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
