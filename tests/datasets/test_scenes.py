import numpy as np
import pytest
from scipy import ndimage

from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.scenes import LEAST_VISIBLE_SHARE, draw_scene, void_border

CLASSES = (1, 3, 7, 8, 12, 15)


def scenes(count, size=96, **options):
    appearances = class_appearances(CLASSES)
    return [
        draw_scene(appearances, size, np.random.default_rng([5, index]), **options)
        for index in range(count)
    ]


@pytest.fixture(scope="module")
def many():
    return scenes(150)


def test_scenes_vary_as_they_should(many):
    counts = [len(scene.objects) for scene in many]
    assert set(counts) == {1, 2, 3, 4}
    classes = [{item.class_id for item in scene.objects} for scene in many]
    assert {len(found) for found in classes} == {1, 2, 3}
    for class_id in CLASSES:
        share = np.mean([class_id in found for found in classes])
        assert 0.1 < share < 0.6
    areas = np.concatenate([np.bincount(s.instances.ravel(), minlength=2)[1:] for s in many])
    sizes = [(areas < 150).mean(), ((areas >= 150) & (areas < 900)).mean(), (areas >= 900).mean()]
    assert min(sizes) > 0.1


def test_objects_occlude_and_siblings_touch(many):
    occluded = touching = 0
    for scene in many:
        instances = scene.instances
        for index, item in enumerate(scene.objects, start=1):
            occluded += (instances == index).sum() < item.mask.sum()
            grown = ndimage.binary_dilation(instances == index)
            touching += any(
                (grown & (instances == other + 1)).any()
                and scene.objects[other].class_id == item.class_id
                for other in range(index, len(scene.objects))
            )
    assert occluded > 15
    assert touching > 15


def test_every_object_stays_visible_and_whole_areas_fall(many):
    for scene in many:
        instances = scene.instances
        areas = [int(item.mask.sum()) for item in scene.objects]
        assert areas == sorted(set(areas), reverse=True)
        for index, item in enumerate(scene.objects, start=1):
            visible = (instances == index).sum()
            assert visible >= LEAST_VISIBLE_SHARE * item.mask.sum()
            assert visible >= 20


def test_objects_stand_out_from_the_background(many):
    differences = []
    for scene in many[:40]:
        for index in range(1, len(scene.objects) + 1):
            mask = scene.instances == index
            ring = ndimage.binary_dilation(mask, iterations=3) & (scene.instances == 0)
            if not ring.any():
                continue
            inside, outside = scene.image[mask].mean(axis=0), scene.image[ring].mean(axis=0)
            differences.append(np.linalg.norm(inside - outside))
    assert len(differences) > 60
    assert min(differences) > 25


def test_scene_depends_on_its_random_stream_alone():
    first, second = scenes(3), scenes(3)
    for one, other in zip(first, second, strict=True):
        assert (one.image == other.image).all()
        assert (one.instances == other.instances).all()
    assert not (first[0].image == first[1].image).all()


def test_empty_scene_and_crowd():
    (empty,) = scenes(1, empty=True)
    assert empty.objects == []
    assert not empty.instances.any()
    (scene,) = scenes(1, crowd=True)
    assert scene.crowd.mask.any()
    assert scene.objects


def test_sizes_scale_with_the_image():
    for size in (48, 160):
        shares = np.concatenate(
            [np.bincount(s.instances.ravel(), minlength=2)[1:] / size**2 for s in scenes(40, size)]
        )
        assert (shares < 150 / 96**2).any()
        assert (shares >= 900 / 96**2).any()


def slow_border(instances):
    height, width = instances.shape
    border = np.zeros(instances.shape, bool)
    for y in range(height):
        for x in range(width):
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    border[y, x] |= instances[y + dy, x + dx] > instances[y, x]
    return border


def test_void_border_lies_around_the_upper_instance():
    instances = scenes(6)[5].instances
    assert (void_border(instances) == slow_border(instances)).all()
    assert (void_border(np.array([[0, 2, 1, 1]], np.uint8)) == [[True, False, True, False]]).all()
