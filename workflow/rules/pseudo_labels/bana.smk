# Needs: <root>/datasets/<dataset>/, and the pretrained weights that the settings name.
# Makes: <root>/pseudo_labels/<dataset>/bana/box_classifier.pth; by shards y_crf/, y_ret/ and
# agreed/; labels/ and manifest.json.


rule train_box_classifier:
    """Train the classifier of parts of boxes and of the background around them."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("box_classifier"),
    output:
        classifier=f"{SOURCE}/box_classifier.pth",
    log:
        f"{LOGS}/train_box_classifier/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_box_classifier/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bana")),
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
        parameters=LABELS.stage("box_classifier"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-box-classifier --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.classifier:q} > {log:q} 2>&1"


rule make_bana_labels:
    """Make the two label maps of one shard of the training images, and where they agree."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=f"{SOURCE}/box_classifier.pth",
    output:
        crf=f"{SOURCE}/y_crf/{{scatteritem}}.zip",
        retrieved=f"{SOURCE}/y_ret/{{scatteritem}}.zip",
        agreed=f"{SOURCE}/agreed/{{scatteritem}}.zip",
    log:
        f"{LOGS}/make_bana_labels/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_bana_labels/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bana")),
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("label"),
    shell:
        "smallobjects make-bana-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --threads {threads} --device {resources.device}"
        " --crf {output.crf:q} --retrieved {output.retrieved:q} --output {output.agreed:q} > {log:q} 2>&1"


rule gather_bana_labels:
    """Gather the shards into one folder of labels, and score it beside both maps and filled boxes."""
    input:
        dataset=f"{DATASET}/dataset.json",
        crf=every_shard(f"{SOURCE}/y_crf/{{scatteritem}}.zip"),
        retrieved=every_shard(f"{SOURCE}/y_ret/{{scatteritem}}.zip"),
        agreed=every_shard(f"{SOURCE}/agreed/{{scatteritem}}.zip"),
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("bana")),
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
        crf=given("--stage y_crf", "crf"),
        retrieved=given("--stage y_ret", "retrieved"),
        agreed=given("--parts", "agreed"),
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source} --filled-boxes"
        " {params.crf}"
        " {params.retrieved}"
        " {params.agreed}"
        " --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
