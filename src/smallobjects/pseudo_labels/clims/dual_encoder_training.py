"""Training of the small scorer on regions of images and the names of what they show."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.clims.dual_encoder import DualEncoder
from smallobjects.pseudo_labels.clims.losses import cosines
from smallobjects.pseudo_labels.clims.parameters import LanguageParameters, ScorerParameters
from smallobjects.pseudo_labels.clims.texts import background_texts, class_texts
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import normalise, random_flip
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence, steps_per_epoch
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor

SCALE = 20.0
"""Factor of the cosines before the softmax over all texts."""
FAINT = 0.3
"""The rest of an image is shown with at most this share of its contrast."""


class RegionSample:
    """Makes an image of which one class, or the background, is shown, and the index of its text."""

    def __init__(
        self, dataset: PreparedDataset, texts: list[str], backgrounds: list[str], size: int
    ) -> None:
        """Prepare the boxes.

        Args:
            dataset: gives images and boxes.
            texts: one per class, then at least the `backgrounds`.
            backgrounds: what texts stand for an image without its objects; may be empty.
            size: side of the images, in pixels.
        """
        self._dataset = dataset
        self._backgrounds = [texts.index(text) for text in backgrounds]
        self._size = size
        columns = ["class_id", "y0", "x0", "y1", "x1"]
        grouped = dataset.box_table.groupby("image")[columns]
        self._boxes = {image: rows.to_numpy().tolist() for image, rows in grouped}

    def shows(self, image_id: str) -> bool:
        """Tell whether there is anything to show of an image."""
        return bool(self._backgrounds) or image_id in self._boxes

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return 3×size×size float32 and an int64 scalar."""
        image = normalise(read_image(self._dataset, image_id))
        boxes = self._boxes.get(image_id, [])
        choices = sorted({box[0] for box in boxes}) + ([0] if self._backgrounds else [])
        shown = choices[generator.integers(len(choices))]
        region = np.zeros(image.shape[1:], dtype=np.float32)
        for class_id, y0, x0, y1, x1 in boxes:
            if shown in (0, class_id):
                region[y0:y1, x0:x1] = 1
        region = np.maximum(1 - region if shown == 0 else region, generator.uniform(0, FAINT))
        [picture] = random_flip([(image * region).transpose(1, 2, 0)], generator)
        index = generator.choice(self._backgrounds) if shown == 0 else shown - 1
        return self._resized(picture), np.array(index, dtype=np.int64)

    def _resized(self, picture: np.ndarray) -> np.ndarray:
        values = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
        size = (self._size, self._size)
        return functional.interpolate(values, size, mode="bilinear", align_corners=True)[0].numpy()


def train_dual_encoder(
    context: TrainingContext, parameters: ScorerParameters, language: LanguageParameters
) -> DualEncoder:
    """Train a small scorer: every region must be nearer to its own text than to the others.

    Args:
        context: the images to train on. The seed is that of initial values, order and regions.
        parameters: the settings.
        language: gives the texts of the classes; those of the background are the scorer's own.

    Returns:
        The encoder in evaluation mode.

    Raises:
        BadInputError: the settings name another scorer, or there is nothing to show.
    """
    if parameters.is_clip:
        raise BadInputError(
            "scorer.network: 'open_clip' comes with its weights and is not trained; only what "
            "stands in for it is, such as `tiny`"
        )
    language = parameters.language(language)
    backgrounds = background_texts(language)
    texts = list(
        dict.fromkeys([*class_texts(context.dataset.class_names[1:], language), *backgrounds])
    )
    with seeded(context.seed):
        encoder = DualEncoder(
            texts, parameters.image_size, parameters.network, parameters.weights
        ).to(context.device)
    make_sample = RegionSample(context.dataset, texts, backgrounds, parameters.image_size)
    usable = [image_id for image_id in context.image_ids if make_sample.shows(image_id)]
    if not usable:
        raise BadInputError(
            f"{context.dataset.root}: no image of the split has a box, and `scorer.background` "
            "is empty; the scorer learns from boxes"
        )
    per_epoch = steps_per_epoch(len(usable), parameters.batch_size)
    samples = SampleSequence(
        usable,
        make_sample,
        batch_size=parameters.batch_size,
        epochs=-(-parameters.steps // per_epoch),
        seed=context.seed,
    )
    batches = Batches(samples, parameters.batch_size, context.workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, indices = batch
        similarities = cosines(encoder.encode_images(images), encoder.encode_texts(texts))
        return functional.cross_entropy(SCALE * similarities, indices)

    trained = [weights for weights in encoder.parameters() if weights.requires_grad]
    train(
        batches,
        loss,
        encoder,
        torch.optim.Adam(trained, lr=parameters.learning_rate),
        lambda step: one_cycle_factor(step, len(batches)),
        device=context.device,
        name="scorer",
        checkpoint=context.checkpoint,
    )
    return encoder.eval()
