"""What rules of segmentors and scores ask."""

from smallobjects.losses.arms import parse_arm
from smallobjects.workflow.asking import Asked, Questions, Wildcards


class ModelQuestions(Questions):
    """Of segmentors, their predictions and their scores."""

    def training(self, arm: str | None = None) -> Asked:
        """Return a function that gives what one phase of a training reads (the wildcard's arm)."""

        def parameters(wildcards: Wildcards) -> str:
            return self.experiment.training(
                wildcards.segmentor,
                wildcards.source,
                wildcards.dataset,
                arm or wildcards.loss,
            ).model_dump_json(exclude_none=True)

        return parameters

    def arm_kind(self, wildcards: Wildcards) -> str:
        """Return ce, sw or sb: what a loss is, whatever its τ and λ."""
        return parse_arm(wildcards.loss).kind

    def checkpoint(self, wildcards: Wildcards) -> str:
        """Return the trained model: that of the dataset itself, or of the one it evaluates."""
        return f"{self.places.segmentor}/{{loss}}.pth".format(
            **{**wildcards, "dataset": self.experiment.trained_on(wildcards.dataset)}
        )

    def prediction(self, wildcards: Wildcards) -> str:
        """Return what a prediction reads."""
        return self.experiment.prediction(
            wildcards.segmentor, wildcards.source, wildcards.dataset
        ).model_dump_json()

    def prediction_threads(self, wildcards: Wildcards) -> int:
        """Return the threads of a prediction: a CRF works on as many images at once."""
        settings = self.experiment.segmentor(
            wildcards.segmentor, wildcards.source, wildcards.dataset
        )
        if settings.inference.crf is None:
            return self.experiment.scale.compute.training_threads
        return max(
            self.experiment.scale.compute.training_threads,
            self.experiment.scale.compute.image_threads,
        )

    def num_classes(self, wildcards: Wildcards) -> int:
        """Return the number of classes of a dataset, background included."""
        return self.experiment.dataset(wildcards.dataset).num_classes

    def size_limits(self, wildcards: Wildcards) -> list[int]:
        """Return the two areas that part small, medium and large objects."""
        return list(self.experiment.dataset(wildcards.dataset).size_limits)

    def evaluated_images(self, wildcards: Wildcards) -> str:
        """Return the list of the images that are scored."""
        name = self.split_of(wildcards.dataset, "evaluate")
        folder = self.places.dataset.format(dataset=wildcards.dataset)
        return f"{folder}/splits/{name}.txt"

    def first_segmentor_training(self, wildcards: Wildcards) -> str:
        """Return what the training of the first segmentor reads: a whole one, with CE."""
        stages = self.experiment.stages(wildcards.source, wildcards.dataset)
        segmentor = self.experiment.first_segmentor(wildcards.source, wildcards.dataset)
        training = segmentor.whole_training(stages.first_segmentor.iterations)
        return training.model_dump_json(exclude_none=True)

    def first_segmentor_prediction(self, wildcards: Wildcards) -> str:
        """Return what the prediction of the first segmentor reads, with the stage's own CRF."""
        stage = self.experiment.stages(wildcards.source, wildcards.dataset).first_segmentor
        prediction = self.experiment.prediction(
            stage.segmentor, wildcards.source, wildcards.dataset
        )
        inference = prediction.inference.model_copy(update={"crf": stage.crf})
        return prediction.model_copy(update={"inference": inference}).model_dump_json()
