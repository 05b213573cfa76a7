"""What the thresholds of a label stage are tried on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.cams.stores import CamStores
    from smallobjects.pseudo_labels.tuning.stage_scores import StageScores
    from smallobjects.pseudo_labels.tuning.trials import Trial

THRESHOLDS = {
    "cam": ("evaluation_threshold",),
    "seed": ("foreground_threshold", "background_threshold"),
    "random_walk": ("background_threshold",),
    "scoring": ("evaluation_threshold",),
}
"""The parameters that are chosen, by stage."""
NEEDED = {
    "cam": ("cams",),
    "seed": ("cams",),
    "random_walk": ("cams", "edges"),
    "scoring": ("attention",),
}
"""The options that name what a stage reads."""


@dataclass(frozen=True)
class StageInputs:
    """The files of a stage, and what is known of its images."""

    stage: str
    cams: tuple[Path, ...]
    edges: Path | None
    attention: Path | None
    by: str
    """`masks`, `boxes` or `image-labels`."""

    def check(self) -> None:
        """Refuse options that do not fit the stage, in one line."""
        for name in ("cams", "edges", "attention"):
            needed, given = name in NEEDED[self.stage], bool(getattr(self, name))
            if needed and not given:
                raise click.UsageError(f"--stage {self.stage} needs --{name}")
            if given and not needed:
                raise click.UsageError(f"--stage {self.stage} does not read --{name}; leave it out")
        if self.stage == "seed" and self.by != "masks":
            raise click.UsageError(
                f"--stage seed --by {self.by}: two thresholds are chosen by masks alone"
            )

    @property
    def criterion(self) -> str:
        """What is made as high as can be."""
        from smallobjects.pseudo_labels.tuning.one_threshold import CRITERIA

        return CRITERIA[self.by]

    def trials(
        self,
        data: "PreparedDataset",
        image_ids: list[str],
        parameters: Any,
        thresholds: "Sequence[float]",
        most_unsure: float,
        device: str,
        threads: int,
    ) -> "list[Trial]":
        """Try thresholds on some images, with the other parameters of the stage as they are."""
        from smallobjects.pseudo_labels.cams.stores import CamStores
        from smallobjects.pseudo_labels.devices import prepare_device
        from smallobjects.pseudo_labels.tuning.one_threshold import try_thresholds
        from smallobjects.pseudo_labels.tuning.seed_thresholds import try_seed_thresholds

        chosen = prepare_device(device, threads)
        with CamStores(list(self.cams)) as stores:
            if self.stage == "seed":
                return try_seed_thresholds(
                    data, image_ids, stores, parameters, thresholds, most_unsure
                )
            scores = self._scores(stores, image_ids, parameters, chosen)
            [name] = THRESHOLDS[self.stage]
            return try_thresholds(data, image_ids, scores, name, thresholds, self.by)

    def _scores(
        self, stores: "CamStores", image_ids: list[str], parameters: Any, device: Any
    ) -> "StageScores":
        from smallobjects.pseudo_labels.tuning import stage_scores

        if self.stage == "scoring":
            return stage_scores.attention_scores(self.attention, image_ids)
        if self.stage == "random_walk":
            return stage_scores.walk_scores(stores, self.edges, parameters, device)
        return stage_scores.cam_scores(stores)
