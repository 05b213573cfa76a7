"""The settings of datasets, resolved from their layers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from smallobjects.config.config_folder import ConfigFolder, OwnLayers
from smallobjects.config.contradictions.datasets import check_dataset_settings
from smallobjects.config.contradictions.said import Said
from smallobjects.config.errors import ConfigError, unknown, validate
from smallobjects.config.origins import Resolved, resolve
from smallobjects.datasets.parameters import DatasetParameters, PublishedCounts


class DatasetSettings(ConfigFolder):
    """What is said of datasets."""

    @lru_cache  # noqa: B019
    def dataset(self, name: str) -> DatasetParameters:
        """Return the resolved settings of a dataset."""
        resolved = self.dataset_layers(name)
        key, origin = f"datasets.{name}", self.origin("datasets", name)
        parameters = validate(DatasetParameters, resolved.values, key, origin)
        check_dataset_settings(Said.of(key, parameters, resolved))
        return parameters

    def dataset_layers(self, name: str) -> Resolved:
        """Return the settings of a dataset with the layers that they come from.

        The scale lies over a dataset's file, with these exceptions. A file that names data of its
        own lies over the scale. What a scale says of scenes is left out where the data are others,
        and what it says of saliency maps where these come from elsewhere, or from a split that
        there is not.
        """
        own = self.own_layers("datasets", name)
        _check_owner(name, own)
        shared = self.of_scale("dataset")
        alone = resolve([own.file, *own.last], name)
        if not _has_data_of_its_own(own.file.values, alone.values):
            lowest = [own.file, shared]
        elif shared.values.get("raw") == "synthetic":
            return alone
        else:
            lowest = [shared, own.file]
        resolved = resolve([*lowest, *own.last], name)
        if shared.values.get("raw") == "synthetic" != resolved.values.get("raw"):
            return alone
        if _saliency_from_elsewhere(shared.values, resolved.values):
            others = shared.only({*shared.values} - {"saliency"})
            lowest = [others if layer is shared else layer for layer in lowest]
            resolved = resolve([*lowest, *own.last], name)
        return resolved

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


def _check_owner(name: str, own: OwnLayers) -> None:
    for layer in own:
        for other in layer.values.get("per_dataset", {}):
            if other != name:
                raise ConfigError(
                    f"datasets.{name}.per_dataset.{other}: read by nobody, as this is said of "
                    f"{name} alone; write it under datasets.{other}"
                )


def _has_data_of_its_own(file: Mapping[str, Any], alone: Mapping[str, Any]) -> bool:
    """Tell whether a dataset's file names data that nothing else takes the place of."""
    return file.get("raw") not in ("download", "synthetic") and alone.get("raw") != "synthetic"


def _saliency_from_elsewhere(shared: Mapping[str, Any], resolved: Mapping[str, Any]) -> bool:
    """Tell whether what a scale says of saliency maps does not fit what is resolved with it."""
    said, found = shared.get("saliency"), resolved.get("saliency")
    if not said or not isinstance(found, Mapping):
        return False
    if "source" in said and found.get("source") != said["source"]:
        return True
    split = said.get("training", {}).get("split")
    there = resolved.get("trained_on") or split in resolved.get("splits", {})
    taken = found.get("training", {}).get("split") == split
    return split is not None and taken and not there
