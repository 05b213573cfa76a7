"""Whether CUDA can be used here, and if not, what stands in its way."""

import os
import re
import warnings
from pathlib import Path

import torch

DRIVER_VERSION = Path("/proc/driver/nvidia/version")
DEVICE_FILES = Path("/dev")
_HIDDEN = ("", "-1", "NoDevFiles")


def gpu_is_meant() -> bool:
    """Tell whether whoever started this process can expect a GPU here.

    In a job of Slurm that is so if the job was given one, else if the machine has one of NVIDIA's.
    An empty CUDA_VISIBLE_DEVICES, or -1 as its value, hides all of them on purpose.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in _HIDDEN:
        return False
    if "SLURM_JOB_ID" in os.environ:
        # The first two list GPUs by number, the third counts them.
        listed = os.environ.get("SLURM_JOB_GPUS") or os.environ.get("SLURM_STEP_GPUS")
        return bool(listed) or os.environ.get("SLURM_GPUS_ON_NODE", "0") not in ("", "0")
    return any(re.fullmatch(r"nvidia\d+", path.name) for path in DEVICE_FILES.glob("nvidia*"))


def why_unusable(index: int = 0) -> str | None:
    """Return why torch cannot compute on a CUDA device, on one line; None if it can.

    Args:
        index: of the device, among those that torch sees.
    """
    reason = _reason(index)
    if reason is None:
        return None
    build = torch.version.cuda
    made_for = f"CUDA {build}" if build else "no CUDA (a build for CPUs)"
    return (
        f"{reason} (NVIDIA driver here: {driver_version() or 'none'}; PyTorch "
        f"{torch.__version__} is made for {made_for})"
    )


def driver_version() -> str | None:
    """Return the version of the NVIDIA driver that is loaded, such as 535.183.01, or None."""
    try:
        text = DRIVER_VERSION.read_text()
    except OSError:
        return None
    found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)", text)
    return found.group(1) if found else text.partition("\n")[0].strip()


def _reason(index: int) -> str | None:
    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is a build without CUDA"
    with warnings.catch_warnings():
        # What they say is part of the reason.
        warnings.simplefilter("ignore")
        if not torch.cuda.is_available():
            return _refusal()
    seen = torch.cuda.device_count()
    if index >= seen:
        return f"torch sees {seen} CUDA devices, numbered from 0"
    return _missing_code(index)


def _refusal() -> str:
    """Return what CUDA says when it is started."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).partition("\n")[0].partition(" Please ")[0].rstrip(". ")
    return "torch sees no CUDA device"


def _missing_code(index: int) -> str | None:
    """Return that a device is of a kind that this build has no code for, which shows only in use.

    Code for sm_XY runs on X.Z with Z of at least Y; code for compute_XY on all that came later.
    """
    has = torch.cuda.get_device_capability(index)
    known = [
        (kind, (int(digits[:-1]), int(digits[-1])))
        for kind, digits in re.findall(r"(sm|compute)_(\d+)", " ".join(torch.cuda.get_arch_list()))
    ]
    runs = any(
        version <= has and (kind == "compute" or version[0] == has[0]) for kind, version in known
    )
    if runs or not known:
        return None
    name = torch.cuda.get_device_name(index)
    return f"this PyTorch has no code for {name} (compute capability {has[0]}.{has[1]})"
