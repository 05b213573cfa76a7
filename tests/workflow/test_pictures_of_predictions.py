"""Pages of pictures are made from what was scored, when they are asked for."""

import pandas as pd


def test_a_page_shows_what_was_scored(finished):
    page = "results/figures/pictures/voc/irn/deeplabv2.pdf"
    assert not (finished.folder / page).exists()
    assert finished.planned(page) == {"draw_pictures": 1}
    finished.run(page)
    assert (finished.folder / page).read_bytes().startswith(b"%PDF")
    shown = pd.read_csv(finished.folder / page.replace(".pdf", ".csv"))
    for index, loss in enumerate(("ce", "sb")):
        path = f"results/demo/scores/voc/irn/deeplabv2/{loss}/seed0/instances.parquet"
        scored = pd.read_parquet(finished.folder / path).set_index(["image", "instance_id"])["iou"]
        keys = list(zip(shown["image"], shown["instance_id"], strict=True))
        assert shown[f"iou_{index}"].tolist() == scored.loc[keys].tolist()


def test_every_row_of_the_tables_has_its_page(finished):
    rows = len({"voc", "coco", "pascal_b"}) * len({"irn", "full"})
    assert finished.planned("--forceall", "pictures")["draw_pictures"] == rows


def test_without_a_gain_there_is_nothing_to_picture(workflow):
    output = workflow({"losses": ["ce"]}).run("--dry-run", "pictures", succeeds=False)
    assert "`losses` needs ce, and sb or sw" in output
