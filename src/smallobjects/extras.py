"""Which extra of the package brings a library that is missing, in one line."""

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


def missing_extra(error: BaseException) -> str | None:
    """Return how to install what an import did not find; None if no extra brings it."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    library = error.name.partition(".")[0]
    if library == "torch":
        return "PyTorch is missing; pip install 'smallobjects[torch]'"
    if library == "torchmetrics":
        return "torchmetrics is missing; pip install torchmetrics"
    if library in _FRAMEWORK:
        return (
            f"{library} is missing; install MMSegmentation (mmengine, mmcv and mmsegmentation), or "
            "its continuation with all of the workflow: pip install 'smallobjects[workflow]'"
        )
    if library in _WORKFLOW:
        return f"{library} is missing; pip install 'smallobjects[workflow]'"
    return None
