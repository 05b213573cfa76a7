"""What rules ask of saliency maps; `maps` is the input of a rule that reads them."""

from functools import cached_property
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.workflow.asking import Asked, Questions, Wildcards


class SaliencyQuestions(Questions):
    """Of saliency maps."""

    def maps(self, wildcards: Wildcards) -> str:
        """Return the folder with the saliency maps of a dataset's training images."""
        return self.places.saliency.format(
            dataset=wildcards.dataset, split=self.split_of(wildcards.dataset, "train")
        )

    @cached_property
    def learnt_on_masks(self) -> list[str]:
        """The datasets whose saliency network is trained on masks."""
        homes = dict.fromkeys(
            self.experiment.trained_on(name) for name in self.experiment.config.datasets
        )
        found = {name: self.experiment.dataset(name).saliency for name in homes}
        return [name for name, saliency in found.items() if saliency and saliency.mask_training]

    def saliency_of(self, dataset: str) -> SaliencyParameters:
        """Return where the saliency maps of a dataset come from."""
        saliency = self.experiment.dataset(dataset).saliency
        if saliency is None:
            raise WorkflowError(
                f"datasets.{dataset}.saliency: missing, so there are no saliency maps of {dataset}"
            )
        return saliency

    def settings(self, name: str) -> Asked:
        """Return a function that gives `network` or `training` of a dataset's `saliency`."""

        def parameters(wildcards: Wildcards) -> str:
            return getattr(self.saliency_of(wildcards.dataset), name).model_dump_json()

        return parameters

    def parameters(self, wildcards: Wildcards) -> str:
        """Return what makes the maps of a dataset: nothing that their source does not read."""
        saliency = self.saliency_of(wildcards.dataset)
        unread = {
            "precomputed": {"network", "training"},
            "model": {"training"},
            "trained": set(),
        }
        return saliency.model_dump_json(exclude=unread[saliency.source])

    def origin(self, wildcards: Wildcards) -> str:
        """Return the folder of maps that is there, or the network, given or trained here."""
        saliency = self.saliency_of(wildcards.dataset)
        if saliency.source == "trained":
            return self.places.saliency_network.format(dataset=wildcards.dataset)
        return saliency.path

    def inputs(self, wildcards: Wildcards) -> list[str]:
        """Return the network that predicts the maps: trained here, or given where it is there.

        A path that is not there is no input: it stops the run in words, as other missing paths do.
        """
        path = self.origin(wildcards)
        if self.saliency_of(wildcards.dataset).source == "trained":
            return [path]
        return [path] if Path(path).is_file() else []
