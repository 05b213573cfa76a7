"""Images as they occur in VOC and COCO: grey, CMYK, and turned by an EXIF mark."""

import numpy as np
import pytest
from PIL import Image

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image

TURNED = Image.Exif()
TURNED[0x0112] = 6
KINDS = {
    "colour": ("RGB", {}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "turned": ("RGB", {"exif": TURNED}),
    "progressive": ("RGB", {"progressive": True}),
}


@pytest.fixture
def smooth():
    """A picture that survives JPEG: 30×50, red grows to the right, blue to the bottom."""
    y, x = np.mgrid[:30, :50]
    return np.stack([5 * x, np.full_like(x, 60), 8 * y], axis=-1).astype(np.uint8)


@pytest.fixture
def stored(squares, tmp_path):
    """Write an image of a dataset and return dataset and id."""
    from smallobjects.datasets.prepared import PreparedDataset

    (tmp_path / "images").mkdir()
    (tmp_path / "dataset.json").write_bytes((squares.root / "dataset.json").read_bytes())

    def write(image, **options):
        image.save(tmp_path / "images/007.jpg", quality=97, subsampling=0, **options)
        return PreparedDataset.open(tmp_path), "007"

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_as_stored(kind, stored, smooth):
    mode, options = KINDS[kind]
    image = Image.fromarray(smooth).convert(mode)
    found = read_image(*stored(image, **options))
    assert found.shape == (30, 50, 3)
    assert found.dtype == np.uint8
    assert np.abs(found - np.asarray(image.convert("RGB"), int)).mean() < 3


def test_a_damaged_image_is_named(stored, smooth):
    dataset, image_id = stored(Image.fromarray(smooth))
    path = dataset.image_path(image_id)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(BadInputError, match=r"007\.jpg: cannot be read .*; replace the raw image"):
        read_image(dataset, image_id)
