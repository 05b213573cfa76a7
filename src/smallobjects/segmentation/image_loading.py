"""Labels as MMSegmentation's pipelines load them."""

from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from smallobjects.datasets.prepared import VOID
from smallobjects.segmentation.errors import SegmentationError


@TRANSFORMS.register_module()
class LoadLabels(LoadAnnotations):
    """Loads a label PNG by its palette indices and checks that it fits image and dataset."""

    def _load_seg_map(self, results: dict) -> None:
        super()._load_seg_map(results)
        labels, path = results["gt_seg_map"], results["seg_map_path"]
        if labels.shape != tuple(results["img_shape"][:2]):
            raise SegmentationError(
                f"{path}: the label is {labels.shape} pixels (height, width), its image "
                f"{tuple(results['img_shape'][:2])}; make the labels at the image's size"
            )
        highest = labels[labels != VOID].max(initial=0)
        if highest >= results["num_classes"]:
            raise SegmentationError(
                f"{path}: holds class {highest}, but the dataset has classes 0.."
                f"{results['num_classes'] - 1} (and {VOID}, ignored); make the labels for it"
            )
