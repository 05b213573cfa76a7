# Needs: <root>/datasets/<dataset>/, and the pretrained weights that the settings name.
# Makes: <root>/pseudo_labels/<dataset>/<source>/labels/ and manifest.json, for every method of the
# family `irn`: classifier → CAM → seed → edges → random walk.
IRN_FAMILY = any_of(EXPERIMENT.of_family("irn"))


rule train_classifier:
    """Train the image classifier whose weights give the class activation maps."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("classifier"),
    output:
        classifier=f"{SOURCE}/classifier.pth",
    log:
        f"{LOGS}/train_classifier/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_classifier/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(LABELS.having_stage("irn", "classifier")),
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
        "exec smallobjects train-classifier --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.classifier:q} > {log:q} 2>&1"


rule make_cams:
    """Make the class activation maps of one shard of the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=LABELS.classifier_of,
    output:
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
    log:
        f"{LOGS}/make_cams/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_cams/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=IRN_FAMILY,
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
        "smallobjects make-cams --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --threads {threads} --device {resources.device}"
        " --output {output.cams:q} > {log:q} 2>&1"


rule make_seeds:
    """Turn one shard of activation maps into seeds: certain pixels, refined by a dense CRF."""
    input:
        dataset=f"{DATASET}/dataset.json",
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
    output:
        seeds=f"{SOURCE}/seeds/{{scatteritem}}.zip",
    log:
        f"{LOGS}/make_seeds/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_seeds/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=IRN_FAMILY,
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        parameters=LABELS.stage("seed"),
    shell:
        "smallobjects make-seeds --dataset {params.dataset:q} --cams {input.cams:q}"
        " --parameters {params.parameters:q} --threads {threads}"
        " --output {output.seeds:q} > {log:q} 2>&1"


rule train_edges:
    """Train the network that predicts class boundaries from the affinities of seed pixels."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=LABELS.classifier_of,
        seeds=every_shard(f"{SOURCE}/seeds/{{scatteritem}}.zip"),
        weights=FETCHED.stage_weights("edges"),
    output:
        edges=f"{SOURCE}/edges.pth",
    log:
        f"{LOGS}/train_edges/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_edges/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=IRN_FAMILY,
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
        parameters=LABELS.stage("edges"),
        seed=EXPERIMENT.config.label_seed,
        seeds=given("--seeds", "seeds"),
    shell:
        "exec smallobjects train-edges --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} {params.seeds}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.edges:q} > {log:q} 2>&1"


rule walk_labels:
    """Propagate one shard of activation maps along affinities, and read labels from them."""
    input:
        dataset=f"{DATASET}/dataset.json",
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
        edges=f"{SOURCE}/edges.pth",
    output:
        labels=f"{SOURCE}/walks/{{scatteritem}}.zip",
    log:
        f"{LOGS}/walk_labels/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/walk_labels/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=IRN_FAMILY,
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        parameters=LABELS.stage("random_walk"),
    shell:
        "smallobjects walk-labels --dataset {params.dataset:q} --cams {input.cams:q}"
        " --edges {input.edges:q} --parameters {params.parameters:q} --threads {threads}"
        " --device {resources.device} --output {output.labels:q} > {log:q} 2>&1"


rule gather_irn_labels:
    """Gather the shards into one folder of labels, and score it on the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        cams=every_shard(f"{SOURCE}/cams/{{scatteritem}}.npz"),
        walks=every_shard(f"{SOURCE}/walks/{{scatteritem}}.zip"),
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=IRN_FAMILY,
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
        walks=given("--parts", "walks"),
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source}"
        " {params.cams} {params.walks}"
        " --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
