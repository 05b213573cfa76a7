"""Per-instance scores of a segmentation: IA-mIoU and its small, medium and large parts.

    components.py  the components of a predicted class
    instances.py   one row per ground-truth instance of an image
    confusion.py   the confusion matrix of an image
    summary.py     the rows and the matrix of a dataset, as the numbers that tables print
    masks.py       reading and checking masks
    folders.py     folders of masks, in parallel
The functions on arrays can be used alone:

    rows = [instance_ious(p, s, i, num_classes=21) for p, s, i in images]
    matrix = sum(confusion_matrix(p, s, num_classes=21) for p, s, i in images)
    print(summarize(np.concatenate(rows), matrix, num_classes=21)["ia_miou"])
"""

from smallobjects.metrics.confusion import confusion_matrix
from smallobjects.metrics.instances import instance_ious
from smallobjects.metrics.summary import summarize

__all__ = ["confusion_matrix", "instance_ious", "summarize"]
