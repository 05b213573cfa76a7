# Needs: <root>/datasets/<dataset>/, <root>/saliency/<dataset>/, and the pretrained weights that the
# settings name.
# Makes: <root>/pseudo_labels/<dataset>/rca/labels/ and manifest.json: classifier with memory → CRF
# and saliency.
RCA = any_of(EXPERIMENT.of_family("rca"))


rule train_rca:
    """Train the classifier with its memory, in one process, and gather its attention on the way."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("rca"),
    output:
        attention=f"{SOURCE}/attention.npz",
    log:
        f"{LOGS}/train_rca/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_rca/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=RCA,
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("rca"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-rca --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.attention:q} > {log:q} 2>&1"


rule make_rca_labels:
    """Refine the gathered attention by a dense CRF, and fuse it with saliency."""
    input:
        dataset=f"{DATASET}/dataset.json",
        attention=f"{SOURCE}/attention.npz",
        saliency=SALIENCY.maps,
    output:
        labels=f"{SOURCE}/fused_labels.zip",
    log:
        f"{LOGS}/make_rca_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/make_rca_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=RCA,
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("labels"),
    shell:
        "smallobjects make-rca-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --attention {input.attention:q} --saliency {input.saliency:q}"
        " --parameters {params.parameters:q} --threads {threads}"
        " --output {output.labels:q} > {log:q} 2>&1"


rule gather_rca_labels:
    """Make a folder of the labels, and score it on the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        attention=f"{SOURCE}/attention.npz",
        labels=f"{SOURCE}/fused_labels.zip",
        saliency=SALIENCY.maps,
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=RCA,
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        score_split=DATASETS.split("label_score"),
        parameters=LABELS.all_stages,
        seed=EXPERIMENT.config.label_seed,
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source}"
        " --attention {input.attention:q} --parts {input.labels:q} --saliency {input.saliency:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
