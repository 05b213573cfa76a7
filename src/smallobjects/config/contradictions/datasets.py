"""Settings of a dataset that cannot be together."""

from smallobjects.config.contradictions.said import Said, check_read, check_weights, plain
from smallobjects.config.contradictions.splits import check_splits
from smallobjects.config.contradictions.statistics import check_statistics
from smallobjects.datasets.layouts import class_names_of


def check_dataset_settings(dataset: Said) -> None:
    """Check one dataset.

    Raises:
        ConfigError: two settings cannot be together, or one would be read by nobody.
    """
    _check_sizes(dataset)
    _check_classes(dataset)
    check_splits(dataset)
    for name in dataset.values["splits"]:
        split = dataset.below("splits", name)
        if split.values["limit"] is None:
            for each in ("balanced", "limit_seed"):
                check_read(split, each, "limit", (), "give a `limit`")
    saliency = dataset.below("saliency")
    if saliency.values:
        remedy = "set `source: model` or `trained`"
        check_read(saliency, "network", "source", ("model", "trained"), remedy)
        check_read(saliency, "training", "source", ("trained",), "set `source: trained`")
    if saliency.values.get("source") == "trained":
        training = saliency.below("training")
        check_weights(training, ("weights",), ("network",))
        if training.values.get("trained_from") is not None:
            check_statistics(training)


def _check_sizes(dataset: Said) -> None:
    values = dataset.values
    sides = [values["longest_side"]] if values["longest_side"] else []
    if values["raw"] == "synthetic":
        sides.append(values["synthetic"]["image_size"])
    if sides and values["size_limits"][1] > min(sides) ** 2:
        name = "longest_side" if values["longest_side"] == min(sides) else "synthetic.image_size"
        raise dataset.error(
            "size_limits",
            f"no object can be large, as an image has at most {min(sides) ** 2} pixels "
            f"({name} = {min(sides)}); lower the limits with it",
        )


def _check_classes(dataset: Said) -> None:
    values = dataset.values
    stated = len(class_names_of(values["layout"]))
    if stated and values["num_classes"] != stated + 1:
        raise dataset.error(
            "num_classes",
            f"the layout {values['layout']!r} has {stated} classes beside the background, so it "
            f"must be {stated + 1}; leave it so",
        )
    drawn = values["synthetic"]["classes"]
    if values["raw"] == "synthetic" and max(drawn, default=0) >= values["num_classes"]:
        raise dataset.below("synthetic").error(
            "classes",
            f"the highest must be below num_classes = {plain(values['num_classes'])}; leave it out",
        )
