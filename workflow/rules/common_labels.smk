# What rules of label sources hand over.
def label_rules():
    """Return the rule files of all label sources, those of families first.

    A method's own rules may build on those of its family.
    """
    families = {
        name: EXPERIMENT.family(name) for name in EXPERIMENT.available("methods")
    }
    paths = [*Path(workflow.basedir).glob("workflow/rules/pseudo_labels/*.smk")]
    for name, family in families.items():
        if name in EXPERIMENT.sources and family not in {path.stem for path in paths}:
            known = sorted({path.stem for path in paths} & {*families.values()})
            raise WorkflowError(
                f"methods.{name}.family = {family!r}: there is no file "
                f"workflow/rules/pseudo_labels/{family}.smk; write it, or name one of {known}"
            )
    return sorted(
        paths, key=lambda path: (path.stem not in families.values(), path.name)
    )


def every_shard(pattern):
    """Return `pattern` for every shard; the dataset and the label source stay wildcards."""
    return gather.shards(pattern, dataset="{dataset}", source="{source}")


def stage(name, without=()):
    """Return a function that gives the parameters of one stage of a label source.

    Those named in `without` are read by another stage only.
    """

    def parameters(wildcards):
        stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
        return getattr(stages, name).model_dump_json(exclude=set(without))

    return parameters


def having_stage(family, name):
    """Return the label sources of a family whose settings have a stage called `name`.

    What the settings say is of no interest here: methods that are not run may have settings that
    do not fit the scale.
    """
    return [
        source
        for source in EXPERIMENT.of_family(family)
        if EXPERIMENT.has_stage(source, name)
    ]


def initial_classifier(name):
    """Return a function that gives IRN's classifier where a stage of another chain starts from it."""

    def paths(wildcards):
        stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
        starts = getattr(stages, name).initial == "classifier"
        path = f"{ROOT}/pseudo_labels/{wildcards.dataset}/irn/classifier.pth"
        return [path] if starts else []

    return paths


def all_stages(wildcards):
    """Return the parameters of every stage of a label source, for its manifest."""
    return EXPERIMENT.stages(wildcards.source, wildcards.dataset).model_dump_json()


def external_path(wildcards):
    """Return where the labels of `external:<name>` are."""
    return EXPERIMENT.described(wildcards.source).labels[wildcards.dataset]


def external_name(wildcards):
    """Return the name in `external:<name>`."""
    return wildcards.source.removeprefix("external:")


def classifier_of(wildcards):
    """Return the classifier of a label source: IRN's if both are trained alike, or its own."""
    stages, irn = (
        EXPERIMENT.stages(source, wildcards.dataset)
        for source in (wildcards.source, "irn")
    )
    alike = getattr(stages, "classifier", None) == irn.classifier
    source = "irn" if alike else wildcards.source
    return f"{SOURCE}/classifier.pth".format(dataset=wildcards.dataset, source=source)
