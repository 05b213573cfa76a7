# What rules of segmentors and scores hand over.
from smallobjects.losses.arms import parse_arm


def training(arm=None):
    """Return a function that gives what one phase of a training reads (the wildcard's arm)."""

    def parameters(wildcards):
        return EXPERIMENT.training(
            wildcards.segmentor,
            wildcards.source,
            wildcards.dataset,
            arm or wildcards.loss,
        ).model_dump_json(exclude_none=True)

    return parameters


def arm_kind(wildcards):
    """Return ce, sw or sb: what a loss is, whatever its τ and λ."""
    return parse_arm(wildcards.loss).kind


def checkpoint(wildcards):
    """Return the trained model: that of the dataset itself, or of the one it evaluates."""
    return f"{SEGMENTOR}/{{loss}}.pth".format(
        **{**wildcards, "dataset": EXPERIMENT.trained_on(wildcards.dataset)}
    )


def prediction(wildcards):
    """Return what a prediction reads."""
    return EXPERIMENT.prediction(
        wildcards.segmentor, wildcards.source, wildcards.dataset
    ).model_dump_json()


def prediction_threads(wildcards):
    """Return the threads of a prediction: a CRF works on as many images at once."""
    settings = EXPERIMENT.segmentor(
        wildcards.segmentor, wildcards.source, wildcards.dataset
    )
    if settings.inference.crf is None:
        return COMPUTE.training_threads
    return max(COMPUTE.training_threads, COMPUTE.image_threads)


def kept_predictions(output):
    """Return a folder of predictions as it is, or to be deleted when nothing needs it any more."""
    return output if EXPERIMENT.config.keep_predictions else temp(output)


def num_classes(wildcards):
    """Return the number of classes of a dataset, background included."""
    return EXPERIMENT.dataset(wildcards.dataset).num_classes


def size_limits(wildcards):
    """Return the two areas that part small, medium and large objects."""
    return list(EXPERIMENT.dataset(wildcards.dataset).size_limits)


def evaluated_images(wildcards):
    """Return the list of the images that are scored."""
    name = split("evaluate")(wildcards)
    return f"{ROOT}/datasets/{wildcards.dataset}/splits/{name}.txt"
