# What rules of single label sources hand over.
def classifier_of(wildcards):
    """Return the classifier of a label source: IRN's if both are trained alike, or its own."""
    stages, irn = (
        EXPERIMENT.stages(source, wildcards.dataset)
        for source in (wildcards.source, "irn")
    )
    alike = getattr(stages, "classifier", None) == irn.classifier
    source = "irn" if alike else wildcards.source
    return f"{SOURCE}/classifier.pth".format(dataset=wildcards.dataset, source=source)


def first_segmentor_weights(wildcards):
    """Return the pretrained weights that the first segmentor starts from."""
    return weights_to_read(
        EXPERIMENT.first_segmentor(wildcards.source, wildcards.dataset).model
    )


def first_segmentor_training(wildcards):
    """Return what the training of the first segmentor reads: a whole one, with cross-entropy."""
    stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
    segmentor = EXPERIMENT.first_segmentor(wildcards.source, wildcards.dataset)
    training = segmentor.whole_training(stages.first_segmentor.iterations)
    return training.model_dump_json(exclude_none=True)


def first_segmentor_prediction(wildcards):
    """Return what the prediction of the first segmentor reads, with the stage's own CRF."""
    stage = EXPERIMENT.stages(wildcards.source, wildcards.dataset).first_segmentor
    prediction = EXPERIMENT.prediction(
        stage.segmentor, wildcards.source, wildcards.dataset
    )
    inference = prediction.inference.model_copy(update={"crf": stage.crf})
    return prediction.model_copy(update={"inference": inference}).model_dump_json()
