"""Labels, logits and steps as other programs bring them: taken right, or refused with a reason."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.losses import (
    nearest_labels,
    size_balanced_loss,
    size_weights,
    uniform_weights,
    weighted_cross_entropy,
)

label_maps = arrays(
    np.int64,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 0, 1, 1, 2, 3, 255]),
)


@settings(max_examples=100, deadline=None)
@given(label_maps, st.sampled_from([-100, -1, 254, 1000]))
def test_void_is_the_value_that_is_named_and_no_other(labels, void):
    renamed = np.where(labels == 255, void, labels)
    logits = torch.randn(1, 4, *labels.shape)
    weights = size_weights(labels)
    np.testing.assert_array_equal(size_weights(renamed, ignore_index=void), weights)
    expected = weighted_cross_entropy(logits, torch.tensor(labels[None]), torch.tensor([weights]))
    found = weighted_cross_entropy(
        logits, torch.tensor(renamed[None]), torch.tensor([weights]), ignore_index=void
    )
    assert torch.equal(found, expected)
    if (labels == 255).any():
        with pytest.raises(ValueError, match=rf"label {void} .*pass ignore_index={void} \(now 255"):
            weighted_cross_entropy(
                logits, torch.tensor(renamed[None]), torch.tensor([weights]), ignore_index=255
            )
    if (renamed < 0).any():
        for given_labels in (renamed, renamed[None], torch.tensor(renamed)):
            with pytest.raises(ValueError, match=rf"label {void} is no class.*={void} \(now 255\)"):
                size_weights(given_labels)


@pytest.mark.parametrize("dtype", [">u2", ">i8", "i1", "u4"])
def test_any_integer_type_and_byte_order(dtype):
    labels = np.array([[0, 1, 1, 2], [3, 0, 1, 2]])
    np.testing.assert_array_equal(size_weights(labels.astype(dtype)), size_weights(labels))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_the_loss_takes_labels_of_any_integer_type(dtype):
    logits, labels = torch.randn(2, 4, 3, 5), torch.randint(0, 4, (2, 3, 5))
    weights = torch.rand(2, 3, 5)
    expected = weighted_cross_entropy(logits, labels, weights)
    assert torch.equal(weighted_cross_entropy(logits, labels.to(dtype), weights), expected)


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((2, 2)),
        np.zeros((2, 2), bool),
        torch.zeros(2, 2),
        torch.zeros(2, 2, dtype=torch.bool),
        torch.zeros(2, 2, dtype=torch.complex64),
        torch.zeros(2, 2, dtype=torch.bfloat16),
        [[0, 1]],
        None,
    ],
)
def test_labels_that_are_no_integers_are_refused(labels):
    with pytest.raises(ValueError, match="expected an array or a tensor of integer class ids"):
        size_weights(labels)


def test_a_tau_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="tau = nan"):
        size_weights(np.zeros((2, 2), int), tau=float("nan"))


LABELS = torch.zeros(2, 8, 12, dtype=torch.int64)


@pytest.mark.parametrize(
    ("logits", "labels", "weights", "message"),
    [
        ((2, 4, 2, 3), LABELS, LABELS.shape, r"size_balanced_loss\(logits, labels\)"),
        ((2, 4, 8, 12), LABELS, (8, 12), r"weights \(8, 12\); expected a weight for each label"),
        ((2, 4, 8, 12), LABELS, (2, 1, 1), "expected a weight for each label"),
        ((2, 4, 8, 12), LABELS[:, None], LABELS.shape, r"labels \(2, 1, 8, 12\).*N×C×H×W"),
        ((4, 8, 12), LABELS[0], (8, 12), "N×C×H×W"),
        ((3, 4, 8, 12), LABELS, LABELS.shape, "N×C×H×W"),
        ((2, 4, 8, 12), LABELS.float(), LABELS.shape, "labels of torch.float32"),
        ((2, 4, 8, 12), LABELS + 4, LABELS.shape, "label 4 is none of the 4 classes"),
        ((2, 4, 8, 12), LABELS - 100, LABELS.shape, "label -100 is no class"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(logits, labels, weights, message):
    with pytest.raises(ValueError, match=message):
        weighted_cross_entropy(torch.zeros(logits), labels, torch.ones(weights))


@settings(max_examples=50, deadline=None)
@given(label_maps, st.integers(1, 5), st.integers(1, 5))
def test_one_call_takes_logits_of_any_size(labels, height, width):
    labels = torch.tensor(labels[None])
    # More classes than rows: as many as rows could look as if the classes were last.
    logits = torch.randn(1, 11, height, width, requires_grad=True)
    loss = size_balanced_loss(logits, labels, tau=3)
    enlarged = F.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
    log_shares = enlarged.log_softmax(1)
    total = weight_sum = 0
    weights = size_weights(labels, 3)
    for _, y, x in (labels != 255).nonzero().tolist():
        total = total - weights[0, y, x] * log_shares[0, labels[0, y, x], y, x]
        weight_sum = weight_sum + weights[0, y, x]
    expected = total / weight_sum if weight_sum else torch.zeros(())
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-6)
    loss.backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("size", [(8, 6), (4, 12)])
def test_one_call_enlarges_a_single_side_too(size):
    logits, labels = torch.randn(2, 4, *size), torch.randint(0, 4, (2, 8, 12))
    enlarged = F.interpolate(logits, (8, 12), mode="bilinear", align_corners=False)
    expected = weighted_cross_entropy(enlarged, labels, size_weights(labels))
    assert torch.equal(size_balanced_loss(logits, labels), expected)


@pytest.mark.parametrize(
    ("logits", "labels"), [((4, 8, 12), LABELS), ((2, 4, 8), LABELS), ((2, 4, 8, 12), LABELS[0])]
)
def test_one_call_refuses_what_does_not_fit(logits, labels):
    with pytest.raises(ValueError, match="expected N×C×H×W, N×H×W and N×H×W"):
        size_balanced_loss(torch.zeros(logits), labels)


def test_one_call_takes_no_part_of_void_by_another_name():
    logits, labels = torch.randn(1, 4, 6, 6), torch.randint(0, 4, (1, 6, 6))
    renamed = labels.where(labels != 3, -100)
    expected = size_balanced_loss(logits, labels.where(labels != 3, 255))
    assert torch.equal(size_balanced_loss(logits, renamed, ignore_index=-100), expected)


def test_no_pixel_weighs_more_than_5_unless_told():
    labels = torch.zeros(1, 10, 10, dtype=torch.uint8)
    labels[0, :5], labels[0, 9, 9] = 1, 2
    assert size_weights(labels).max() == size_weights(labels.numpy()).max() == 5
    logits = torch.randn(1, 4, 10, 10)
    expected = size_balanced_loss(logits, labels, tau=5)
    assert torch.equal(size_balanced_loss(logits, labels), expected)
    assert not torch.equal(size_balanced_loss(logits, labels, tau=6), expected)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (0, 4, 4)])
def test_no_pixel_has_no_weight(shape):
    assert size_weights(np.zeros(shape, np.uint8)).shape == shape


# One graph, without a break: what a step loses otherwise is what it is compiled for.
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_step_can_be_compiled_whole(dynamic):
    def step(logits, labels):
        reduced = nearest_labels(labels, (5, 7))
        plain = weighted_cross_entropy(logits[:, :, :5, :7], reduced, uniform_weights(reduced))
        return size_balanced_loss(logits, labels) + plain, size_weights(reduced, 3.0)

    torch._dynamo.reset()
    compiled = torch.compile(step, backend="aot_eager", fullgraph=True, dynamic=dynamic)
    for seed in range(3):
        torch.manual_seed(seed)
        labels = torch.randint(0, 4, (2, 20 + 2 * seed, 24))
        labels[0, 3:5] = 255
        logits = torch.randn(2, 4, 10, 12, requires_grad=True)
        found, weights = compiled(logits, labels)
        expected, expected_weights = step(logits, labels)
        torch.testing.assert_close(found, expected)
        assert torch.equal(weights, expected_weights)
        (gradient,) = torch.autograd.grad(found, logits)
        torch.testing.assert_close(gradient, torch.autograd.grad(expected, logits)[0])


def test_arrays_are_weighted_in_a_compiled_function_too():
    labels = np.array([[1, 1, 0], [0, 0, 2]])
    torch._dynamo.reset()
    compiled = torch.compile(size_weights, backend="eager")
    np.testing.assert_array_equal(compiled(labels), size_weights(labels))


def test_the_operator_is_sound():
    labels = torch.randint(0, 3, (2, 6, 5))
    operator = torch.ops.smallobjects.size_weights.default
    torch.library.opcheck(operator, (labels, 5.0, 255))
    torch.library.opcheck(operator, (labels.transpose(1, 2).to(torch.uint8), 5.0, 255))


def test_logits_of_another_form_are_named():
    """Classes last, where the height would be taken for their number, and what is no tensor."""
    labels = torch.randint(0, 3, (2, 32, 32))
    with pytest.raises(ValueError, match=r"\(2, 32, 32, 3\) of labels .*permute"):
        size_balanced_loss(torch.randn(2, 32, 32, 3), labels)
    with pytest.raises(ValueError, match=r"logits of Outputs.*outputs\.logits"):
        size_balanced_loss(type("Outputs", (), {})(), labels)
    with pytest.raises(ValueError, match=r"logits of torch\.int64"):
        weighted_cross_entropy(labels[:, None], labels, torch.ones(2, 32, 32))
