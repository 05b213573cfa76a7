# Needs: <root>/datasets/<dataset>/, <root>/saliency/<dataset>/, the pretrained weights that the
# settings name, and the rules of segmentors.
# Makes: <root>/pseudo_labels/<dataset>/nsrom/labels/ and manifest.json: classifier → integral model
# → first labels (first/) → first segmentor → its predictions (first_predictions/) → mining.
NSROM = any_of(EXPERIMENT.of_family("nsrom"))


rule train_nsrom_classifier:
    """Train the classifier, gather its attention on the way, and make its activation maps."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.stage_weights("attention_classifier"),
    output:
        attention=f"{SOURCE}/attention.npz",
        activations=f"{SOURCE}/activations.npz",
    log:
        f"{LOGS}/train_nsrom_classifier/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_nsrom_classifier/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
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
        parameters=LABELS.stage("attention_classifier"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-nsrom-classifier --dataset {params.dataset:q} --split {params.split:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --attention {output.attention:q} --output {output.activations:q} > {log:q} 2>&1"


rule train_nsrom_integral:
    """Train the integral model on the gathered attention, and make its maps."""
    input:
        dataset=f"{DATASET}/dataset.json",
        attention=f"{SOURCE}/attention.npz",
        weights=FETCHED.stage_weights("integral"),
    output:
        maps=f"{SOURCE}/maps.npz",
    log:
        f"{LOGS}/train_nsrom_integral/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_nsrom_integral/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
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
        parameters=LABELS.stage("integral"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-nsrom-integral --dataset {params.dataset:q} --split {params.split:q}"
        " --attention {input.attention:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.maps:q} > {log:q} 2>&1"


rule make_nsrom_labels:
    """Fuse attention and saliency, and mine potential objects."""
    input:
        dataset=f"{DATASET}/dataset.json",
        maps=f"{SOURCE}/maps.npz",
        activations=f"{SOURCE}/activations.npz",
        saliency=SALIENCY.maps,
    output:
        labels=f"{SOURCE}/first_labels.zip",
    log:
        f"{LOGS}/make_nsrom_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/make_nsrom_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("first_labels"),
    shell:
        "smallobjects make-nsrom-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --maps {input.maps:q} --activations {input.activations:q} --saliency {input.saliency:q}"
        " --parameters {params.parameters:q} --threads {threads}"
        " --output {output.labels:q} > {log:q} 2>&1"


rule gather_first_labels:
    """Make a folder of the first labels, and score it on the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=f"{SOURCE}/first_labels.zip",
    output:
        labels=directory(f"{SOURCE}/first/labels"),
        manifest=f"{SOURCE}/first/manifest.json",
    log:
        f"{LOGS}/gather_first_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_first_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        score_split=DATASETS.split("label_score"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "smallobjects gather-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --source {wildcards.source}"
        " --parts {input.labels:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"


use rule train_shared as train_first_segmentor with:
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=f"{SOURCE}/first/labels",
        weights=FETCHED.first_segmentor_weights,
    output:
        checkpoint=f"{SOURCE}/first_segmentor.pth",
    log:
        f"{LOGS}/train_first_segmentor/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_first_segmentor/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=MODELS.first_segmentor_training,
        seed=EXPERIMENT.config.label_seed,


use rule predict as predict_first_segmentor with:
    input:
        dataset=f"{DATASET}/dataset.json",
        checkpoint=f"{SOURCE}/first_segmentor.pth",
    output:
        predictions=directory(f"{SOURCE}/first_predictions"),
    log:
        f"{LOGS}/predict_first_segmentor/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_first_segmentor/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
    threads: COMPUTE.image_threads
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=MODELS.first_segmentor_prediction,


rule mine_nsrom_labels:
    """Mine objects outside salient regions from the predictions of the first segmentor."""
    input:
        dataset=f"{DATASET}/dataset.json",
        first=f"{SOURCE}/first/labels",
        predictions=f"{SOURCE}/first_predictions",
        saliency=SALIENCY.maps,
    output:
        labels=f"{SOURCE}/mined_labels.zip",
    log:
        f"{LOGS}/mine_nsrom_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/mine_nsrom_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("mining"),
    shell:
        "smallobjects mine-nsrom-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --first {input.first:q} --predictions {input.predictions:q} --saliency {input.saliency:q}"
        " --parameters {params.parameters:q} --threads {threads}"
        " --output {output.labels:q} > {log:q} 2>&1"


rule gather_nsrom_labels:
    """Make a folder of the final labels, and score it on the training images."""
    input:
        dataset=f"{DATASET}/dataset.json",
        maps=f"{SOURCE}/maps.npz",
        labels=f"{SOURCE}/mined_labels.zip",
        saliency=SALIENCY.maps,
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/gather_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=NSROM,
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
        " --attention {input.maps:q} --parts {input.labels:q} --saliency {input.saliency:q}"
        " --parameters {params.parameters:q} --seed {params.seed:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
