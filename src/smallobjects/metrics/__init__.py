"""Per-instance scores of a segmentation: IA-mIoU and its small, medium and large parts."""
