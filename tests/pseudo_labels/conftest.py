import numpy as np
import pytest
import torch
from square_scenes import draw, write_dataset


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """Twelve images: odd sizes, a wide one, a grey one, and one without any class."""
    generator = np.random.default_rng(5)
    images = {}
    for number in range(9):
        classes = ((1,), (2,), (1, 3))[number % 3]
        image, semantic = draw(40 + number, 46, classes, generator)
        images[f"2007_00000{number}"] = image, semantic, classes
    image, semantic = draw(24, 130, (2, 3), generator)
    images["wide"] = image, semantic, (2, 3)
    image, semantic = draw(41, 37, (3,), generator)
    images["grey"] = image[..., 0], semantic, (3,)
    image, semantic = draw(32, 32, (), generator)
    images["empty"] = image, semantic, ()
    return write_dataset(tmp_path_factory.mktemp("squares") / "data", images)


@pytest.fixture(scope="session")
def eighty(tmp_path_factory):
    """Seven images of a dataset with eighty classes: one wide, one grey, one without any class."""
    generator = np.random.default_rng(8)
    images = {}
    for number, class_id in enumerate((1, 40, 80, 41)):
        image, semantic = draw(36, 44, (class_id,), generator)
        images[f"{number:012d}"] = image, semantic, (class_id,)
    image, semantic = draw(24, 140, (1, 80), generator)
    images["wide"] = image, semantic, (1, 80)
    image, semantic = draw(33, 30, (79,), generator)
    images["grey"] = image[..., 0], semantic, (79,)
    image, semantic = draw(32, 32, (), generator)
    images["empty"] = image, semantic, ()
    return write_dataset(tmp_path_factory.mktemp("eighty") / "data", images, num_classes=80)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
