"""How MMEngine reads checkpoints here: whole, as plain data, and from files alone.

By itself it unpickles anything: what torch refuses to read as plain data it reads again without
that restriction, and of a checkpoint that a training goes on from it runs `meta["config"]`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import apply_to
from torch import Tensor, nn

from smallobjects.backbones.file_kinds import first_bytes, is_zip
from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.errors import BadInputError
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.pretrained import load_pretrained, read_pretrained

_REMEDY = (
    "remove it if a stopped training left it, and start again; otherwise fetch or make it again"
)
_SERVICES = (
    *("http://", "https://", "pavi://", r"(\S+\:)?s3://", r"(\S+\:)?petrel://", "modelzoo://"),
    *("torchvision://", "open-mmlab://", "openmmlab://", "mmcls://"),
)
"""Where MMEngine would fetch checkpoints from."""


@CheckpointLoader.register_scheme(prefixes="", force=True)
def load_from_file(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Return the content of a checkpoint, in place of MMEngine's `load_from_local`.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: it is damaged, or of another kind.
    """
    path = Path(filename).expanduser()
    try:
        torch_format = is_zip(first_bytes(path)) and path.suffix != ".npz"
        if torch_format:
            content = read_torch_file(path, "a checkpoint", _REMEDY)
        else:
            content = {"state_dict": read_pretrained(path)}
    except BadInputError as error:
        raise SegmentationError(str(error)) from error
    if isinstance(content.get("meta"), dict):
        content["meta"].pop("config", None)
    if map_location is None or isinstance(map_location, Callable):
        return content
    return apply_to(content, lambda each: isinstance(each, Tensor), lambda t: t.to(map_location))


@CheckpointLoader.register_scheme(prefixes=_SERVICES, force=True)
def load_from_service(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Refuse what would be fetched and unpickled.

    Raises:
        SegmentationError: always.
    """
    raise SegmentationError(f"{filename}: weights are read from files; fetch it, and give its path")


@WEIGHT_INITIALIZERS.register_module(name="Pretrained", force=True)
class WholePretrained(PretrainedInit):
    """MMEngine's `Pretrained`, which by itself leaves out what does not fit without an error."""

    def __call__(self, module: nn.Module) -> None:
        """Put the weights into a network; of a whole segmentor or a `prefix`, as MMEngine does.

        Raises:
            FileNotFoundError: there is no such file.
            SegmentationError: they are another network's.
        """
        if self.prefix is not None or hasattr(module, "backbone"):
            super().__call__(module)
            return
        load_pretrained(module, Path(self.checkpoint))
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=self._get_init_info())
