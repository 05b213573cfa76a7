"""The settings of label methods, resolved from their layers."""

import importlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from smallobjects.config.contradictions.language import check_language
from smallobjects.config.contradictions.said import Said
from smallobjects.config.contradictions.stages import check_stages
from smallobjects.config.dataset_settings import DatasetSettings
from smallobjects.config.errors import ConfigError, unknown, validate
from smallobjects.config.matrix import external_name
from smallobjects.config.model import ExternalLabels, MethodFile
from smallobjects.config.origins import Layer, Resolved, resolve
from smallobjects.datasets.layouts import class_names_of
from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.parameters import Parameters


class MethodSettings(DatasetSettings):
    """What is said of label sources."""

    def family(self, source: str) -> str:
        """Return the family whose rules make the labels of `source`."""
        return "external" if external_name(source) else self._method(source).family

    def described(self, source: str) -> MethodFile | ExternalLabels:
        """Return what describes a label source: its `title` and `supervision`."""
        name = external_name(source)
        return self.config.external[name] if name else self._method(source)

    @lru_cache  # noqa: B019
    def stages(self, source: str, dataset: str) -> Parameters:
        """Return the resolved stages by which `source` makes labels for `dataset`."""
        if external_name(source):
            return Parameters()
        resolved = self.method_layers(source, dataset)
        key, origin = f"methods.{source}", self.origin("methods", source)
        method = validate(MethodFile, resolved.values, key, origin)
        stages = validate(self._stages_model(source), method.stages, f"{key}.stages", origin)
        said = Said.of(f"{key}.stages", stages, resolved.below("stages"))
        check_stages(said, lambda: self.stages("irn", dataset).classifier.network)
        check_language(said, class_names_of(self.dataset(dataset).layout), dataset)
        return stages

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
    def method_layers(self, source: str, dataset: str) -> Resolved:
        """Return the settings of a method on `dataset` with the layers that they come from."""
        own = self.own_layers("methods", source)
        self.check_trained_on(f"methods.{source}", *own)
        layers = [own.file, *self._stages_of_scale(source), *own.last]
        return resolve(layers, dataset)

    def check_trained_on(self, key: str, *layers: Layer) -> None:
        """Check that what differs by dataset differs on datasets that something is trained on.

        Raises:
            ConfigError: it does on an evaluation set, for which nobody reads it.
        """
        for name in {name for layer in layers for name in layer.values.get("per_dataset", {})}:
            home = self.trained_on(name)
            if home != name:
                raise ConfigError(
                    f"{key}.per_dataset.{name}: read by nobody, as {name} evaluates models of "
                    f"{home}; write it for {home}"
                )

    def check_scale(self) -> None:
        """Check what the scale says of all methods and segmentors.

        Raises:
            ConfigError: it is said of a stage that no method has, or of an evaluation set.
        """
        for part in ("stages", "training"):
            self.check_trained_on(f"scale.{part}", self.of_scale(part))
        said = self.of_scale("stages").values
        known = {stage for source in self.available("methods") for stage in self._stages_of(source)}
        for key, stages in [("", said), *said.get("per_dataset", {}).items()]:
            for stage in stages.keys() - known - {"per_dataset"}:
                place = f"scale.stages.per_dataset.{key}" if key else "scale.stages"
                raise unknown(place, stage, sorted(known), "no method has this stage")

    def _stages_of_scale(self, source: str) -> Iterator[Layer]:
        """Yield what the scale says of the stages that a method has, named by its file or not."""
        said = self.of_scale("stages")
        stages = self._stages_model(source).model_fields
        yield said.only(stages).under("stages")
        per_dataset = said.values.get("per_dataset", {})
        for dataset in per_dataset:
            called = f", per_dataset: {dataset}"
            part = said.below("per_dataset", dataset, called=called).only(stages)
            yield part.under("stages").under(dataset).under("per_dataset")

    def _method(self, name: str) -> MethodFile:
        own = self.own_layers("methods", name)
        path = self.path("methods", name)
        return validate(MethodFile, own.file.values, f"methods.{name}", str(path))

    def _stages_of(self, source: str) -> Iterable[str]:
        """Return the stages of a method: none, if it has no module yet."""
        try:
            return self._stages_model(source).model_fields
        except ConfigError:
            return ()

    def _stages_model(self, source: str) -> type[Parameters]:
        folder = f"smallobjects.pseudo_labels.{source}"
        name = f"{folder}.parameters"
        try:
            return importlib.import_module(name).Stages
        except ModuleNotFoundError as error:
            if error.name not in (folder, name):
                raise
            raise ConfigError(
                f"methods.{source}: has {self.path('methods', source)}, but no module {name} with "
                "a class Stages; write it (CONTRIBUTING.md, Add a method)"
            ) from None
        except AttributeError:
            raise ConfigError(
                f"methods.{source}: the module {name} has no class Stages, which names its stages"
            ) from None
