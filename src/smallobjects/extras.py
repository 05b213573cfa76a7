"""Which extra of the package brings a library that is missing or unfit, in one line."""

_FRAMEWORK = ("mmcv", "mmengine", "mmseg")
_WORKFLOW = (
    "cv2",
    "onnxruntime",
    "open_clip",
    "psutil",
    "pydensecrf",
    "requests",
    "safetensors",
    "snakemake",
    "snakemake_interface_common",
    "timm",
    "torchvision",
    "urllib3",
    "yaml",
)
"""By the names that they are imported by; pyproject.toml has those that they are installed by."""


class UnfitError(ImportError):
    """Libraries that are installed cannot be used together; the message says how to mend it."""


def missing_extra(error: BaseException) -> str | None:
    """Return how to install what an import did not find or could not use; None if not known."""
    if isinstance(error, UnfitError):
        return str(error)
    if isinstance(error, ImportError) and "requires NumPy" in str(error):
        # Its newest releases need numpy 2 and do not say so to pip.
        return f"{error}; pip install 'numpy>=2', or 'pyarrow<26' for numpy 1.26"
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    library = error.name.partition(".")[0]
    return _MISSING.get(library)


_MISSING = {
    "torch": "PyTorch is missing; pip install 'smallobjects[torch]'",
    "torchmetrics": "torchmetrics is missing; pip install torchmetrics",
    **{
        library: f"{library} is missing; install MMSegmentation (mmengine, mmcv and "
        "mmsegmentation), or its continuation with all of the workflow: pip install "
        "'smallobjects[workflow]'"
        for library in _FRAMEWORK
    },
    **{
        library: f"{library} is missing; pip install 'smallobjects[workflow]'"
        for library in _WORKFLOW
    },
}
