"""The files of config/ and what the user says: the layers that settings are resolved from."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from smallobjects.config.errors import validate
from smallobjects.config.layers import expand_home, merge, read_yaml
from smallobjects.config.layout import Layout
from smallobjects.config.mmengine_files import read_mmengine, written_in
from smallobjects.config.model import ExperimentConfig, Scale
from smallobjects.config.origins import Layer, Sources
from smallobjects.config.structure import check_structure
from smallobjects.fetching.parameters import Downloads


class OwnLayers(NamedTuple):
    """What is said of one dataset, method or segmentor alone, the lowest first."""

    file: Layer
    """Its file."""
    at_scale: Layer
    """What its file says for the scale."""
    user: Layer
    """What the user says of it under `settings`."""
    user_at_scale: Layer
    """What the user says of it for the scale."""

    @property
    def last(self) -> tuple[Layer, ...]:
        """Those that lie over what the scale says of all."""
        return self[1:]


class ConfigFolder:
    """The folder config/ with what the user changes.

    The layers that every setting is resolved from are in CONTRIBUTING.md, "Settings".
    """

    def __init__(
        self, values: Mapping[str, Any], folder: str | Path, sources: Sources | None = None
    ) -> None:
        """Validate config.yaml by itself.

        Args:
            values: the content of config.yaml with what the command line changed.
            folder: the folder `config/`, with datasets, methods, segmentors and scales.
            sources: what `values` were merged from, the lowest first, each with its name; by
                default one place whose name says nothing.

        Raises:
            ConfigError: it is not such a configuration.
        """
        self.folder = Path(folder)
        self.config = validate(ExperimentConfig, expand_home(values), "", "the configuration")
        changes = self.config.settings.model_dump()
        given = sources or (("", {"settings": changes}),)
        places = tuple((f"settings in {name}" if name else "settings", it) for name, it in given)
        self._user = Layer({"settings": changes}, lambda: places).below("settings")

    @lru_cache  # noqa: B019 - one experiment lives as long as the process
    def available(self, kind: str) -> list[str]:
        """Return the names that have a file in config/<kind>/."""
        paths = (self.folder / kind).glob("*.*")
        return sorted(path.stem for path in paths if path.suffix in (".yaml", ".py"))

    @cached_property
    def scale(self) -> Scale:
        """What the scale changes."""
        path = self.scale_path
        values = merge(read_yaml(path), {"compute": self.config.compute})
        scale = validate(Scale, values, "scale", f"{path} and `compute`")
        if scale.compute.device != "auto" or not scale.compute.gpus:
            return scale
        # A job that takes a GPU must not go on without one.
        compute = scale.compute.model_copy(update={"device": "cuda"})
        return scale.model_copy(update={"compute": compute})

    @cached_property
    def downloads(self) -> Downloads:
        """Every file that can be fetched."""
        path = self.folder / "downloads.yaml"
        values = merge(read_yaml(path), self.config.settings.downloads)
        return validate(Downloads, values, "downloads", f"{path} and `settings`")

    @property
    def layout(self) -> Layout:
        """Where the results lie."""
        return Layout(self.config.results, self.config.scale)

    @property
    def scale_path(self) -> Path:
        """The file of the scale."""
        return self.folder / "scales" / f"{self.config.scale}.yaml"

    def of_scale(self, part: str) -> Layer:
        """Return what the scale says of all: its `dataset`, `stages` or `training`."""
        said = Layer.of({part: getattr(self.scale, part)}, str(self.scale_path)).below(part)
        check_structure(said.values, f"scale.{part}", self.available, scaled=False)
        return said

    @lru_cache  # noqa: B019
    def own_layers(self, kind: str, name: str) -> OwnLayers:
        """Return what is said of one dataset, method or segmentor alone.

        Raises:
            ConfigError: it holds `per_dataset` or `scales` of names that there are not, or where
                they mean nothing.
        """
        path, scale = self.path(kind, name), self.config.scale
        if path.suffix == ".py":
            file = Layer(read_mmengine(path), lambda: written_in(path))
        else:
            file = Layer.of(read_yaml(path), str(path))
        user = self._user.below(kind, name)
        check_structure(file.values, f"{kind}.{name}", self.available)
        check_structure(user.values, f"settings.{kind}.{name}", self.available)
        own, mine = (
            layer.below("scales", scale, called=f", scales: {scale}") for layer in (file, user)
        )
        return OwnLayers(file, own, user, mine)

    def path(self, kind: str, name: str) -> Path:
        """Return the file of a dataset, method or segmentor."""
        return self.folder / kind / f"{name}.{'py' if kind == 'segmentors' else 'yaml'}"

    def origin(self, kind: str, name: str) -> str:
        """Return the files that settings are read from, for messages."""
        return f"{self.path(kind, name)}, {self.scale_path} and `settings`"
