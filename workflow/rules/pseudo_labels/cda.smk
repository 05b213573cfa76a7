# Needs: <root>/datasets/<dataset>/, <root>/pseudo_labels/<dataset>/irn/labels/, and the pretrained
# weights that the settings name.
# Makes: <root>/pseudo_labels/<dataset>/cda/cuts.parquet and classifier.pth; from there it is IRN.
IRN_LABELS = f"{ROOT}/pseudo_labels/{{dataset}}/irn/labels"


ruleorder: train_pasted_classifier > train_classifier


rule cut_objects:
    """Find the objects that can be cut out of IRN's finished labels."""
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=IRN_LABELS,
    output:
        cuts=f"{SOURCE}/cuts.parquet",
    log:
        f"{LOGS}/cut_objects/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/cut_objects/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source="cda",
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("cuts"),
    shell:
        "smallobjects cut-objects --dataset {params.dataset:q} --split {params.split:q}"
        " --labels {input.labels:q} --parameters {params.parameters:q}"
        " --output {output.cuts:q} > {log:q} 2>&1"


rule train_pasted_classifier:
    """Train the image classifier on images and on copies with objects pasted into them."""
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=IRN_LABELS,
        cuts=f"{SOURCE}/cuts.parquet",
        weights=FETCHED.stage_weights("classifier"),
    output:
        classifier=f"{SOURCE}/classifier.pth",
    log:
        f"{LOGS}/train_pasted_classifier/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_pasted_classifier/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source="cda",
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
        parameters=LABELS.stage("classifier"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-pasted-classifier --dataset {params.dataset:q} --split {params.split:q}"
        " --labels {input.labels:q} --cuts {input.cuts:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.classifier:q} > {log:q} 2>&1"
