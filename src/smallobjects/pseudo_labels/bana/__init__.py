"""BANA: labels from boxes by pooling that leaves the background out (Oh et al., CVPR 2021)."""
