# The helper of the chain of IRN and its descendants.
def classifier_of(wildcards):
    """Return the classifier of a label source: IRN's if both are trained alike, or its own."""
    stages, irn = (
        EXPERIMENT.stages(source, wildcards.dataset)
        for source in (wildcards.source, "irn")
    )
    alike = getattr(stages, "classifier", None) == irn.classifier
    source = "irn" if alike else wildcards.source
    return f"{SOURCE}/classifier.pth".format(dataset=wildcards.dataset, source=source)
