# Needs: <root>/datasets/<dataset>/, <root>/segmentors/<dataset>/<source>/<segmentor>/seed<k>/; of
# an evaluation set, the segmentors of the dataset that it evaluates.
# Makes: <root>/predictions/<cell>/ (one PNG per evaluated image, deleted once they are scored with
# `keep_predictions: false`) and <root>/scores/<cell>/:
# instances.parquet, areas.parquet, confusion.npy, summary.json.


rule predict:
    """Segment the evaluated images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        checkpoint=MODELS.checkpoint,
    output:
        predictions=kept_predictions(directory(PREDICTIONS)),
    log:
        f"{LOGS}/predict/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/predict/{CELL}.tsv"
    conda:
        ENVIRONMENT
    threads: MODELS.prediction_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("evaluate"),
        parameters=MODELS.prediction,
    shell:
        "smallobjects predict --dataset {params.dataset:q} --split {params.split:q}"
        " --checkpoint {input.checkpoint:q} --parameters {params.parameters:q}"
        " --threads {threads} --workers {resources.workers} --device {resources.device}"
        " --output {output.predictions:q} > {log:q} 2>&1"


rule score:
    """Score every instance of the evaluated images, and sum up."""
    input:
        dataset=f"{DATASET}/dataset.json",
        predictions=PREDICTIONS,
    output:
        summary=f"{SCORES}/summary.json",
        instances=f"{SCORES}/instances.parquet",
        areas=f"{SCORES}/areas.parquet",
        confusion=f"{SCORES}/confusion.npy",
    log:
        f"{LOGS}/score/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/score/{CELL}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        images=MODELS.evaluated_images,
        num_classes=MODELS.num_classes,
        size_limits=MODELS.size_limits,
    shell:
        "smallobjects score --predictions {input.predictions:q}"
        " --semantic {params.dataset:q}/semantic --instances {params.dataset:q}/instances"
        " --images {params.images:q} --num-classes {params.num_classes}"
        " --size-limits {params.size_limits} --workers {threads} --output {output.summary:q}"
        " --instances-output {output.instances:q} --areas-output {output.areas:q}"
        " --confusion-output {output.confusion:q}"
        " > {log:q} 2>&1"
