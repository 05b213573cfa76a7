"""How a trained network is asked: sizes, mirror images, windows and a CRF, computed by hand."""

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from toy_segmentation import MODEL, ONCE

from smallobjects.config import load
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.parameters import InferenceParameters
from smallobjects.segmentation.prediction import (
    PredictionRun,
    load_segmentor,
    predict,
    probabilities,
)


@pytest.fixture
def run(dataset, arms, prediction_parameters):
    def make(test_cfg=None, **inference):
        model = MODEL | ({"test_cfg": test_cfg} if test_cfg else {})
        changes = {"model": model, "inference": InferenceParameters(**ONCE | inference)}
        parameters = prediction_parameters.model_copy(update=changes)
        return PredictionRun(parameters, dataset, "val", arms.ce)

    return make


def found(run):
    return dict(probabilities(run, load_segmentor(run)))


def image_of(run, image_id):
    """Blue, green, red, as the network's pipeline reads it."""
    return cv2.imread(str(run.dataset / "images" / f"{image_id}.jpg"))


@torch.no_grad()
def softmax_of(model, image, size):
    """The softmax of the logits at a size, with the normalisation of the toy network."""
    red_first = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None].float()
    logits = model.multi_scale_logits((red_first - 120) / 60)["max"]
    logits = F.interpolate(logits, image.shape[:2], mode="bilinear", align_corners=False)
    return F.interpolate(logits, size, mode="bilinear", align_corners=False)


def test_probabilities_are_those_of_the_image_itself(run):
    plain = run()
    model = load_segmentor(plain)
    for image_id, each in found(plain).items():
        image = image_of(plain, image_id)
        expected = softmax_of(model, image, image.shape[:2]).softmax(1)[0].numpy()
        np.testing.assert_allclose(each, expected, atol=1e-5)


def test_sizes_and_mirror_images_are_averaged(run):
    several = run(scales=[0.5, 1.0, 1.5], flip=True)
    model = load_segmentor(several)
    for image_id, each in found(several).items():
        image = image_of(several, image_id)
        size = height, width = image.shape[:2]
        views = []
        for scale in (0.5, 1.0, 1.5):
            scaled = cv2.resize(image, (int(width * scale + 0.5), int(height * scale + 0.5)))
            views.append(softmax_of(model, scaled, size).softmax(1))
            mirrored = softmax_of(model, scaled[:, ::-1], scaled.shape[:2]).flip(3)
            mirrored = F.interpolate(mirrored, size, mode="bilinear", align_corners=False)
            views.append(mirrored.softmax(1))
        expected = torch.stack(views).mean(0)[0].numpy()
        np.testing.assert_allclose(each, expected, atol=1e-5)
        assert not np.allclose(each, views[2][0].numpy(), atol=1e-3)


def test_a_window_that_covers_the_image_is_the_whole_image(run):
    slide = {"mode": "slide", "crop_size": [200, 200], "stride": [100, 100]}
    whole = found(run())
    for image_id, each in found(run(slide)).items():
        np.testing.assert_allclose(each, whole[image_id], atol=1e-6)


def test_windows_are_averaged_where_they_overlap(run):
    slide = run({"mode": "slide", "crop_size": [200, 32], "stride": [200, 16]})
    model = load_segmentor(slide)
    for image_id, each in found(slide).items():
        image = image_of(slide, image_id)
        height, width = image.shape[:2]
        total, times = torch.zeros(1, 4, height, width), torch.zeros(width)
        for start in range(0, width - 16, 16):
            left = min(start, width - 32)
            window = image[:, left : left + 32]
            total[..., left : left + 32] += softmax_of(model, window, window.shape[:2])
            times[left : left + 32] += 1
        assert times.min() >= 1
        assert times.max() > 1
        expected = (total / times).softmax(1)[0].numpy()
        np.testing.assert_allclose(each, expected, atol=1e-5)


CRF = {"iterations": 4, "gaussian_compat": 2, "gaussian_sxy": 2, "bilateral_compat": 5,
       "bilateral_sxy": 30, "bilateral_srgb": 6}  # fmt: skip


def direct_crf(image, softmax):
    """pydensecrf at the values of `CRF`."""
    from pydensecrf import densecrf
    from pydensecrf.utils import unary_from_softmax

    classes, height, width = softmax.shape
    crf = densecrf.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(unary_from_softmax(softmax))
    crf.addPairwiseGaussian(sxy=2, compat=2)
    crf.addPairwiseBilateral(sxy=30, srgb=6, rgbim=image, compat=5)
    return np.argmax(crf.inference(4), axis=0).reshape(height, width)


def test_the_crf_is_that_of_the_library(run, tmp_path):
    refined = run(crf=PairwiseParameters(**CRF))
    predict(refined, tmp_path / "refined", device="cpu")
    predict(run(), tmp_path / "plain", device="cpu")
    changed = 0
    for image_id, softmax in found(run()).items():
        path = refined.dataset / "images" / f"{image_id}.jpg"
        image = np.array(Image.open(path).convert("RGB"))
        classes = np.array(Image.open(tmp_path / "refined" / f"{image_id}.png"))
        np.testing.assert_array_equal(classes, direct_crf(image, softmax))
        changed += (classes != np.array(Image.open(tmp_path / "plain" / f"{image_id}.png"))).sum()
    assert changed > 0


def test_processes_of_the_crf_change_nothing(run, tmp_path):
    refined = run(crf=PairwiseParameters(**CRF))
    predict(refined, tmp_path / "one", device="cpu")
    predict(replace(refined, threads=2), tmp_path / "two", device="cpu")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_process_of_the_crf_starts_without_torch():
    code = "import sys, smallobjects.segmentation.crf; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_settings_of_a_crf_are_deeplabs(repository):
    paper = load(repository / "config" / "config.yaml", {"scale": "paper"})
    assert paper.segmentor("deeplabv2", "full", "voc").inference.crf.model_dump() == {
        "iterations": 10, "gaussian_compat": 3, "gaussian_sxy": 1,
        "bilateral_compat": 4, "bilateral_sxy": 67, "bilateral_srgb": 3,
    }  # fmt: skip


def test_a_pipeline_without_packing_is_refused(run, tmp_path):
    plain = run()
    pipeline = plain.parameters.test_pipeline[:-1]
    parameters = plain.parameters.model_copy(update={"test_pipeline": pipeline})
    with pytest.raises(SegmentationError, match="must end with PackSegInputs"):
        predict(replace(plain, parameters=parameters), tmp_path / "maps", device="cpu")
