# Needs: <root>/datasets/<dataset>/, <root>/predictions/<cell>/, <root>/scores/<cell>/, the label
# sources <root>/pseudo_labels/<dataset>/<source>/, the learning curves beside the segmentors, and
# <root>/benchmarks/.
# Makes: <results>/figures/panels/<dataset>/, <results>/figures/labels/<dataset>/, the plots in
# <results>/figures/, pages of the tables in <results>/tables/, and <root>/configuration.html.


localrules:
    runtimes,
    html_tables,
    configuration,


rule panels:
    """Show images, ground truth and predictions of every model (supplement, Figures 4 to 26)."""
    input:
        dataset=f"{DATASET}/dataset.json",
        predictions=PANELS.predictions_on,
        instances=PANELS.instances_on,
    output:
        pages=report(
            directory(f"{FIGURES}/panels/{{dataset}}"),
            patterns=["{page}.png"],
            caption="../report/panels.rst",
            category="Panels",
            subcategory=REPORT.dataset_title,
            labels=REPORT.model_labels,
        ),
    log:
        f"{LOGS}/panels.{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/panels.{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        pages=PANELS.panel_pages,
        settings=EXPERIMENT.config.figures.panels.model_dump_json(),
        seed=EXPERIMENT.config.figures.seed,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects panels --pages {params.pages:q} --settings {params.settings:q}"
        " --seed {params.seed:q} --scale {params.scale:q} --output {output.pages:q} > {log:q} 2>&1"


rule label_panels:
    """Show activation maps, seeds and pseudo-labels of every label source."""
    input:
        dataset=f"{DATASET}/dataset.json",
        manifests=PANELS.manifests_of,
        labels=PANELS.labels_of,
    output:
        pages=report(
            directory(f"{FIGURES}/labels/{{dataset}}"),
            patterns=["{page}.png", "{page}.html"],
            caption="../report/label_panels.rst",
            category="Pseudo-labels",
            subcategory=REPORT.dataset_title,
            labels=REPORT.source_labels,
        ),
    log:
        f"{LOGS}/label_panels.{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/label_panels.{{dataset}}.tsv"
    wildcard_constraints:
        dataset=any_of(PANELS.trained),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        pages=PANELS.label_pages,
        settings=EXPERIMENT.config.figures.panels.model_dump_json(),
        seed=EXPERIMENT.config.figures.seed,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects label-panels --pages {params.pages:q} --settings {params.settings:q}"
        " --seed {params.seed:q} --scale {params.scale:q} --output {output.pages:q} > {log:q} 2>&1"


rule plots:
    """Plot gains by size, mIoU against IA_S, IoU against size, and learning curves."""
    input:
        summaries=CELLS.paths_of(EXPERIMENT.cells),
        tables=CELLS.tables_of(EXPERIMENT.cells),
        checkpoints=PLOTS.trained_models,
    output:
        gains=report(
            f"{FIGURES}/gains.png",
            caption="../report/gains.rst",
            category="Plots",
            labels={"plot": "Gain by object size"},
        ),
        trade=report(
            f"{FIGURES}/miou_ia_s.png",
            caption="../report/miou_ia_s.rst",
            category="Plots",
            labels={"plot": "mIoU against IA_S"},
        ),
        size_curves=[
            report(
                f"{FIGURES}/size_curves.{dataset}.png",
                caption="../report/size_curves.rst",
                category="Plots",
                labels=REPORT.plot_of("IoU against object size", dataset),
            )
            for dataset in EXPERIMENT.config.datasets
        ],
        learning_curves=[
            report(
                f"{FIGURES}/learning_curves.{dataset}.png",
                caption="../report/learning_curves.rst",
                category="Plots",
                labels=REPORT.plot_of("Learning curves", dataset),
            )
            for dataset in PANELS.trained
        ],
        others=[
            f"{FIGURES}/{plot}.{suffix}"
            for plot in PLOTS.plots
            for suffix in ("pdf", "csv")
        ],
    log:
        f"{LOGS}/plots.log",
    benchmark:
        f"{BENCHMARKS}/plots.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        inputs=PLOTS.plot_inputs,
        seed=EXPERIMENT.config.figures.seed,
        scale=EXPERIMENT.config.scale,
        folder=subpath(output.gains, parent=True),
    shell:
        "smallobjects plots --inputs {params.inputs:q} --seed {params.seed:q}"
        " --scale {params.scale:q} --output {params.folder:q} > {log:q} 2>&1"


rule runtimes:
    """Add up how long the jobs of each rule took, up to the scores."""
    input:
        CELLS.paths_of(EXPERIMENT.cells),
    output:
        csv=report(
            f"{TABLES}/runtimes.csv",
            caption="../report/runtimes.rst",
            category="Runtimes",
            labels={"runtimes": "By rule and label source", "file": "csv"},
        ),
        png=report(
            f"{FIGURES}/runtimes.png",
            caption="../report/runtimes.rst",
            category="Runtimes",
            labels={"runtimes": "By rule", "file": "plot"},
        ),
        pdf=f"{FIGURES}/runtimes.pdf",
    log:
        f"{LOGS}/runtimes.log",
    benchmark:
        f"{BENCHMARKS}/runtimes.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        benchmarks=BENCHMARKS,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects runtimes --benchmarks {params.benchmarks:q} --scale {params.scale:q}"
        " --table {output.csv:q} --figure {output.pdf:q} > {log:q} 2>&1"


rule html_tables:
    """Write the tables as pages whose columns sort."""
    input:
        table1=rules.table1.output.csv,
        table2=rules.table2.output.csv,
        supplement=REPORT.supplement_files(".csv"),
        runtimes=rules.runtimes.output.csv,
    output:
        table1=report(
            f"{TABLES}/table1.html",
            caption="../report/table1.rst",
            category="Tables",
            labels={"table": "Table 1: instances by size", "file": "sortable"},
        ),
        table2=report(
            f"{TABLES}/table2.html",
            caption="../report/table2.rst",
            category="Tables",
            labels={"table": "Table 2: scores", "file": "sortable"},
        ),
        supplement=[
            report(
                path,
                caption="../report/supplement_table2.rst",
                category="Tables",
                labels={"table": REPORT.supplement_title(path), "file": "sortable"},
            )
            for path in REPORT.supplement_files(".html")
        ],
        runtimes=report(
            f"{TABLES}/runtimes.html",
            caption="../report/runtimes.rst",
            category="Runtimes",
            labels={"runtimes": "By rule and label source", "file": "sortable"},
        ),
    log:
        f"{LOGS}/html_tables.log",
    benchmark:
        f"{BENCHMARKS}/html_tables.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects html-tables {input:q} --scale {params.scale:q} > {log:q} 2>&1"


rule configuration:
    """Write every setting, as it is run, to one page."""
    output:
        page=report(
            f"{ROOT}/configuration.html",
            caption="../report/configuration.rst",
            category="Configuration",
            labels={"settings": "All settings as they are run"},
        ),
    log:
        f"{LOGS}/configuration.log",
    benchmark:
        f"{BENCHMARKS}/configuration.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        values=EXPERIMENT.config.model_dump_json(),
        folder=EXPERIMENT.folder,
        settings=REPORT.settings_checksum(),
    shell:
        "smallobjects resolved-settings --values {params.values:q} --folder {params.folder:q}"
        " --output {output.page:q} > {log:q} 2>&1"
