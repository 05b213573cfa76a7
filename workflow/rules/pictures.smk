# Needs: <root>/datasets/<dataset>/, <root>/predictions/<cell>/ and <root>/scores/<cell>/ of
# cross-entropy and of the loss whose gain is shown, of the first seed.
# Makes: <results>/figures/pictures/<dataset>/<source>/<segmentor>.pdf, with a .png and a .csv beside
# it; made when they are asked for (`snakemake pictures`).

PICTURES = f"{FIGURES}/pictures/{{dataset}}/{{source}}/{{segmentor}}"


localrules:
    pictures,
    draw_pictures,


rule pictures:
    """Every page of pictures."""
    input:
        picture_pages(PICTURES),


rule draw_pictures:
    """Show image, ground truth and predictions where small objects gain and lose most."""
    input:
        dataset=f"{DATASET}/dataset.json",
        predictions=pictured(PREDICTIONS),
        scores=pictured(f"{SCORES}/instances.parquet"),
    output:
        pdf=f"{PICTURES}.pdf",
        png=f"{PICTURES}.png",
        csv=f"{PICTURES}.csv",
    log:
        f"{LOGS}/draw_pictures/{{dataset}}/{{source}}/{{segmentor}}.log",
    benchmark:
        f"{BENCHMARKS}/draw_pictures/{{dataset}}/{{source}}/{{segmentor}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        arms=picture_columns,
        title=picture_title,
        per_rule=EXPERIMENT.config.figures.pictures,
        seed=EXPERIMENT.config.figures.seed,
        scale=EXPERIMENT.config.scale,
    shell:
        "smallobjects pictures --dataset {params.dataset} {params.arms} --title {params.title:q}"
        " --per-rule {params.per_rule} --seed {params.seed} --scale {params.scale}"
        " --output {output.pdf} > {log} 2>&1"
