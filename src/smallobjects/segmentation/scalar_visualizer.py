"""Handing the values of a learning curve to TensorBoard."""

from typing import Any

from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.registry import VISBACKENDS, VISUALIZERS


@VISUALIZERS.register_module()
class ScalarVisualizer:
    """Hands scalars on to its backends.

    MMEngine's own Visualizer draws pictures as well, and for that opens a figure of Matplotlib,
    which takes half a second of the time in which a training starts.
    """

    def __init__(self, vis_backends: list[dict[str, Any]], **_: Any) -> None:
        """Build the backends from their configurations; MMEngine's Runner adds name and folder."""
        self._backends = [VISBACKENDS.build(backend) for backend in vis_backends]

    def add_config(self, config: Config) -> None:
        """Leave the configuration out: it is published beside the checkpoint."""

    @master_only
    def add_scalars(self, scalars: dict[str, float], step: int) -> None:
        """Hand over values by name at an iteration."""
        for backend in self._backends:
            backend.add_scalars(scalars, step=step)
