"""The settings of segmentors, resolved from their layers."""

from functools import lru_cache

from smallobjects.config.contradictions.said import Said
from smallobjects.config.contradictions.segmentors import check_first_segmentor, check_segmentor
from smallobjects.config.errors import unknown, validate
from smallobjects.config.matrix import external_name
from smallobjects.config.method_settings import MethodSettings
from smallobjects.config.origins import Resolved, resolve
from smallobjects.segmentation.parameters import (
    PredictionParameters,
    SegmentorParameters,
    TrainingParameters,
)


class SegmentorSettings(MethodSettings):
    """What is said of segmentors."""

    @lru_cache  # noqa: B019
    def segmentor(self, name: str, source: str, dataset: str) -> SegmentorParameters:
        """Return the resolved settings of a segmentor trained on labels of `source`.

        On an evaluation set they are those of the dataset that it was trained on.
        """
        resolved = self.segmentor_layers(name, source, self.trained_on(dataset))
        key, origin = f"segmentors.{name}", self.origin("segmentors", name)
        parameters = validate(SegmentorParameters, resolved.values, key, origin)
        check_segmentor(Said.of(key, parameters, resolved), self.scale.compute)
        return parameters

    def segmentor_layers(self, name: str, source: str, dataset: str) -> Resolved:
        """Return the settings of a segmentor with the layers that they come from.

        What the label source changes in a training lies over what is said of the segmentor by
        anybody but the user.
        """
        own = self.own_layers("segmentors", name)
        self.check_trained_on(f"segmentors.{name}", *own)
        method = ()
        if not external_name(source):
            method = [part.below("training") for part in self.method_layers(source, dataset).parts]
        layers = [own.file, self.of_scale("training"), own.at_scale, *method]
        return resolve([*layers, own.user, own.user_at_scale], dataset)

    def first_segmentor(self, source: str, dataset: str) -> SegmentorParameters | None:
        """Return the segmentor that is trained on the way to the labels of `source`.

        It is that of the stage `first_segmentor`; None of a source without this stage.

        Raises:
            ConfigError: the stage names no segmentor that there is, or would end within a step.
        """
        stage = getattr(self.stages(source, dataset), "first_segmentor", None)
        if stage is None:
            return None
        known, key = self.available("segmentors"), f"methods.{source}.stages.first_segmentor"
        if stage.segmentor not in known:
            raise unknown(f"{key}.segmentor", stage.segmentor, known)
        segmentor = self.segmentor(stage.segmentor, source, dataset)
        stages = self.method_layers(source, dataset).below("stages")
        said = Said.of(key, stage, stages.below("first_segmentor"))
        check_first_segmentor(said, segmentor.optim_wrapper)
        return segmentor

    def training(self, segmentor: str, source: str, dataset: str, arm: str) -> TrainingParameters:
        """Return what one phase of a training reads: `arm` is `shared` or the name of an arm."""
        return self.segmentor(segmentor, source, dataset).phase(arm)

    def prediction(self, segmentor: str, source: str, dataset: str) -> PredictionParameters:
        """Return what a prediction reads."""
        settings = self.segmentor(segmentor, source, dataset)
        fields = PredictionParameters.model_fields
        return PredictionParameters(**{field: getattr(settings, field) for field in fields})
