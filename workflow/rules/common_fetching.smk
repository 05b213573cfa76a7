# The helpers of what is fetched: raw data, archives and pretrained weights.
from smallobjects.config import fetched_parts, known_weights, weights_in
from smallobjects.fetching.records import is_provided, record_path


def fetched_raw(wildcards):
    """Return the records of the raw data that must be fetched first."""
    return [
        str(record_path(part)) for part in fetched_parts(EXPERIMENT, wildcards.dataset)
    ]


def fetchable_weights():
    """Return the names of the weights that may be fetched, all but those a user put there."""
    weights = known_weights(EXPERIMENT)
    return [name for path, name in weights.items() if not is_provided(path)]


def weights_to_read(settings):
    """Return the files of weights that settings name, fetched or there."""
    known = known_weights(EXPERIMENT)
    return [
        path for path in weights_in(settings) if path in known or Path(path).exists()
    ]


def stage_weights(name):
    """Return a function that gives the pretrained weights of one stage of a label source."""

    def paths(wildcards):
        stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
        return weights_to_read(getattr(stages, name).model_dump())

    return paths


def scorer_weights(wildcards):
    """Return what a scorer of images and texts is read from: CLIP weights, or what is trained."""
    scorer = EXPERIMENT.stages(wildcards.source, wildcards.dataset).scorer
    if scorer.network != "open_clip":
        return f"{SOURCE}/scorer.pth"
    return weights_to_read(scorer.model_dump())


def segmentor_weights(wildcards):
    """Return the pretrained weights that a segmentor starts from."""
    return weights_to_read(
        EXPERIMENT.segmentor(
            wildcards.segmentor, wildcards.source, wildcards.dataset
        ).model
    )


def archive_source(wildcards):
    """Return the addresses, the size and the checksums of an archive."""
    archive = EXPERIMENT.downloads.archives[wildcards.archive]
    return archive.model_dump_json(exclude={"unpack"}, exclude_none=True)


def weights_source(wildcards):
    """Return the addresses, the size and the checksums of pretrained weights."""
    return EXPERIMENT.downloads.weights[wildcards.name].model_dump_json(
        exclude_none=True
    )


def archive_of(wildcards):
    """Return the archive that a place in the folder of downloads is unpacked from."""
    archive, _ = EXPERIMENT.downloads.places[wildcards.place]
    return f"{DOWNLOADS}/archives/{archive}"


def archive_record(wildcards):
    """Return the record of that archive."""
    return str(record_path(archive_of(wildcards)))


def archive_member(wildcards):
    """Return the folder or file in the archive that is unpacked to a place."""
    _, member = EXPERIMENT.downloads.places[wildcards.place]
    return member


def part_record(place):
    """Return the record of what is unpacked to a place; none if a user put it there."""
    path = f"{DOWNLOADS}/{place}"
    return [] if is_provided(path) else [str(record_path(path))]


def downloaded(place):
    """Return a function that gives the path of a place in the folder of downloads."""

    def path(wildcards):
        return f"{DOWNLOADS}/{place}"

    return path


def everything_fetched(wildcards):
    """Return all raw data and weights that the experiment fetches."""
    raw = {
        str(record_path(part))
        for dataset in EXPERIMENT.config.datasets
        for part in fetched_parts(EXPERIMENT, dataset)
    }
    weights = set()
    for cell in EXPERIMENT.cells:
        stages = EXPERIMENT.stages(cell.source, cell.dataset)
        model = EXPERIMENT.segmentor(cell.segmentor, cell.source, cell.dataset).model
        weights.update(weights_to_read(stages.model_dump()), weights_to_read(model))
        home = EXPERIMENT.trained_on(cell.dataset)
        first = EXPERIMENT.first_segmentor(cell.source, home)
        weights.update(weights_to_read(first.model) if first else [])
        saliency = EXPERIMENT.saliency(cell.source, home)
        if saliency and saliency.mask_training:
            weights.update(weights_to_read(saliency.mask_training.model_dump()))
    return sorted({*raw, *weights})
