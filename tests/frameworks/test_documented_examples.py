"""What docs/your_project.md shows is run as it stands."""

import re

import pytest
import torch
from toy_task import BATCH, Scenes, network, scene

from smallobjects.losses import ElasticWeightConsolidation


@pytest.fixture
def blocks(repository):
    text = (repository / "docs" / "your_project.md").read_text()
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What a reader has before: a network, batches, and masks to be scored."""
    monkeypatch.chdir(tmp_path)
    scenes = [scene(seed) for seed in range(4)]
    pairs = [(image, labels) for image, labels, _ in Scenes(16).scenes]
    return {
        "model": network(),
        "switch": 2,
        "batches": torch.utils.data.DataLoader(pairs, BATCH),
        "validation": [
            (f"{n}", labels.where(labels < 255, 0), labels, instances.where(labels < 255, 255))
            for n, (_, labels, instances) in enumerate(scenes)
        ],
    }


def test_every_example_runs(blocks, names, capsys, tmp_path):
    assert len(blocks) == 7
    for block in blocks:
        exec(block, names)
    assert names["ewc"].switched
    state = torch.load(tmp_path / "checkpoint.pth", weights_only=True)
    again = ElasticWeightConsolidation(names["model"].named_parameters(), 500.0)
    again.load_state_dict(state["ewc"])
    assert again.switched
    assert capsys.readouterr().out.split()[0] == "1.0"


def test_the_module_of_lightning_trains(blocks, names, tmp_path):
    import lightning

    for block in blocks[:2]:
        exec(block, names)
    module = names["Segmentor"]()
    trainer = lightning.Trainer(
        max_steps=4, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(module, names["batches"])
    assert module.ewc.switched
    assert float(module.ewc.penalty()) > 0
