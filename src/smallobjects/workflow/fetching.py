"""What rules ask of what is fetched: raw data, archives and pretrained weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smallobjects.config import fetched_parts, known_weights, weights_in
from smallobjects.fetching.records import is_provided, record_path
from smallobjects.workflow.asking import Asked, Questions, Wildcards


class FetchingQuestions(Questions):
    """Of raw data, archives and weights that are fetched."""

    def raw(self, wildcards: Wildcards) -> list[str]:
        """Return the records of the raw data that must be fetched first."""
        return [
            str(record_path(part)) for part in fetched_parts(self.experiment, wildcards.dataset)
        ]

    def fetchable(self) -> list[str]:
        """Return the names of the weights that may be fetched, all but those a user put there."""
        weights = known_weights(self.experiment)
        return [name for path, name in weights.items() if not is_provided(path)]

    def weights_to_read(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the files of weights that settings name, fetched or there."""
        known = known_weights(self.experiment)
        return [path for path in weights_in(settings) if path in known or Path(path).exists()]

    def stage_weights(self, name: str) -> Asked:
        """Return a function that gives the pretrained weights of one stage of a label source."""

        def paths(wildcards: Wildcards) -> list[str]:
            stages = self.experiment.stages(wildcards.source, wildcards.dataset)
            return self.weights_to_read(getattr(stages, name).model_dump())

        return paths

    def scorer_weights(self, wildcards: Wildcards) -> str | list[str]:
        """Return what a scorer is read from: CLIP's weights, or what is trained here."""
        scorer = self.experiment.stages(wildcards.source, wildcards.dataset).scorer
        if not scorer.is_clip:
            return f"{self.places.source}/scorer.pth"
        return self.weights_to_read(scorer.model_dump())

    def segmentor_weights(self, wildcards: Wildcards) -> list[str]:
        """Return the pretrained weights that a segmentor starts from."""
        return self.weights_to_read(
            self.experiment.segmentor(
                wildcards.segmentor, wildcards.source, wildcards.dataset
            ).model
        )

    def first_segmentor_weights(self, wildcards: Wildcards) -> list[str]:
        """Return the pretrained weights that the first segmentor starts from."""
        return self.weights_to_read(
            self.experiment.first_segmentor(wildcards.source, wildcards.dataset).model
        )

    def saliency_weights(self, wildcards: Wildcards) -> list[str]:
        """Return the pretrained weights that a training on masks starts from."""
        return self.weights_to_read(
            self.experiment.dataset(wildcards.dataset).saliency.mask_training.model_dump(
                exclude_none=True
            )
        )

    def archive_source(self, wildcards: Wildcards) -> str:
        """Return the addresses, the size and the checksums of an archive."""
        archive = self.experiment.downloads.archives[wildcards.archive]
        return archive.model_dump_json(exclude={"unpack"}, exclude_none=True)

    def weights_source(self, wildcards: Wildcards) -> str:
        """Return the addresses, the size and the checksums of pretrained weights."""
        return self.experiment.downloads.weights[wildcards.name].model_dump_json(exclude_none=True)

    def archive_of(self, wildcards: Wildcards) -> str:
        """Return the archive that a place in the folder of downloads is unpacked from."""
        archive, _ = self.experiment.downloads.places[wildcards.place]
        return f"{self.experiment.config.downloads}/archives/{archive}"

    def archive_record(self, wildcards: Wildcards) -> str:
        """Return the record of that archive."""
        return str(record_path(self.archive_of(wildcards)))

    def archive_member(self, wildcards: Wildcards) -> str:
        """Return the folder or file in the archive that is unpacked to a place."""
        _, member = self.experiment.downloads.places[wildcards.place]
        return member

    def part_record(self, place: str) -> list[str]:
        """Return the record of what is unpacked to a place; none if a user put it there."""
        path = f"{self.experiment.config.downloads}/{place}"
        return [] if is_provided(path) else [str(record_path(path))]

    def downloaded(self, place: str) -> Asked:
        """Return a function that gives the path of a place in the folder of downloads."""

        def path(wildcards: Wildcards) -> str:
            return f"{self.experiment.config.downloads}/{place}"

        return path

    def everything(self, wildcards: Wildcards) -> list[str]:
        """Return all raw data and weights that the experiment fetches."""
        raw = {
            str(record_path(part))
            for dataset in self.experiment.config.datasets
            for part in fetched_parts(self.experiment, dataset)
        }
        weights = set()
        for cell in self.experiment.cells:
            stages = self.experiment.stages(cell.source, cell.dataset)
            model = self.experiment.segmentor(cell.segmentor, cell.source, cell.dataset).model
            weights.update(self.weights_to_read(stages.model_dump()), self.weights_to_read(model))
            home = self.experiment.trained_on(cell.dataset)
            first = self.experiment.first_segmentor(cell.source, home)
            weights.update(self.weights_to_read(first.model) if first else [])
            saliency = self.experiment.saliency(cell.source, home)
            if saliency and saliency.mask_training:
                weights.update(self.weights_to_read(saliency.mask_training.model_dump()))
        return sorted({*raw, *weights})
