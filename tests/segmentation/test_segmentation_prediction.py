"""Predicted class maps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from toy_segmentation import MODEL, write_prepared

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.prediction import (
    PredictionRun,
    load_segmentor,
    predict,
)


@pytest.fixture
def run(dataset, arms, prediction_parameters):
    return PredictionRun(prediction_parameters, dataset, "val", arms.sb)


def read_all(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_image_has_a_map_of_its_own_size(run, dataset, tmp_path):
    predict(run, tmp_path / "maps", device="cpu")
    ids = (dataset / "splits" / "val.txt").read_text().split()
    assert sorted(read_all(tmp_path / "maps")) == [f"{image_id}.png" for image_id in ids]
    for image_id in ids:
        classes = Image.open(tmp_path / "maps" / f"{image_id}.png")
        assert classes.size == Image.open(dataset / "images" / f"{image_id}.jpg").size
        assert classes.mode == "P"
        assert classes.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        assert set(np.unique(np.array(classes))) <= set(range(4))


def test_the_map_is_the_class_of_the_highest_enlarged_logit(run, dataset, tmp_path):
    predict(run, tmp_path / "maps", device="cpu")
    model = load_segmentor(run)
    for path in (tmp_path / "maps").iterdir():
        image = np.array(Image.open(dataset / "images" / f"{path.stem}.jpg").convert("RGB"))
        normalised = (torch.from_numpy(image).permute(2, 0, 1)[None].float() - 120) / 60
        with torch.no_grad():
            logits = model.multi_scale_logits(normalised)["max"]
        enlarged = F.interpolate(logits, image.shape[:2], mode="bilinear", align_corners=False)
        expected = enlarged[0].argmax(0).numpy()
        # OpenCV and Pillow may decode a JPEG a little differently.
        assert (np.array(Image.open(path)) == expected).mean() > 0.99


def test_workers_change_nothing_and_a_folder_is_replaced_as_a_whole(run, tmp_path):
    predict(run, tmp_path / "first", device="cpu")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "old.png").write_bytes(b"old")
    predict(replace(run, workers=2), tmp_path / "second", device="cpu")
    assert read_all(tmp_path / "first") == read_all(tmp_path / "second")


def test_other_classes_are_refused(run, tmp_path):
    other = write_prepared(tmp_path / "other", ["background", "red", "green"])
    with pytest.raises(SegmentationError, match="trained for 4 classes"):
        predict(replace(run, dataset=other), tmp_path / "maps", device="cpu")
    assert not (tmp_path / "maps").exists()


def test_another_model_is_refused(run, tmp_path):
    model = MODEL | {"decode_head": MODEL["decode_head"] | {"dilations": [1, 2, 3]}}
    parameters = run.parameters.model_copy(update={"model": model})
    with pytest.raises(SegmentationError, match="not the weights of this model"):
        predict(replace(run, parameters=parameters), tmp_path / "maps", device="cpu")


def test_an_unknown_device_is_refused(run, tmp_path):
    with pytest.raises(SegmentationError, match="device 'abacus'"):
        predict(run, tmp_path / "maps", device="abacus")


@pytest.mark.gpu
def test_it_predicts_on_a_gpu(run, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    predict(run, tmp_path / "gpu", device="cuda")
    predict(run, tmp_path / "cpu", device="cpu")
    for path in (tmp_path / "cpu").iterdir():
        same = np.array(Image.open(path)) == np.array(Image.open(tmp_path / "gpu" / path.name))
        assert same.mean() > 0.99
