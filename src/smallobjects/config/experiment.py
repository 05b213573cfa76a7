"""The experiment with every setting resolved: what the workflow asks for its parameters."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from smallobjects.config.errors import ConfigError
from smallobjects.config.layers import merge, read_yaml
from smallobjects.config.matrix import Cell, MatrixRow, external_name
from smallobjects.config.model import MatrixBlock
from smallobjects.config.names import check_names
from smallobjects.config.origins import Sources
from smallobjects.config.segmentor_settings import SegmentorSettings


class Experiment(SegmentorSettings):
    """A validated configuration: its settings, and the cells of its tables."""

    def __init__(
        self, values: Mapping[str, Any], folder: str | Path, sources: Sources | None = None
    ) -> None:
        """Validate the whole experiment.

        Args:
            values: the content of config.yaml with what the command line changed.
            folder: the folder `config/`, with datasets, methods, segmentors and scales.
            sources: the files that `values` were merged from, as `ConfigFolder` takes them.

        Raises:
            ConfigError: anything in it cannot be run.
        """
        super().__init__(values, folder, sources)
        check_names(self.config, self.available)
        self.check_scale()
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

    def of_family(self, family: str) -> list[str]:
        """Return every label source, in use or not, whose labels the rules of `family` make."""
        if family == "external":
            return [f"external:{name}" for name in self.config.external]
        return [name for name in self.available("methods") if self.family(name) == family]

    def published_scores(self, cell: Cell) -> dict[str, float] | None:
        """Return the published scores of a cell in percent, by metric, if there are any."""
        published = self.segmentor(cell.segmentor, cell.source, cell.dataset).published
        if cell.source != "full" or cell.dataset not in published or cell.loss not in ("ce", "sb"):
            return None
        scores = published[cell.dataset].model_dump().items()
        return {name: ce + gain * (cell.loss == "sb") for name, (ce, gain) in scores}

    def _rows(self, blocks: Iterable[MatrixBlock]) -> list[MatrixRow]:
        """Return the label sources with the segmentors of some blocks, on each dataset, once."""
        rows = [
            MatrixRow(dataset, source, segmentor)
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


def load(
    path: str | Path, changes: Mapping[str, Any] | None = None, configfiles: Iterable[Path] = ()
) -> Experiment:
    """Return the experiment of a config.yaml.

    Args:
        path: the file.
        changes: laid over everything else.
        configfiles: laid over it, each over those before.

    Raises:
        ConfigError: the file is missing, or anything in it cannot be run.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such configuration file")
    sources = [(str(each), read_yaml(each)) for each in (path, *configfiles)]
    sources.append(("", changes or {}))
    values = merge({}, *(said for _, said in sources))
    return Experiment(values, path.parent, tuple(sources))
