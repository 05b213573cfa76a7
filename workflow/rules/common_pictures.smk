# What the pages of pictures show: two losses of every row of the tables.


def pictured_losses():
    """Return cross-entropy and the loss whose gain is shown, with their titles."""
    from smallobjects.reporting.cells import GAIN_ARMS

    titles = {"ce": "CE", "sw": r"CE→$L_{sw}$", "sb": r"CE→$L_{sb}$"}
    gains = [arm for arm in GAIN_ARMS if arm in EXPERIMENT.config.losses]
    if "ce" not in EXPERIMENT.config.losses or not gains:
        raise WorkflowError(
            "Pictures show the gain over cross-entropy: `losses` needs ce, and sb or sw"
        )
    return {loss: titles[loss] for loss in ("ce", gains[0])}


def pictured(pattern):
    """Return a function that gives a file of both losses, of the first seed."""

    def files(wildcards):
        seed = EXPERIMENT.config.seeds[0]
        return [
            pattern.format(**wildcards, loss=loss, seed=seed)
            for loss in pictured_losses()
        ]

    return files


def picture_pages(pattern):
    """Return a function that gives the pages of all rows of the tables on each dataset."""

    def pages(wildcards):
        rows = dict.fromkeys(cell[:3] for cell in EXPERIMENT.cells)
        return [
            f"{pattern}.pdf".format(dataset=dataset, source=source, segmentor=segmentor)
            for dataset, source, segmentor in rows
        ]

    return pages


def picture_columns(wildcards, input):
    """Return the options that name the models of a page."""
    columns = zip(
        pictured_losses().values(), input.predictions, input.scores, strict=True
    )
    return " ".join(f"--arm {shlex.join(column)}" for column in columns)


def picture_title(wildcards):
    """Return the title of a page: who made the labels, which model, on what."""
    source = EXPERIMENT.described(wildcards.source).title
    segmentor = EXPERIMENT.segmentor(
        wildcards.segmentor, wildcards.source, wildcards.dataset
    ).title
    return f"{source}, {segmentor}: {EXPERIMENT.dataset(wildcards.dataset).title}"
