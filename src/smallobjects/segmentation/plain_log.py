"""What a person or a log file sees of a training or a prediction: the package's own lines."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def plain_log() -> Iterator[None]:
    """Log the package's own lines to standard error, and what libraries print nowhere."""
    logger = logging.getLogger("smallobjects")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    # MMCV and MMEngine print remarks about parts of theirs that are not used here.
    warnings.filterwarnings("ignore", message="Fail to import", module="mmcv")
    warnings.filterwarnings("ignore", message="Multi-processing start method", module="mmengine")
    warnings.filterwarnings("ignore", message="Setting .*_NUM_THREADS", module="mmengine")
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
            yield
    finally:
        logger.removeHandler(handler)
