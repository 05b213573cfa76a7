"""Training of the detector on the annotated boxes."""

import numpy as np
import torch
from torch import Tensor

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.bbam.detector import Detector
from smallobjects.pseudo_labels.bbam.parameters import DetectorParameters
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, BoxedObject
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, sample_steps
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor, step_factor

BIAS_RATE = 2
WARM_UP_FROM = 1 / 3


def detection_scale(shape: tuple[int, int], short_side: int, longest_side: int) -> float:
    """Return the scale at which the short side has its length, or the long one its limit."""
    return min(short_side / min(shape), longest_side / max(shape))


def scaled_boxes(
    objects: tuple[BoxedObject, ...], before: tuple[int, int], after: tuple[int, int]
) -> np.ndarray:
    """Return the boxes of an image that is resized, K×4 float32 x0, y0, x1, y1.

    Args:
        objects: K objects.
        before: height and width to which the boxes belong.
        after: height and width of the resized image.
    """
    corners = [(item.x0, item.y0, item.x1, item.y1) for item in objects]
    factors = np.array([after[1] / before[1], after[0] / before[0]] * 2)
    return (np.array(corners, dtype=np.float64).reshape(-1, 4) * factors).astype(np.float32)


class DetectionSample:
    """Makes the image and boxes of one training sample."""

    def __init__(
        self, dataset: PreparedDataset, boxes: AnnotatedBoxes, parameters: DetectorParameters
    ) -> None:
        self._dataset = dataset
        self._boxes = boxes
        self._parameters = parameters

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return 3×H×W float32, H and W as int64, and K×5 float32 (class, x0, y0, x1, y1)."""
        image = read_image(self._dataset, image_id)
        shape = image.shape[:2]
        objects = self._boxes.of(image_id, shape)
        short_side = int(generator.choice(self._parameters.short_sides))
        image = rescale_image(
            image, detection_scale(shape, short_side, self._parameters.longest_side)
        )
        boxes = scaled_boxes(objects, shape, image.shape[:2])
        if generator.random() < 0.5:
            image = image[:, ::-1]
            boxes[:, [0, 2]] = image.shape[1] - boxes[:, [2, 0]]
        classes = np.array([item.class_id for item in objects], dtype=np.float32)
        size = np.array(image.shape[:2], dtype=np.int64)
        return normalise(image), size, np.concatenate([classes[:, None], boxes], axis=1)


def rate_factor(step: int, parameters: DetectorParameters) -> float:
    """Return the learning rate of a step relative to its highest value."""
    if parameters.schedule == "one-cycle":
        return one_cycle_factor(step, parameters.steps)
    factor = step_factor(step, parameters.decay_at)
    if step < parameters.warm_up:
        factor *= WARM_UP_FROM + (1 - WARM_UP_FROM) * step / parameters.warm_up
    return factor


def prepare_training(detector: Detector, parameters: DetectorParameters) -> None:
    """Choose what of the backbone is trained, and what its batch normalisation does."""
    detector.train()
    backbone = detector.parts.backbone.backbone
    backbone.train_stages(parameters.trained_from)
    backbone.set_statistics(parameters.batch_norm, train_affine=False)


def gradient_descent(detector: Detector, parameters: DetectorParameters) -> torch.optim.SGD:
    """Return SGD in which biases learn twice as fast, without decay."""
    named = [(name, value) for name, value in detector.named_parameters() if value.requires_grad]
    biases = [value for name, value in named if name.endswith("bias")]
    weights = [value for name, value in named if not name.endswith("bias")]
    rate = parameters.learning_rate
    groups = [
        {"params": weights, "lr": rate, "weight_decay": parameters.weight_decay},
        {"params": biases, "lr": BIAS_RATE * rate, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, momentum=parameters.momentum)


def train_detector(context: TrainingContext, parameters: DetectorParameters) -> Detector:
    """Train Faster R-CNN on the boxes of a dataset.

    Args:
        context: the images to train on; those without a box are left out. The seed is that of
            initial values, order, augmentation, and of the boxes that a loss counts.
        parameters: the settings.

    Returns:
        The detector in evaluation mode.

    Raises:
        BadInputError: no image has a box, or a box covers no pixel of its image.
    """
    boxes = AnnotatedBoxes(context.dataset)
    usable = [image_id for image_id in context.image_ids if boxes.has(image_id)]
    if not usable:
        raise BadInputError(
            f"{context.dataset.root}: no image of the split has a box, and a detector learns from "
            "boxes"
        )
    size, steps = parameters.batch_size, parameters.steps
    make_sample = DetectionSample(context.dataset, boxes, parameters)
    samples = sample_steps(usable, make_sample, batch_size=size, steps=steps, seed=context.seed)
    with seeded(context.seed):
        detector = Detector(parameters, context.dataset.num_classes, parameters.weights)
        prepare_training(detector.to(context.device), parameters)

        def loss(batch: list[Tensor], _: int) -> Tensor:
            return detector.losses(*batch, jittered=parameters.jittered)

        train(
            Batches(samples, size, context.workers, most=steps, pad=True),
            loss,
            detector,
            gradient_descent(detector, parameters),
            lambda step: rate_factor(step, parameters),
            device=context.device,
            name="detector",
            checkpoint=context.checkpoint,
        )
    return detector.eval().requires_grad_(False)
