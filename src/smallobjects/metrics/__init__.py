"""Per-instance scores of a segmentation: IA-mIoU and its small, medium and large parts.

    runs.py          masks as runs of equal pixels
    components.py    the components of the predicted classes
    overlaps.py      the pixels of an image by predicted region, class and instance
    instances.py     one row per ground-truth instance of an image
    confusion.py     the confusion matrix of an image
    image_scores.py  both of an image, in one pass
    areas.py         the pixels of each class in an image
    summary.py       all of these of a dataset, as the numbers that tables print
    fine_grained.py  mIoU^I and mIoU^C
    image_sums.py    scores as functions of sums over images
    bootstrap.py     intervals of scores and of differences, from resampled images
    curves.py        IoU against object size
    curve_plot.py    its drawing
    masks.py         reading and checking masks
    ground_truth.py  where the ground truth of an image comes from
    folders.py       folders of masks, in parallel
    accumulator.py   update, compute, reset: in any validation loop, across processes
    mmseg_metric.py  the same as a metric of MMSegmentation
    torchmetrics_metric.py  and of torchmetrics
The functions on arrays can be used alone (`image_scores` does the work of the first two at once):

    rows = [instance_ious(p, s, i, num_classes=21) for p, s, i in images]
    matrix = sum(confusion_matrix(p, s, num_classes=21) for p, s, i in images)
    print(summarize(np.concatenate(rows), matrix, num_classes=21)["ia_miou"])
"""

from smallobjects.metrics.confusion import confusion_matrix
from smallobjects.metrics.image_scores import image_scores
from smallobjects.metrics.instances import instance_ious
from smallobjects.metrics.summary import summarize
from smallobjects.names_on_use import names_on_use

_HOMES = {
    "Bootstrap": "bootstrap",
    "InstanceIoU": "accumulator",
    "TorchInstanceIoU": "torchmetrics_metric",
    "paired_difference": "bootstrap",
}
__all__ = [
    "Bootstrap",
    "InstanceIoU",
    "TorchInstanceIoU",
    "confusion_matrix",
    "image_scores",
    "instance_ious",
    "paired_difference",
    "summarize",
]

# pandas and SciPy take longer to start than the rest.
__getattr__ = names_on_use(__name__, _HOMES)
