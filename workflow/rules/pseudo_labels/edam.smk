# Needs: <root>/datasets/<dataset>/, <root>/saliency/<dataset>/<split>/, and the pretrained weights
# that the settings name, or <root>/pseudo_labels/<dataset>/irn/classifier.pth.
# Makes: <root>/pseudo_labels/<dataset>/edam/labels/ and manifest.json: EDAM → masks → labels.
EDAM_FAMILY = any_of(EXPERIMENT.of_family("edam"))


rule train_edam:
    """Train a mask of every class on pairs of images that share a class."""
    input:
        dataset=f"{DATASET}/dataset.json",
        # Not read here: maps that cannot be used must stop the run before the long training.
        saliency=SALIENCY.maps,
        weights=FETCHED.stage_weights("edam"),
        classifier=LABELS.initial_classifier("edam"),
    output:
        edam=f"{SOURCE}/edam.pth",
    log:
        f"{LOGS}/train_edam/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_edam/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=EDAM_FAMILY,
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
        classifier=given("--classifier", "classifier"),
        parameters=LABELS.stage("edam"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-edam --dataset {params.dataset:q} --split {params.split:q}"
        " {params.classifier} --parameters {params.parameters:q} --seed {params.seed:q}"
        " --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.edam:q} > {log:q} 2>&1"


rule make_edam_cams:
    """Make the masks of the classes that each image of one shard has."""
    input:
        dataset=f"{DATASET}/dataset.json",
        edam=f"{SOURCE}/edam.pth",
    output:
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
    log:
        f"{LOGS}/make_edam_cams/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_edam_cams/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=EDAM_FAMILY,
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("cam", without=["evaluation_threshold"]),
    shell:
        "smallobjects make-edam-cams --dataset {params.dataset:q} --split {params.split:q}"
        " --edam {input.edam:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --threads {threads} --device {resources.device}"
        " --output {output.cams:q} > {log:q} 2>&1"


rule make_edam_labels:
    """Make labels of the masks of one shard: a dense CRF, joined with saliency maps."""
    input:
        dataset=f"{DATASET}/dataset.json",
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
        saliency=SALIENCY.maps,
    output:
        labels=f"{SOURCE}/parts/{{scatteritem}}.zip",
    log:
        f"{LOGS}/make_edam_labels/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_edam_labels/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=EDAM_FAMILY,
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        parameters=LABELS.stage("label"),
    shell:
        "smallobjects make-edam-labels --dataset {params.dataset:q} --cams {input.cams:q}"
        " --saliency {input.saliency:q} --parameters {params.parameters:q} --threads {threads}"
        " --output {output.labels:q} > {log:q} 2>&1"


rule gather_edam_labels:
    """Gather the shards into one folder of labels, and score it on the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        saliency=SALIENCY.maps,
        cams=every_shard(f"{SOURCE}/cams/{{scatteritem}}.npz"),
        parts=every_shard(f"{SOURCE}/parts/{{scatteritem}}.zip"),
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=EDAM_FAMILY,
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
        cams=given("--cams", "cams"),
        parts=given("--parts", "parts"),
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source}"
        " {params.cams} {params.parts}"
        " --saliency {input.saliency:q} --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
