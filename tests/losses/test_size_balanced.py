"""L_sw in one call: several scales, half precision, compiled, in several processes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from smallobjects.losses import size_balanced_loss, size_weights, weighted_cross_entropy


@pytest.fixture
def labels():
    generator = torch.Generator().manual_seed(1)
    labels = torch.zeros(2, 24, 32, dtype=torch.int64)
    labels[0, 3:5, 3:6], labels[0, 10:20, 4:20], labels[1, 2:, :9] = 1, 2, 3
    labels[torch.rand(labels.shape, generator=generator) < 0.1] = 255
    return labels


@pytest.fixture
def scales():
    generator = torch.Generator().manual_seed(2)
    sizes = ((6, 8), (12, 16), (24, 32), (3, 4))
    return [torch.randn(2, 4, *size, generator=generator) for size in sizes]


def at_label_size(logits, labels, tau=5.0):
    enlarged = F.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
    return weighted_cross_entropy(enlarged, labels, size_weights(labels, tau))


def test_a_limit_of_1_is_plain_cross_entropy(labels, scales):
    for logits in scales:
        enlarged = F.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
        expected = F.cross_entropy(enlarged, labels, ignore_index=255)
        torch.testing.assert_close(size_balanced_loss(logits, labels, tau=1), expected)
        assert abs(size_balanced_loss(logits, labels) - expected) > 1e-4


def test_several_scales_count_alike_or_as_told(labels, scales):
    each = torch.stack([at_label_size(logits, labels, 3) for logits in scales])
    torch.testing.assert_close(size_balanced_loss(scales, labels, tau=3), each.mean())
    factors = (1.0, 0.4, 0.4, 0.0)
    told = size_balanced_loss(tuple(scales), labels, tau=3, scale_weights=factors)
    torch.testing.assert_close(told, (each * torch.tensor(factors)).sum())
    torch.testing.assert_close(size_balanced_loss(scales[:1], labels, tau=3), each[0])


@pytest.mark.parametrize(
    ("count", "factors", "message"),
    [
        (0, None, "no logits at all"),
        (2, [1.0], "1 scale_weights for 2 logits"),
        (1, [], "0 scale_weights for 1 logits"),
    ],
)
def test_scales_that_do_not_fit_are_refused(labels, scales, count, factors, message):
    with pytest.raises(ValueError, match=message):
        size_balanced_loss(scales[:count], labels, scale_weights=factors)


def test_what_is_no_tensor_among_the_scales_is_named(labels, scales):
    with pytest.raises(ValueError, match=r"logits of str.*outputs\.logits"):
        size_balanced_loss([scales[0], "logits"], labels)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("scale", [0, 2])
def test_half_precision_is_computed_with_in_single(labels, scales, dtype, scale):
    half = scales[scale].to(dtype).requires_grad_()
    single = half.detach().float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = [size_balanced_loss(logits, labels) for logits in (half, single)]
    assert losses[0].dtype == torch.float32
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-6, atol=0)
    for loss in losses:
        loss.backward()
    assert half.grad.dtype == dtype
    torch.testing.assert_close(half.grad, single.grad.to(dtype), rtol=0.01, atol=1e-6)


def test_large_half_precision_logits_stay_finite(labels, scales):
    logits = (scales[2] * 1e4).to(torch.float16).requires_grad_()
    loss = size_balanced_loss(logits, labels)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_several_scales_are_compiled_whole(labels, scales):
    torch._dynamo.reset()
    compiled = torch.compile(size_balanced_loss, backend="aot_eager", fullgraph=True)
    given = [logits.requires_grad_() for logits in scales]
    loss = compiled(given, labels, scale_weights=(1.0, 0.4, 0.4, 0.2))
    expected = size_balanced_loss(given, labels, scale_weights=(1.0, 0.4, 0.4, 0.2))
    torch.testing.assert_close(loss, expected)
    for found, wanted in zip(
        torch.autograd.grad(loss, given), torch.autograd.grad(expected, given), strict=True
    ):
        torch.testing.assert_close(found, wanted)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.ReLU(), nn.Conv2d(8, 4, 1))


def gradients(loss, model):
    return torch.autograd.grad(loss, list(model.parameters()))


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpointed_network_has_the_same_gradients(labels, reentrant):
    model, images = network(), torch.randn(2, 3, 24, 32)
    plain = gradients(size_balanced_loss(model(images), labels), model)
    again = checkpoint(
        lambda pictures: size_balanced_loss(model(pictures), labels),
        images.requires_grad_(),
        use_reentrant=reentrant,
    )
    model.zero_grad()
    again.backward()
    for expected, parameter in zip(plain, model.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected)


def train_a_part(rank, images, labels, folder):
    address = f"file://{folder / 'rendezvous'}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    model = nn.parallel.DistributedDataParallel(network())
    size_balanced_loss(model(images[rank : rank + 1]), labels[rank : rank + 1]).backward()
    torch.save([each.grad for each in model.parameters()], folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_processes_average_the_gradients_of_their_parts(labels, tmp_path):
    images = torch.randn(2, 3, 24, 32)
    torch.multiprocessing.spawn(train_a_part, (images, labels, tmp_path), nprocs=2)
    model = network()
    parts = [
        gradients(size_balanced_loss(model(images[n : n + 1]), labels[n : n + 1]), model)
        for n in range(2)
    ]
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for each, first, second in zip(found, *parts, strict=True):
            torch.testing.assert_close(each, (first + second) / 2)
