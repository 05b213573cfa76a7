"""The optimiser of networks with a pretrained backbone and new layers, as the OAA family has it."""

import torch
from torch import nn

from smallobjects.pseudo_labels.attention.parameters import SquareTraining
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor

BIAS_FACTOR = 2


def parameter_groups(
    network: nn.Module, new: list[nn.Module], parameters: SquareTraining
) -> list[dict]:
    """Return the optimiser's groups: old and new layers, weights and biases.

    Biases have twice the rate of weights and, as in the public code, the same weight decay.

    Args:
        network: those of its parameters that ask for gradients are trained.
        new: its layers with the larger rates.
        parameters: the rates.
    """
    fresh = {id(parameter) for layer in new for parameter in layer.parameters()}
    groups = []
    for factor, is_new in ((1.0, False), (parameters.new_factor, True)):
        for rate, is_bias in ((1, False), (BIAS_FACTOR, True)):
            chosen = [
                parameter
                for name, parameter in network.named_parameters()
                if (id(parameter) in fresh) == is_new and name.endswith("bias") == is_bias
            ]
            if chosen:
                groups.append({"params": chosen, "lr": parameters.learning_rate * factor * rate})
    return groups


def gradient_descent(
    network: nn.Module, new: list[nn.Module], parameters: SquareTraining
) -> torch.optim.SGD:
    """Return the optimiser; arguments as `parameter_groups`."""
    return torch.optim.SGD(
        parameter_groups(network, new, parameters),
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
        nesterov=True,
    )


def rate_factor(step: int, steps: int, parameters: SquareTraining) -> float:
    """Return the learning rate of a step (from 0) relative to its initial value."""
    if parameters.schedule == "one-cycle":
        return one_cycle_factor(step, steps)
    epoch = step * parameters.epochs // steps
    return parameters.decay ** sum(epoch >= start for start in parameters.decay_epochs)
