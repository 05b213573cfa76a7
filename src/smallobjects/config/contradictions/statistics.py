"""Batch normalisation that would keep statistics that it never had."""

from smallobjects.config.contradictions.said import Said


def check_statistics(said: Said) -> None:
    """Check that a network without pretrained weights does not keep its statistics, or itself.

    Raises:
        ConfigError: it does.
    """
    values = said.values
    if values.get("network") is None or values.get("weights", "") is not None:
        return
    # VGG has no batch normalisation.
    if values.get("batch_norm") == "frozen" and not values["network"].startswith("vgg"):
        raise said.error(
            "batch_norm",
            "there are no statistics to keep, as weights = null; set `batch_norm: trained`, or "
            "give weights",
        )
    if values.get("train_backbone") is False:
        raise said.error(
            "train_backbone",
            "the backbone would stay at random values, as weights = null; set it to true, or give "
            "weights",
        )
