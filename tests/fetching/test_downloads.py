"""config/downloads.yaml: every entry can be used, and what is not known is marked."""

import hashlib

import pytest
import yaml
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config import ConfigError, load
from smallobjects.fetching.parameters import Downloads


@pytest.fixture
def downloads(repository):
    return load(repository / "config" / "config.yaml").downloads


def test_what_the_settings_need_is_listed(repository, downloads):
    paper = load(repository / "config" / "config.yaml", {"scale": "paper"})
    for name in ("voc", "coco", "pascal_b"):
        parameters = paper.dataset(name)
        assert parameters.raw == "download"
        assert set(parameters.download.parts) <= {*downloads.places, "voc"}
    assert {"unpacked/VOC2012", "unpacked/SBD"} <= set(downloads.places)
    lvis = paper.dataset("pascal_b")
    files = {*lvis.lvis.annotations, *lvis.lvis.coco_annotations}
    assert {f"{lvis.download.folder}/{file}" for file in files} <= set(lvis.download.parts)
    assert {"resnet50.pth", "resnet101.pth", "vgg16.pth"} <= set(downloads.weights)


def test_what_torchvision_states_is_what_is_listed(downloads):
    from torchvision.datasets.sbd import SBDataset
    from torchvision.datasets.voc import DATASET_YEAR_DICT
    from torchvision.models import ResNet50_Weights, ResNet101_Weights, VGG16_Weights

    voc = downloads.archives["VOCtrainval_11-May-2012.tar"]
    assert (voc.urls[0], voc.md5) == tuple(DATASET_YEAR_DICT["2012"][k] for k in ("url", "md5"))
    sbd = downloads.archives["benchmark.tgz"]
    assert (sbd.urls[0], sbd.md5) == (SBDataset.url, SBDataset.md5)
    for name, weights in {
        "resnet50.pth": ResNet50_Weights.IMAGENET1K_V1,
        "resnet101.pth": ResNet101_Weights.IMAGENET1K_V1,
        "vgg16.pth": VGG16_Weights.IMAGENET1K_V1,
    }.items():
        entry = downloads.weights[name]
        assert entry.urls == (weights.url,)
        assert entry.sha256_prefix == weights.url.rpartition("-")[2].removesuffix(".pth")
        assert entry.sha256.startswith(entry.sha256_prefix)
        if entry.size:
            assert entry.size / 2**20 == pytest.approx(weights.meta["_file_size"], abs=1e-3)


def test_nothing_is_called_confirmed_that_no_server_confirmed(downloads):
    entries = {**downloads.archives, **downloads.weights}
    assert not any(entry.confirmed for entry in entries.values() if entry.package is None)


ENTRY = {
    "urls": ["http://host/a.zip"],
    "stated_by": "x",
    "confirmed": False,
    "unpack": {"a": "a"},
}
WRONG = [
    ({"a.zip": {**ENTRY, "urls": ["ftp://host/a.zip"]}}, "archives.a.zip.urls.0"),
    ({"a.zip": {**ENTRY, "urls": []}}, "archives.a.zip.urls"),
    ({"a.zip": {**ENTRY, "sha256": "12"}}, "archives.a.zip.sha256 = '12'"),
    ({"a.zip": {**ENTRY, "unpack": {"a": "../a"}}}, "must be a plain relative path"),
    ({"a.zip": {**ENTRY, "unpack": {"a": "b", "c": "b"}}}, "two are unpacked to 'b'"),
    ({"a.zip": {**ENTRY, "sise": 3}}, "archives.a.zip.sise = 3: unknown key"),
    ({"../a.zip": ENTRY}, "archives.../a.zip"),
    ({"a.zip": {"urls": ["http://host/a.zip"]}}, "archives.a.zip.stated_by: missing"),
]


@pytest.mark.parametrize(("archives", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_entry_is_named_before_anything_runs(repository, archives, said):
    changes = {"settings": {"downloads": {"archives": archives}}}
    with pytest.raises(ConfigError) as raised:
        load(repository / "config" / "config.yaml", changes)
    assert said in str(raised.value)


def test_settings_change_an_address_and_keep_the_rest(repository):
    changes = {"archives": {"train2014.zip": {"urls": ["http://mirror/train2014.zip"]}}}
    changed = load(repository / "config" / "config.yaml", {"settings": {"downloads": changes}})
    before = yaml.safe_load((repository / "config" / "downloads.yaml").read_text())
    archive = changed.downloads.archives["train2014.zip"]
    assert archive.urls == ("http://mirror/train2014.zip",)
    assert archive.sha256 == before["archives"]["train2014.zip"]["sha256"]
    assert isinstance(changed.downloads, Downloads)


def test_the_commands_fetch_and_unpack(server, tmp_path, remote):
    from test_unpack import WANTED, content, make_zip

    data = make_zip(tmp_path / "there.zip").read_bytes()
    described = remote(server.put("a.zip", data), data=data).model_dump_json()
    archive, out = str(tmp_path / "here" / "a.zip"), str(tmp_path / "out")
    for arguments in (
        ["fetch", "a.zip", "--parameters", described, "--output", archive],
        ["unpack", archive, "--member", "top/data", "--output", out],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    assert content(tmp_path / "out") == WANTED


def test_an_error_of_the_commands_is_in_words(server, tmp_path, remote):
    wrong = remote(server.put("a", b"a"), size=1, sha256=hashlib.sha256(b"b").hexdigest())
    arguments = ["--parameters", wrong.model_dump_json(), "--output", str(tmp_path / "a")]
    result = CliRunner().invoke(main, ["fetch", "a", *arguments])
    assert result.exit_code == 1
    assert f"Error: {tmp_path / 'a'}: cannot be fetched." in result.output
    out = str(tmp_path / "out")
    result = CliRunner().invoke(main, ["unpack", "no.zip", "--member", "m", "--output", out])
    assert result.exit_code == 1
    assert "Error: no.zip: there is no such archive" in result.output
