"""The experiment with every setting resolved: what the workflow asks for its parameters."""

import importlib
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from smallobjects.config.errors import ConfigError, unknown, validate
from smallobjects.config.layers import merge, read_mmengine, read_yaml, resolve
from smallobjects.config.matrix import Cell, Row, external_name
from smallobjects.config.model import Block, ExperimentConfig, ExternalLabels, MethodFile, Scale
from smallobjects.config.names import check_names
from smallobjects.datasets.parameters import DatasetParameters, PublishedCounts
from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.fetching.parameters import Downloads
from smallobjects.parameters import Parameters
from smallobjects.segmentation.parameters import (
    PredictionParameters,
    SegmentorParameters,
    TrainingParameters,
)


class Experiment:
    """A validated configuration.

    Every setting is resolved from these layers, the lowest first: the file of the dataset, method
    or segmentor; what the scale changes for all of them; what the file says for this scale; what
    the user changes under `settings`. Each layer may differ per dataset.
    """

    def __init__(self, values: Mapping[str, Any], folder: str | Path) -> None:
        """Validate the whole experiment.

        Args:
            values: the content of config.yaml with what the command line changed.
            folder: the folder `config/`, with datasets, methods, segmentors and scales.

        Raises:
            ConfigError: anything in it cannot be run.
        """
        self.folder = Path(folder)
        self.config = validate(ExperimentConfig, values, "", "the configuration")
        check_names(self.config, self.available)
        _ = self.downloads
        for dataset in {*self.config.datasets, *self.config.settings.datasets}:
            self.dataset(dataset)
        for dataset in dict.fromkeys(map(self.trained_on, self.config.datasets)):
            for source in {*self.sources, *self.config.settings.methods}:
                self.stages(source, dataset)
                self.saliency(source, dataset)
                self.first_segmentor(source, dataset)
            for segmentor in self.config.settings.segmentors:
                self.segmentor(segmentor, "full", dataset)
        self._check_external()
        for cell in [*self.cells, *self.ablation_cells]:
            self.segmentor(cell.segmentor, cell.source, cell.dataset)

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
        return validate(Scale, values, "scale", f"{path} and `compute`")

    @cached_property
    def downloads(self) -> Downloads:
        """Every file that can be fetched."""
        path = self.folder / "downloads.yaml"
        values = merge(read_yaml(path), self.config.settings.downloads)
        return validate(Downloads, values, "downloads", f"{path} and `settings`")

    @property
    def root(self) -> str:
        """Folder of everything made at this scale."""
        return f"{self.config.results}/{self.config.scale}"

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell of the matrix, in the order of the configuration, once."""
        return [
            Cell(*row, loss)
            for row in self._rows(self.config.matrix)
            for loss in self.config.losses
        ]

    @cached_property
    def ablation_cells(self) -> list[Cell]:
        """Every cell of the ablation table: each row with every arm, in the table's order."""
        return [
            Cell(*row, arm.name)
            for row in self._rows([self.config.ablation])
            for arm in self.segmentor(row.segmentor, row.source, row.dataset).arms
        ]

    @cached_property
    def supplement_cells(self) -> list[Cell]:
        """Every cell of the supplement's Table 2: the networks trained on the ground truth.

        Its datasets are those of which a network of the matrix has published scores.
        """
        cells = [cell for cell in self.cells if cell.source == "full"]
        datasets = {
            dataset
            for cell in cells
            for dataset in self.segmentor(cell.segmentor, cell.source, cell.dataset).published
        }
        return [cell for cell in cells if cell.dataset in datasets]

    @cached_property
    def sources(self) -> list[str]:
        """The label sources in use."""
        return list(dict.fromkeys(cell.source for cell in self.cells))

    def family(self, source: str) -> str:
        """Return the family whose rules make the labels of `source`."""
        return "external" if external_name(source) else self._method(source).family

    def of_family(self, family: str) -> list[str]:
        """Return every label source, in use or not, whose labels the rules of `family` make."""
        if family == "external":
            return [f"external:{name}" for name in self.config.external]
        return [name for name in self.available("methods") if self.family(name) == family]

    def described(self, source: str) -> MethodFile | ExternalLabels:
        """Return what describes a label source: its `title` and `supervision`."""
        name = external_name(source)
        return self.config.external[name] if name else self._method(source)

    @lru_cache  # noqa: B019
    def dataset(self, name: str) -> DatasetParameters:
        """Return the resolved settings of a dataset."""
        path = self._path("datasets", name)
        file = read_yaml(path)
        layers = [file, self.scale.dataset, *self._last_layers("datasets", name, file)]
        resolved = self._resolve(layers, name, f"datasets.{name}")
        return validate(DatasetParameters, resolved, f"datasets.{name}", self._origin(path))

    def published(self, dataset: str) -> PublishedCounts | None:
        """Return the published counts of a dataset, if there are any and the scale shows them."""
        return self.dataset(dataset).published if self.scale.published_values else None

    def published_scores(self, cell: Cell) -> dict[str, float] | None:
        """Return the published scores of a cell in percent, by metric, if there are any."""
        published = self.segmentor(cell.segmentor, cell.source, cell.dataset).published
        if cell.source != "full" or cell.dataset not in published or cell.loss not in ("ce", "sb"):
            return None
        scores = published[cell.dataset].model_dump().items()
        return {name: ce + gain * (cell.loss == "sb") for name, (ce, gain) in scores}

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
        model = importlib.import_module(f"smallobjects.pseudo_labels.methods.{source}").Stages
        key, origin = f"methods.{source}", self._origin(self._path("methods", source))
        stages = self._resolved_method(source, dataset).stages
        return validate(model, stages, f"{key}.stages", origin)

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
        if saliency.source == "trained" and saliency.training.seed == parameters.synthetic.seed:
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
            if stage in file.get("stages", {})
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

    def _rows(self, blocks: Iterable[Block]) -> list[Row]:
        """Return the label sources with the segmentors of some blocks, on each dataset, once."""
        rows = [
            Row(dataset, source, segmentor)
            for block in blocks
            for source in block.labels
            for segmentor in block.segmentors
            for dataset in self.config.datasets
            if self._offers(source, dataset)
        ]
        return list(dict.fromkeys(rows))

    def _check_external(self) -> None:
        for name, labels in self.config.external.items():
            for dataset in labels.labels:
                home = self.trained_on(dataset)
                if home != dataset:
                    raise ConfigError(
                        f"external.{name}.labels.{dataset}: nothing is trained on {dataset}, which "
                        f"evaluates models of {home}; give the labels of {home}"
                    )

    def _offers(self, source: str, dataset: str) -> bool:
        name = external_name(source)
        return name is None or self.trained_on(dataset) in self.config.external[name].labels


def load(path: str | Path, changes: Mapping[str, Any] | None = None) -> Experiment:
    """Return the experiment of a config.yaml, with `changes` merged in.

    Raises:
        ConfigError: the file is missing, or anything in it cannot be run.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such configuration file")
    return Experiment(merge(read_yaml(path), changes or {}), path.parent)
