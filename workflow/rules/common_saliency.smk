# The helpers of saliency maps; `saliency_maps` is the input of a rule that reads them.
SALIENCY = f"{ROOT}/saliency/{{dataset}}/{{split}}"
SALIENCY_NETWORK = f"{ROOT}/saliency/{{dataset}}/network.pt"
LEARNING_SALIENCY_ON_MASKS = [
    dataset
    for dataset in dict.fromkeys(map(EXPERIMENT.trained_on, EXPERIMENT.config.datasets))
    if (saliency := EXPERIMENT.dataset(dataset).saliency) and saliency.mask_training
]


def saliency_maps(wildcards):
    """Return the folder with the saliency maps of a dataset's training images."""
    return SALIENCY.format(dataset=wildcards.dataset, split=split("train")(wildcards))


def saliency_of(dataset):
    """Return where the saliency maps of a dataset come from."""
    saliency = EXPERIMENT.dataset(dataset).saliency
    if saliency is None:
        raise WorkflowError(
            f"datasets.{dataset}.saliency: missing, so there are no saliency maps of {dataset}"
        )
    return saliency


def saliency_settings(name):
    """Return a function that gives the `network` or the `training` of a dataset's `saliency`."""

    def parameters(wildcards):
        return getattr(saliency_of(wildcards.dataset), name).model_dump_json()

    return parameters


def saliency_weights(wildcards):
    """Return the pretrained weights that a training on masks starts from."""
    return weights_to_read(
        saliency_of(wildcards.dataset).mask_training.model_dump(exclude_none=True)
    )


def saliency_parameters(wildcards):
    """Return what makes the saliency maps of a dataset: nothing that their source does not read."""
    saliency = saliency_of(wildcards.dataset)
    unread = {
        "precomputed": {"network", "training"},
        "model": {"training"},
        "trained": set(),
    }
    return saliency.model_dump_json(exclude=unread[saliency.source])


def saliency_origin(wildcards):
    """Return the folder of maps that is there, or the network, given or trained here."""
    saliency = saliency_of(wildcards.dataset)
    if saliency.source == "trained":
        return SALIENCY_NETWORK.format(dataset=wildcards.dataset)
    return saliency.path


def saliency_inputs(wildcards):
    """Return the network that predicts the maps: trained here, or given where it is there.

    A path that is not there is no input: it stops the run in words, as other missing paths do.
    """
    path = saliency_origin(wildcards)
    if saliency_of(wildcards.dataset).source == "trained":
        return [path]
    return [path] if Path(path).is_file() else []
