# Needs: <root>/datasets/<dataset>/ and <root>/scores/<cell>/summary.json; for intervals also
# instances.parquet and areas.parquet beside it.
# Makes: <results>/tables/table1.tex, table2.tex, supplement_table2.tex and ablation.tex, at a scale
# that shows published values also supplement_table2_published.tex, each with a .csv beside it, and
# <results>/figures/figure1.pdf and figure3.pdf, each with a .png and a .csv beside it.


localrules:
    table1,
    table2,
    supplement_table2,
    supplement_table2_published,
    ablation,
    figure1,
    figure3,


rule table1:
    """Count the instances of every dataset by size (supplement, Table 1)."""
    input:
        expand(
            f"{ROOT}/datasets/{{dataset}}/dataset.json",
            dataset=EXPERIMENT.config.datasets,
        ),
    output:
        tex=report(
            f"{TABLES}/table1.tex",
            caption="../report/table1.rst",
            category="Tables",
            labels={"table": "Table 1: instances by size", "file": "LaTeX"},
        ),
        csv=report(
            f"{TABLES}/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            labels={"table": "Table 1: instances by size", "file": "csv"},
        ),
    log:
        f"{LOGS}/table1.log",
    benchmark:
        f"{BENCHMARKS}/table1.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        cells=CELLS.table1_cells,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects table1 --cells {params.cells:q} --scale {params.scale:q}"
        " --output {output.tex:q} > {log:q} 2>&1"


rule table2:
    """Collate all rows by supervision: mIoU, IA-mIoU and its parts, with CE and the gain."""
    input:
        CELLS.paths_of(EXPERIMENT.cells),
        CELLS.interval_tables(EXPERIMENT.cells),
    output:
        tex=report(
            f"{TABLES}/table2.tex",
            caption="../report/table2.rst",
            category="Tables",
            labels={"table": "Table 2: scores", "file": "LaTeX"},
        ),
        csv=report(
            f"{TABLES}/table2.csv",
            caption="../report/table2.rst",
            category="Tables",
            labels={"table": "Table 2: scores", "file": "csv"},
        ),
    log:
        f"{LOGS}/table2.log",
    benchmark:
        f"{BENCHMARKS}/table2.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        rows=CELLS.score_cells(EXPERIMENT.cells),
        scale=EXPERIMENT.config.scale,
        intervals="--intervals" if EXPERIMENT.config.tables.intervals else "",
    shell:
        "smallobjects table2 --rows {params.rows:q} --scale {params.scale:q}"
        " {params.intervals} --output {output.tex:q} > {log:q} 2>&1"


rule supplement_table2:
    """Compare the networks trained on the ground truth (supplement, Table 2)."""
    input:
        CELLS.require_supplement_cells,
    output:
        tex=report(
            f"{TABLES}/supplement_table2.tex",
            caption="../report/supplement_table2.rst",
            category="Tables",
            labels={
                "table": REPORT.supplement_title("supplement_table2"),
                "file": "LaTeX",
            },
        ),
        csv=report(
            f"{TABLES}/supplement_table2.csv",
            caption="../report/supplement_table2.rst",
            category="Tables",
            labels={
                "table": REPORT.supplement_title("supplement_table2"),
                "file": "csv",
            },
        ),
    log:
        f"{LOGS}/supplement_table2.log",
    benchmark:
        f"{BENCHMARKS}/supplement_table2.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        rows=CELLS.score_cells(EXPERIMENT.supplement_cells),
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects supplement-table2 --rows {params.rows:q} --scale {params.scale:q}"
        " --output {output.tex:q} > {log:q} 2>&1"


rule supplement_table2_published:
    """Show the same beside the supplement's values, with the differences."""
    input:
        CELLS.require_supplement_cells,
    output:
        tex=report(
            f"{TABLES}/supplement_table2_published.tex",
            caption="../report/supplement_table2.rst",
            category="Tables",
            labels={
                "table": REPORT.supplement_title("supplement_table2_published"),
                "file": "LaTeX",
            },
        ),
        csv=report(
            f"{TABLES}/supplement_table2_published.csv",
            caption="../report/supplement_table2.rst",
            category="Tables",
            labels={
                "table": REPORT.supplement_title("supplement_table2_published"),
                "file": "csv",
            },
        ),
    log:
        f"{LOGS}/supplement_table2_published.log",
    benchmark:
        f"{BENCHMARKS}/supplement_table2_published.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        rows=CELLS.score_cells(EXPERIMENT.supplement_cells, published=True),
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects supplement-table2 --published --rows {params.rows:q} --scale {params.scale:q}"
        " --output {output.tex:q} > {log:q} 2>&1"


rule ablation:
    """Compare the losses one by one, with other values of τ and λ; made when it is asked for."""
    input:
        CELLS.paths_of(EXPERIMENT.ablation_cells),
        CELLS.interval_tables(EXPERIMENT.ablation_cells),
    output:
        tex=f"{TABLES}/ablation.tex",
        csv=f"{TABLES}/ablation.csv",
    log:
        f"{LOGS}/ablation.log",
    benchmark:
        f"{BENCHMARKS}/ablation.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        rows=CELLS.score_cells(EXPERIMENT.ablation_cells),
        scale=EXPERIMENT.config.scale,
        intervals="--intervals" if EXPERIMENT.config.tables.intervals else "",
    shell:
        "smallobjects ablation --rows {params.rows:q} --scale {params.scale:q}"
        " {params.intervals} --output {output.tex:q} > {log:q} 2>&1"


rule figure1:
    """Draw the instances of each class by size, dataset by dataset (supplement, Figure 1)."""
    input:
        expand(
            f"{ROOT}/datasets/{{dataset}}/dataset.json",
            dataset=EXPERIMENT.config.datasets,
        ),
    output:
        pdf=f"{FIGURES}/figure1.pdf",
        png=report(
            f"{FIGURES}/figure1.png",
            caption="../report/figure1.rst",
            category="Datasets",
            labels={"figure": "Instances by class and size"},
        ),
        csv=f"{FIGURES}/figure1.csv",
    log:
        f"{LOGS}/figure1.log",
    benchmark:
        f"{BENCHMARKS}/figure1.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        panels=CELLS.figure_panels,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects figure1 --panels {params.panels:q} --scale {params.scale:q}"
        " --output {output.pdf:q} > {log:q} 2>&1"


rule figure3:
    """Show sample images of every dataset with their masks (supplement, Figure 3)."""
    input:
        expand(
            f"{ROOT}/datasets/{{dataset}}/dataset.json",
            dataset=EXPERIMENT.config.datasets,
        ),
    output:
        pdf=f"{FIGURES}/figure3.pdf",
        png=report(
            f"{FIGURES}/figure3.png",
            caption="../report/figure3.rst",
            category="Datasets",
            labels={"figure": "Sample images"},
        ),
        csv=f"{FIGURES}/figure3.csv",
    log:
        f"{LOGS}/figure3.log",
    benchmark:
        f"{BENCHMARKS}/figure3.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        panels=CELLS.figure_panels,
        samples=EXPERIMENT.config.figures.samples,
        seed=EXPERIMENT.config.figures.seed,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects figure3 --panels {params.panels:q} --samples {params.samples}"
        " --seed {params.seed:q} --scale {params.scale:q} --output {output.pdf:q} > {log:q} 2>&1"
