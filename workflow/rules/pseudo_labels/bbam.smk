# Needs: <root>/datasets/<dataset>/, and the pretrained weights that the settings name.
# Makes: <root>/pseudo_labels/<dataset>/bbam/detector.pth; by shards attributions/ and merged/;
# labels/ and manifest.json.


rule train_detector:
    """Train the object detector on the boxes."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("detector"),
    output:
        detector=f"{SOURCE}/detector.pth",
    log:
        f"{LOGS}/train_detector/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_detector/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bbam")),
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
        parameters=LABELS.stage("detector"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-detector --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.detector:q} > {log:q} 2>&1"


rule attribute_boxes:
    """Find for each object of one shard the least of the image that the detector needs."""
    input:
        dataset=f"{DATASET}/dataset.json",
        detector=f"{SOURCE}/detector.pth",
    output:
        attributions=f"{SOURCE}/attributions/{{scatteritem}}.npz",
    log:
        f"{LOGS}/attribute_boxes/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/attribute_boxes/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bbam")),
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("attribution"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "smallobjects attribute-boxes --dataset {params.dataset:q} --split {params.split:q}"
        " --detector {input.detector:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --device {resources.device} --output {output.attributions:q} > {log:q} 2>&1"


rule make_bbam_labels:
    """Turn the masks of one shard's objects into labels."""
    input:
        dataset=f"{DATASET}/dataset.json",
        attributions=f"{SOURCE}/attributions/{{scatteritem}}.npz",
    output:
        labels=f"{SOURCE}/merged/{{scatteritem}}.zip",
    log:
        f"{LOGS}/make_bbam_labels/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_bbam_labels/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bbam")),
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("label"),
    shell:
        "smallobjects make-bbam-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --attributions {input.attributions:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --threads {threads}"
        " --output {output.labels:q} > {log:q} 2>&1"


rule gather_bbam_labels:
    """Gather the shards into one folder of labels, and score it beside filled boxes."""
    input:
        dataset=f"{DATASET}/dataset.json",
        merged=every_shard(f"{SOURCE}/merged/{{scatteritem}}.zip"),
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bbam")),
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
        merged=given("--parts", "merged"),
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source} --filled-boxes"
        " {params.merged}"
        " --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
