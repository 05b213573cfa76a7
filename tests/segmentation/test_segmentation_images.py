"""What every configured segmentor reads: the pixels that pseudo-labels and masks refer to."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smallobjects.config.mmengine_files import read_mmengine
from smallobjects.datasets.prepared import PreparedDataset

SEGMENTORS = sorted(path for path in (Path(__file__).parents[2] / "config/segmentors").glob("*.py"))
TURNED = Image.Exif()
TURNED[0x0112] = 6
KINDS = {
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "turned": ("RGB", {"exif": TURNED}),
    "1-bit": ("1", {"format": "PNG"}),
    "grey with alpha": ("LA", {"format": "PNG"}),
    "transparent": ("RGBA", {"format": "PNG"}),
    "palette with transparency": ("P", {"format": "PNG", "transparency": 7}),
    "turned PNG": ("RGB", {"format": "PNG", "exif": TURNED}),
}


def loading_transforms():
    """The first transform of every pipeline of every segmentor, at every scale."""
    found = {}
    for path in SEGMENTORS:
        file = read_mmengine(path)
        for scale, part in {"published": file, **file["scales"]}.items():
            for key in ("train_pipeline", "test_pipeline"):
                if key in part:
                    found[f"{path.stem}: {scale}: {key}"] = part[key][0]
    return found


TRANSFORMS = loading_transforms()


@pytest.fixture(scope="module")
def odd_images(dataset, tmp_path_factory):
    """A dataset of one image of each kind, 30×50 pixels, smooth so that it survives JPEG."""
    root = tmp_path_factory.mktemp("odd")
    (root / "images").mkdir()
    (root / "splits").mkdir()
    (root / "dataset.json").write_bytes((dataset / "dataset.json").read_bytes())
    (root / "splits/all.txt").write_text("".join(f"{kind}\n" for kind in KINDS))
    y, x = np.mgrid[:30, :50]
    picture = np.stack([5 * x, np.full_like(x, 60), 8 * y], axis=-1).astype(np.uint8)
    for kind, (mode, options) in KINDS.items():
        image = Image.fromarray(picture).convert(mode)
        if mode in ("LA", "RGBA"):
            image.putalpha(Image.fromarray(picture[..., 0]))
        image.save(root / "images" / f"{kind}.jpg", quality=97, subsampling=0, **options)
    return root


@pytest.mark.parametrize("name", TRANSFORMS)
def test_images_are_read_as_stored(name, odd_images):
    from smallobjects.segmentation.dataset import LabelledSplit

    split = LabelledSplit(odd_images, "all", pipeline=[TRANSFORMS[name]])
    prepared = PreparedDataset.open(odd_images)
    for number, kind in enumerate(KINDS):
        blue_green_red = split[number]["img"]
        expected = prepared.read_image(kind).astype(int)
        assert blue_green_red.shape == (30, 50, 3), kind
        assert np.abs(blue_green_red[..., ::-1] - expected).mean() < 3, kind
