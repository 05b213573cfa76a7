"""What rules of label sources ask: the parameters of their stages, and what these start from."""

from collections.abc import Iterable
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.workflow.asking import Asked, Questions, Wildcards


class LabelQuestions(Questions):
    """Of label sources."""

    def rule_files(self, folder: Path) -> list[Path]:
        """Return the rule files of all label sources in a folder, those of families first.

        A method's own rules may build on those of its family.

        Raises:
            WorkflowError: a label source in use is of a family without a file.
        """
        families = {
            name: self.experiment.family(name) for name in self.experiment.available("methods")
        }
        paths = [*folder.glob("*.smk")]
        for name, family in families.items():
            if name in self.experiment.sources and family not in {path.stem for path in paths}:
                known = sorted({path.stem for path in paths} & {*families.values()})
                raise WorkflowError(
                    f"methods.{name}.family = {family!r}: there is no file "
                    f"{folder / family}.smk; write it, or name one of {known}"
                )
        return sorted(paths, key=lambda path: (path.stem not in families.values(), path.name))

    def stage(self, name: str, without: Iterable[str] = ()) -> Asked:
        """Return a function that gives the parameters of one stage of a label source.

        Those named in `without` are read by another stage only.
        """

        def parameters(wildcards: Wildcards) -> str:
            stages = self.experiment.stages(wildcards.source, wildcards.dataset)
            return getattr(stages, name).model_dump_json(exclude=set(without))

        return parameters

    def having_stage(self, family: str, name: str) -> list[str]:
        """Return the label sources of a family whose settings have a stage called `name`.

        What the settings say is of no interest here: methods that are not run may have settings
        that do not fit the scale.
        """
        return [
            source
            for source in self.experiment.of_family(family)
            if self.experiment.has_stage(source, name)
        ]

    def initial_classifier(self, name: str) -> Asked:
        """Return a function that gives IRN's classifier where a stage starts from it."""

        def paths(wildcards: Wildcards) -> list[str]:
            stages = self.experiment.stages(wildcards.source, wildcards.dataset)
            starts = getattr(stages, name).initial == "classifier"
            return [self._classifier(wildcards.dataset, "irn")] if starts else []

        return paths

    def all_stages(self, wildcards: Wildcards) -> str:
        """Return the parameters of every stage of a label source, for its manifest."""
        return self.experiment.stages(wildcards.source, wildcards.dataset).model_dump_json()

    def external_path(self, wildcards: Wildcards) -> str:
        """Return where the labels of `external:<name>` are."""
        return self.experiment.described(wildcards.source).labels[wildcards.dataset]

    def external_name(self, wildcards: Wildcards) -> str:
        """Return the name in `external:<name>`."""
        return wildcards.source.removeprefix("external:")

    def classifier_of(self, wildcards: Wildcards) -> str:
        """Return the classifier of a label source: IRN's if both are trained alike, or its own."""
        stages, irn = (
            self.experiment.stages(source, wildcards.dataset)
            for source in (wildcards.source, "irn")
        )
        alike = getattr(stages, "classifier", None) == irn.classifier
        source = "irn" if alike else wildcards.source
        return self._classifier(wildcards.dataset, source)

    def _classifier(self, dataset: str, source: str) -> str:
        return f"{self.places.source}/classifier.pth".format(dataset=dataset, source=source)
