# Needs: <root>/datasets/<dataset>/, <root>/pseudo_labels/<dataset>/irn/classifier.pth, and the CLIP
# weights that the settings name.
# Makes: <root>/pseudo_labels/<dataset>/clims/classifier.pth, and scorer.pth where it stands in for
# CLIP; from there it is IRN.


rule train_scorer:
    """Train the small scorer that stands in for CLIP."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("scorer"),
    output:
        scorer=f"{SOURCE}/scorer.pth",
    log:
        f"{LOGS}/train_scorer/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_scorer/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source="clims",
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
        parameters=LABELS.stage("scorer"),
        language=LABELS.stage("language"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-scorer --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --language {params.language:q}"
        " --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.scorer:q} > {log:q} 2>&1"


rule train_clims:
    """Train IRN's classifier on, by the similarity of masked images and texts."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=f"{ROOT}/pseudo_labels/{{dataset}}/irn/classifier.pth",
        scorer=FETCHED.scorer_weights,
    output:
        classifier=f"{SOURCE}/classifier.pth",
    log:
        f"{LOGS}/train_clims/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_clims/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source="clims",
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
        scorer=LABELS.stage("scorer"),
        language=LABELS.stage("language"),
        parameters=LABELS.stage("clims"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-clims --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} --weights {input.scorer:q}"
        " --scorer {params.scorer:q} --language {params.language:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.classifier:q} > {log:q} 2>&1"
