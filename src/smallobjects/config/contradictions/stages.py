"""Settings of a method's stages that cannot be together."""

from collections.abc import Callable

from smallobjects.config.contradictions.said import Said, check_read, check_weights, plain
from smallobjects.config.contradictions.statistics import check_statistics
from smallobjects.config.errors import ConfigError

RISING = ("resize_long_side", "rescale")
"""Ranges: the first value is not above the second."""
IN_ORDER = (
    ("background_threshold", "foreground_threshold"),
    ("possible_threshold", "sure_threshold"),
    ("least_score", "certain_score"),
    ("short_side", "longest_side"),
    ("short_sides", "longest_side"),
)
"""The first, or each of its values, is not above the second."""
BEFORE_THE_END = (("decay_at", "steps"), ("decay_epochs", "epochs"), ("warm_up", "steps"))
"""Of the schedule `steps`: the first, or each of its values, comes before the second is over."""
NOT_EMPTY = ("scales", "loss_scales", "short_sides", "rates")
SCHEDULES = {
    "decay_at": ("steps",),
    "decay_epochs": ("steps",),
    "decay": ("steps",),
    "warm_up": ("steps", "poly"),
    "poly_power": ("poly",),
}
"""What is read under which `schedule`."""
ABOVE_OWN_FILE = 1
"""Rank of the first layer that need not state every value."""
STAND_IN = (
    "image_size",
    "background",
    "background_threshold",
    "steps",
    "batch_size",
    "learning_rate",
)
"""What is read of CLIMS' scorer unless it is CLIP."""
OF_CLIP = (("language", "background"), ("clims", "background_threshold"))
"""Stages and values that are read with CLIP; what stands in for it has its own."""


def check_stages(stages: Said, irn_network: Callable[[], str]) -> None:
    """Check the stages of one method.

    Args:
        stages: all of them.
        irn_network: gives the network of IRN's classifier, from which stages start in methods that
            have none of their own.

    Raises:
        ConfigError: two settings cannot be together, or one would be read by nobody.
    """
    for name in stages.values:
        stage = stages.below(name)
        _check_order(stage)
        _check_ends(stage)
        _check_read(stage)
        if stage.values.get("initial") != "classifier":
            check_weights(stage, ("weights",), ("network",))
            check_statistics(stage)
        else:
            own = stages.below("classifier").values.get("network")
            _check_start(stage, own or irn_network(), own is not None)
    _check_integral(stages)
    _check_scorer(stages)


def _check_order(stage: Said) -> None:
    values = stage.values
    for name in RISING:
        if name in values and values[name][0] > values[name][1]:
            raise stage.error(name, "must not fall; give the lower value first")
    for name in NOT_EMPTY:
        if name in values and not values[name]:
            raise stage.error(name, "at least one is needed")
    for low, high in IN_ORDER:
        if low not in values or high not in values:
            continue
        given = values[low] if isinstance(values[low], tuple) else (values[low],)
        if max(given) > values[high]:
            raise stage.error(low, f"must not be above {stage.described(high)}; change one of them")
    levels = values.get("anchor_sizes")
    if levels is not None and values.get("pyramid", 0) is None and len(levels) != 1:
        raise stage.error("anchor_sizes", "one level, as there is no pyramid; give one list in it")


def _check_ends(stage: Said) -> None:
    values = stage.values
    for name, length in BEFORE_THE_END:
        if name not in values or length not in values or values.get("schedule") != "steps":
            continue
        given = values[name] if isinstance(values[name], tuple) else (values[name],)
        if max(given, default=0) >= values[length]:
            raise stage.error(
                name, f"the training ends before, as {stage.described(length)}; give less than that"
            )
    if values.get("contrast_weight") and values["contrast_epoch"] >= values["epochs"]:
        raise stage.error(
            "contrast_epoch",
            f"the training ends before, as {stage.described('epochs')}; give less than that, or "
            "contrast_weight: 0",
        )


def _check_read(stage: Said) -> None:
    def check(name: str, by: str, readers: tuple[str, ...], remedy: str) -> None:
        check_read(stage, name, by, readers, remedy, lowest=ABOVE_OWN_FILE)

    for name, schedules in SCHEDULES.items():
        check(name, "schedule", schedules, f"set `schedule: {' or '.join(schedules)}`")
    check("weights", "initial", ("weights",), "set `initial: weights`")
    if stage.values.get("network") == "open_clip":
        for name in STAND_IN:
            check(name, "network", (), "it is of a stand-in: name its `network`")


def _check_start(stage: Said, network: str, own: bool) -> None:
    if stage.values.get("network") != network:
        whose = "the classifier's" if own else "IRN's classifier's"
        raise stage.error(
            "network",
            f"starts from the classifier, and {whose} network is {plain(network)}; set both to "
            "the same, or `initial: weights`",
        )


def _check_integral(stages: Said) -> None:
    """Check that NS-ROM's two models see images of one size: one learns the other's maps."""
    first, second = (stages.below(name) for name in ("attention_classifier", "integral"))
    if first.values.get("input_size") != second.values.get("input_size"):
        raise ConfigError(
            f"{second.key}.{second.described('input_size')}: learns the maps of "
            f"{first.key}.{first.described('input_size')}; set both to the same"
        )


def _check_scorer(stages: Said) -> None:
    """Check that nobody sets what is read with CLIP alone while something stands in for it."""
    scorer = stages.below("scorer")
    if scorer.values.get("network") in (None, "open_clip"):
        return
    decided = max(ABOVE_OWN_FILE, scorer.resolved.rank(("network",)))
    for key, name in OF_CLIP:
        stage = stages.below(key)
        if stage.resolved.rank((name,)) >= decided:
            raise stage.error(
                name,
                f"not read, as {scorer.key}.{scorer.described('network')} stands in for CLIP; "
                f"set {scorer.key}.{name} in its place",
            )
