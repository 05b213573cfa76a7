"""The settings of datasets, methods and segmentors, each resolved from its layers."""

import importlib
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from smallobjects.config.errors import ConfigError, unknown, validate
from smallobjects.config.layers import expand_home, merge, read_mmengine, read_yaml, resolve
from smallobjects.config.layout import Layout
from smallobjects.config.matrix import external_name
from smallobjects.config.model import ExperimentConfig, ExternalLabels, MethodFile, Scale
from smallobjects.datasets.parameters import DatasetParameters, PublishedCounts
from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.fetching.parameters import Downloads
from smallobjects.parameters import Parameters
from smallobjects.segmentation.parameters import (
    PredictionParameters,
    SegmentorParameters,
    TrainingParameters,
)


class Settings:
    """The files of config/, with what the scale and the user change.

    Every setting is resolved from these layers, the lowest first: the file of the dataset, method
    or segmentor; what the scale changes for all of them; what the file says for this scale; what
    the user changes under `settings`. Each layer may differ per dataset.
    """

    def __init__(self, values: Mapping[str, Any], folder: str | Path) -> None:
        """Validate config.yaml by itself.

        Args:
            values: the content of config.yaml with what the command line changed.
            folder: the folder `config/`, with datasets, methods, segmentors and scales.

        Raises:
            ConfigError: it is not such a configuration.
        """
        self.folder = Path(folder)
        self.config = validate(ExperimentConfig, expand_home(values), "", "the configuration")

    @lru_cache  # noqa: B019 - one experiment lives as long as the process
    def available(self, kind: str) -> list[str]:
        """Return the names that have a file in config/<kind>/."""
        paths = (self.folder / kind).glob("*.*")
        return sorted(path.stem for path in paths if path.suffix in (".yaml", ".py"))

    @cached_property
    def scale(self) -> Scale:
        """What the scale changes."""
        path = self.folder / "scales" / f"{self.config.scale}.yaml"
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

    def family(self, source: str) -> str:
        """Return the family whose rules make the labels of `source`."""
        return "external" if external_name(source) else self._method(source).family

    def described(self, source: str) -> MethodFile | ExternalLabels:
        """Return what describes a label source: its `title` and `supervision`."""
        name = external_name(source)
        return self.config.external[name] if name else self._method(source)

    @lru_cache  # noqa: B019
    def dataset(self, name: str) -> DatasetParameters:
        """Return the resolved settings of a dataset."""
        path, key = self._path("datasets", name), f"datasets.{name}"
        file, shared = read_yaml(path), self.scale.dataset
        last = self._last_layers("datasets", name, file)
        # A file that names data of its own is not overruled by what a scale says of all datasets.
        own = file.get("raw") not in ("download", "synthetic")
        alone = self._resolve([file, *last], name, key)
        layers = [_about(shared, alone), file] if own else [file, shared]
        resolved = self._resolve([*layers, *last], name, key)
        if shared.get("raw") == "synthetic" != resolved.get("raw"):
            # What it says is of scenes, and these are other data.
            resolved = alone
        return validate(DatasetParameters, resolved, key, self._origin(path))

    def published(self, dataset: str) -> PublishedCounts | None:
        """Return the published counts of a dataset, if there are any and the scale shows them."""
        return self.dataset(dataset).published if self.scale.published_values else None

    @lru_cache  # noqa: B019
    def trained_on(self, dataset: str) -> str:
        """Return the dataset whose models `dataset` evaluates: itself, unless it only evaluates.

        Raises:
            ConfigError: an evaluation set names no dataset that models can be trained on.
        """
        home = self.dataset(dataset).trained_on
        if home is None:
            return dataset
        key = f"datasets.{dataset}.trained_on"
        trainable = [
            name for name in self.available("datasets") if self.dataset(name).trained_on is None
        ]
        if home not in trainable:
            raise unknown(key, home, trainable, "no dataset that models are trained on")
        there, here = self.dataset(home).num_classes, self.dataset(dataset).num_classes
        if there != here:
            raise ConfigError(f"{key} = {home!r}: has {there} classes, but {dataset} has {here}")
        return home

    @lru_cache  # noqa: B019
    def stages(self, source: str, dataset: str) -> Parameters:
        """Return the resolved stages by which `source` makes labels for `dataset`."""
        if external_name(source):
            return Parameters()
        model = self._stages_model(source)
        key, origin = f"methods.{source}", self._origin(self._path("methods", source))
        stages = self._resolved_method(source, dataset).stages
        return validate(model, stages, f"{key}.stages", origin)

    def has_stage(self, source: str, name: str) -> bool:
        """Tell whether the method `source` has a stage called `name`."""
        return name in self._stages_model(source).model_fields

    def remark(self, source: str, dataset: str) -> str | None:
        """Return what a reader of tables must know of the labels of `source`, if anything.

        It is that they were made with more than what their supervision says: a method tells it by
        a property `knows_more` of its stages, stand-ins for saliency detectors by their training.
        """
        dataset = self.trained_on(dataset)
        saliency = self.saliency(source, dataset)
        told = (
            getattr(part, "knows_more", None) for part in (self.stages(source, dataset), saliency)
        )
        return " ".join(filter(None, told)) or None

    def saliency(self, source: str, dataset: str) -> SaliencyParameters | None:
        """Return where the saliency maps of `dataset` come from; None if `source` reads none.

        Raises:
            ConfigError: the source reads them and the dataset does not say where they come from,
                or they would be learnt from the dataset's own scenes.
        """
        if external_name(source) or self.described(source).supervision != "saliency":
            return None
        parameters, key = self.dataset(dataset), f"datasets.{dataset}.saliency"
        saliency = parameters.saliency
        if saliency is None:
            raise ConfigError(
                f"{key}: missing, but {source} reads saliency maps; give their `source` and `path`"
            )
        on_scenes = saliency.source == "trained" and not saliency.mask_training
        if on_scenes and saliency.training.seed == parameters.synthetic.seed:
            raise ConfigError(
                f"{key}.training.seed = {saliency.training.seed}: the seed that the scenes of "
                f"{dataset} are drawn with; choose another"
            )
        return saliency

    @lru_cache  # noqa: B019
    def segmentor(self, name: str, source: str, dataset: str) -> SegmentorParameters:
        """Return the resolved settings of a segmentor trained on labels of `source`.

        On an evaluation set they are those of the dataset that it was trained on.
        """
        dataset = self.trained_on(dataset)
        path = self.folder / "segmentors" / f"{name}.py"
        file = read_mmengine(path)
        at_scale, user = self._last_layers("segmentors", name, file)
        method = {} if external_name(source) else self._resolved_method(source, dataset).training
        layers = [file, self.scale.training, at_scale, method, user]
        resolved = self._resolve(layers, dataset, f"segmentors.{name}")
        return validate(SegmentorParameters, resolved, f"segmentors.{name}", self._origin(path))

    def first_segmentor(self, source: str, dataset: str) -> SegmentorParameters | None:
        """Return the segmentor that is trained on the way to the labels of `source`.

        It is that of the stage `first_segmentor`; None of a source without this stage.

        Raises:
            ConfigError: the stage names no segmentor that there is.
        """
        stage = getattr(self.stages(source, dataset), "first_segmentor", None)
        if stage is None:
            return None
        known = self.available("segmentors")
        if stage.segmentor not in known:
            key = f"methods.{source}.stages.first_segmentor.segmentor"
            raise unknown(key, stage.segmentor, known)
        return self.segmentor(stage.segmentor, source, dataset)

    def training(self, segmentor: str, source: str, dataset: str, arm: str) -> TrainingParameters:
        """Return what one phase of a training reads: `arm` is `shared` or the name of an arm."""
        return self.segmentor(segmentor, source, dataset).phase(arm)

    def prediction(self, segmentor: str, source: str, dataset: str) -> PredictionParameters:
        """Return what a prediction reads."""
        settings = self.segmentor(segmentor, source, dataset)
        fields = PredictionParameters.model_fields
        return PredictionParameters(**{field: getattr(settings, field) for field in fields})

    def _path(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.yaml"

    def _stages_model(self, source: str) -> type[Parameters]:
        folder = f"smallobjects.pseudo_labels.{source}"
        name = f"{folder}.parameters"
        try:
            return importlib.import_module(name).Stages
        except ModuleNotFoundError as error:
            if error.name not in (folder, name):
                raise
            raise ConfigError(
                f"methods.{source}: has {self._path('methods', source)}, but no module {name} with "
                "a class Stages; write it (CONTRIBUTING.md, Add a method)"
            ) from None
        except AttributeError:
            raise ConfigError(
                f"methods.{source}: the module {name} has no class Stages, which names its stages"
            ) from None

    def _method(self, name: str) -> MethodFile:
        path = self._path("methods", name)
        return validate(MethodFile, read_yaml(path), f"methods.{name}", str(path))

    @lru_cache  # noqa: B019
    def _resolved_method(self, source: str, dataset: str) -> MethodFile:
        path = self._path("methods", source)
        file = read_yaml(path)
        shared = {
            stage: changes
            for stage, changes in self.scale.stages.items()
            if self.has_stage(source, stage)
        }
        layers = [file, {"stages": shared}, *self._last_layers("methods", source, file)]
        resolved = self._resolve(layers, dataset, f"methods.{source}")
        return validate(MethodFile, resolved, f"methods.{source}", self._origin(path))

    def _resolve(self, layers: list[Mapping[str, Any]], dataset: str, key: str) -> dict[str, Any]:
        for layer in layers:
            for part, kind in (("per_dataset", "datasets"), ("scales", "scales")):
                for name in layer.get(part, {}):
                    if name not in self.available(kind):
                        raise unknown(f"{key}.{part}", name, self.available(kind))
        return resolve(layers, dataset)

    def _last_layers(self, kind: str, name: str, file: Mapping[str, Any]) -> list[dict[str, Any]]:
        user = getattr(self.config.settings, kind).get(name, {})
        return [file.get("scales", {}).get(self.config.scale, {}), user]

    def _origin(self, path: Path) -> str:
        return f"{path}, {self.folder / 'scales' / self.config.scale}.yaml and `settings`"


def _about(shared: Mapping[str, Any], dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scale says of all datasets, without saliency from a split that is not there."""
    split = shared.get("saliency", {}).get("training", {}).get("split")
    there = split is None or split in dataset.get("splits", {})
    return {key: value for key, value in shared.items() if there or key != "saliency"}
