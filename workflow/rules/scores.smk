# Needs: <root>/datasets/<dataset>/, <root>/segmentors/<dataset>/<source>/<segmentor>/seed<k>/; of
# an evaluation set, the segmentors of the dataset that it evaluates.
# Makes: <root>/predictions/<cell>/ (one PNG per evaluated image) and <root>/scores/<cell>/:
# instances.parquet, areas.parquet, confusion.npy, summary.json.


rule predict:
    """Segment the evaluated images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        checkpoint=checkpoint,
    output:
        predictions=directory(PREDICTIONS),
    log:
        f"{LOGS}/predict/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/predict/{CELL}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=split("evaluate"),
        parameters=prediction,
        refinement=[],
    shell:
        "smallobjects predict --dataset {params.dataset} --split {params.split}"
        " --checkpoint {input.checkpoint} --parameters {params.parameters:q}"
        " {params.refinement:q} --processes {threads} --threads {threads} --workers {resources.workers} --device {resources.device}"
        " --output {output.predictions} > {log} 2>&1"


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
        images=evaluated_images,
        num_classes=num_classes,
        size_limits=size_limits,
    shell:
        "smallobjects score --predictions {input.predictions}"
        " --semantic {params.dataset}/semantic --instances {params.dataset}/instances"
        " --images {params.images} --num-classes {params.num_classes}"
        " --size-limits {params.size_limits} --workers {threads} --output {output.summary}"
        " --instances-output {output.instances} --areas-output {output.areas}"
        " --confusion-output {output.confusion}"
        " > {log} 2>&1"
