# Needs: raw data – a local path in the configuration, <downloads>/ (see fetching.smk) for
# `raw: download`, or none for `raw: synthetic`; where images are selected,
# <root>/selections/<dataset>/report.json.
# Makes: <root>/raw/<dataset>/ (synthetic only), <root>/datasets/<dataset>/ (the prepared format).


rule make_synthetic:
    """Draw scenes and write them as raw data, in the layout of the dataset they stand in for."""
    output:
        raw=directory(f"{ROOT}/raw/{{dataset}}"),
    log:
        f"{LOGS}/make_synthetic/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/make_synthetic/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        layout=DATASETS.layout,
        parameters=DATASETS.synthetic_parameters,
    shell:
        "smallobjects make-synthetic --layout {params.layout:q} --parameters {params.parameters:q}"
        " --output {output.raw:q} > {log:q} 2>&1"


rule prepare_dataset:
    """Convert raw data to the prepared format; its description is written last."""
    input:
        synthetic=DATASETS.raw_inputs,
        fetched=ancient(FETCHED.raw),
        selection=DATASETS.selection_report,
    output:
        description=f"{DATASET}/dataset.json",
    log:
        f"{LOGS}/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_dataset/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        raw=DATASETS.raw_folder,
        parameters=DATASETS.parameters,
        folder=subpath(output.description, parent=True),
        selection=given("--selection", "selection"),
    shell:
        "smallobjects prepare-dataset --name {wildcards.dataset} --raw {params.raw:q}"
        " --parameters {params.parameters:q} --workers {threads} {params.selection}"
        " --output {params.folder:q} > {log:q} 2>&1"
