"""`raw: download`, from published archives on a server to prepared datasets and weights."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from contextlib import contextmanager

import pytest
from loopback import Fault, serve
from published import take_apart_voc

from smallobjects.config.layers import merge
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.synthetic.raw_data import make_synthetic

VOC, SBD = "VOCtrainval_11-May-2012.tar", "benchmark.tgz"
COCO = {
    "annotations_trainval2014.zip": "annotations",
    "train2014.zip": "train2014",
    "val2014.zip": "val2014",
}
ARCHIVES = [VOC, SBD, *COCO]
DATASETS = [f"results/demo/datasets/{name}/dataset.json" for name in ("voc", "coco")]
FETCHING = {"fetch_archive": 5, "unpack": 5, "join_sbd": 1}
WEIGHTS = {
    "settings": {
        "methods": {
            "irn": {
                "stages": {
                    name: {"network": "resnet50", "weights": "weights/resnet50.pth", **start}
                    for name, start in (("classifier", {}), ("edges", {"initial": "weights"}))
                }
            }
        }
    }
}


def _zip(folder, member, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{member}/{file.relative_to(folder)}")


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The published archives of tiny datasets, by name, and the raw data they were made from."""
    folder = tmp_path_factory.mktemp("published")
    scenes = SyntheticParameters(train_images=12, val_images=5, seed=8)
    for layout in ("voc", "coco"):
        make_synthetic(layout, scenes, folder / "raw" / layout)
    take_apart_voc(folder / "raw" / "voc", folder / "VOC2012", folder / "SBD")
    with tarfile.open(folder / VOC, "w") as archive:
        archive.add(folder / "VOC2012", "VOCdevkit/VOC2012")
    with tarfile.open(folder / SBD, "w:gz") as archive:
        archive.add(folder / "SBD", "benchmark_RELEASE/dataset")
    for name, member in COCO.items():
        _zip(folder / "raw" / "coco" / member, member, folder / name)
    return folder


@contextmanager
def publish(archives):
    """Serve the archives and a file of weights on loopback."""
    with serve() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        for name in ARCHIVES:
            running.put(name, (archives / name).read_bytes())
        running.put("resnet50.pth", b"weights of a network")
        yield running


@pytest.fixture
def server(archives):
    with publish(archives) as running:
        yield running


def addresses(server):
    """The changes to the configuration that point it to the server."""

    def entry(name):
        data = server.resources[name].data
        sha256 = hashlib.sha256(data).hexdigest()
        known = {"size": len(data), "sha256": sha256, "sha256_prefix": None, "md5": None}
        return {"urls": [server.url(name)], **known}

    return {
        "settings": {
            "datasets": {name: {"raw": "download"} for name in ("voc", "coco")},
            "downloads": {
                "archives": {name: entry(name) for name in ARCHIVES},
                "weights": {"resnet50.pth": entry("resnet50.pth")},
            },
        }
    }


@pytest.fixture
def run(workflow, server):
    return workflow(addresses(server))


def tree(folder):
    """Every file with what changes if it is written again; records are, by design."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".record.json", ".lock"))
    }


def test_the_paper_scale_is_planned_without_the_network(workflow):
    changes = {"scale": "paper", "datasets": ["voc", "coco"]}
    planned = workflow(changes).planned()
    assert {rule: planned[rule] for rule in FETCHING} == FETCHING
    assert planned["fetch_weights"] == 2
    assert planned["make_synthetic"] == 0
    # With the images of COCO 2017, its annotations, and those of LVIS.
    planned = workflow({**changes, "datasets": ["voc", "pascal_b"]}).planned()
    assert (planned["fetch_archive"], planned["join_sbd"], planned["make_synthetic"]) == (7, 1, 0)
    assert planned["find_candidates"] == planned["select_images"] == 1


def test_what_is_fetched_is_what_was_published(run, server, archives, workflow):
    """Killed in the middle of an archive, cut in the middle of another, and gone on."""
    server.faults[VOC] = [Fault(stall_after=50_000)]
    server.faults["train2014.zip"] = [Fault(cut_after=9_000)]
    part = run.folder / "data" / "archives" / f".{VOC}.part"
    run.kill_when(lambda: part.exists() and part.stat().st_size == 50_000, *DATASETS)
    assert not (run.folder / "data" / "archives" / VOC).exists()
    run.run("--unlock")
    run.run(*DATASETS)
    assert [request.status for request in server.asked(VOC)] == [200, 206]
    assert server.asked(VOC)[1].headers["Range"] == "bytes=50000-"
    assert [request.status for request in server.asked("train2014.zip")][:2] == [200, 206]

    local = {name: {"raw": str(archives / "raw" / name)} for name in ("voc", "coco")}
    given = workflow({"settings": {"datasets": local}})
    given.run(*DATASETS)
    for path in DATASETS:
        fetched, expected = (json.loads((r.folder / path).read_text()) for r in (run, given))
        assert fetched.pop("source") == "download"
        assert {**fetched, "source": expected["source"]} == expected
    assert not list(run.folder.glob("data/**/.*.part*"))


def test_nothing_is_left_out_after_a_kill_between_a_file_and_its_end(run, server):
    """Snakemake forgets what follows an incomplete input that is `ancient`."""
    from snakemake.persistence.file import FilePersistence

    name = "data/archives/val2014.zip.record.json"
    run.run(name)
    FilePersistence(path=run.folder / ".snakemake")._mark_incomplete(name, None)
    planned = run.planned(*DATASETS)
    assert planned["prepare_dataset"] == 2
    assert planned["unpack"] == 5


class TestOnceFetched:
    """One run, of which one test after the other asks more."""

    @pytest.fixture(scope="class")
    def server(self, archives):
        with publish(archives) as running:
            yield running

    @pytest.fixture(scope="class")
    def fetched(self, workflow, server):
        run = workflow(addresses(server))
        run.run(*DATASETS)
        server.requests.clear()
        return run

    def test_nothing_is_done_again(self, fetched):
        assert fetched.planned(*DATASETS) == {}
        elsewhere = {name: {"urls": ["http://127.0.0.1:1/elsewhere"]} for name in ARCHIVES}
        changed = fetched.changed({"settings": {"downloads": {"archives": elsewhere}}})
        assert changed.planned(*DATASETS) == {}, "an address is no reason to fetch again"

    def test_both_scales_share_it(self, fetched):
        targets = [path.replace("demo", "paper") for path in DATASETS]
        assert fetched.changed({"scale": "paper"}).planned(*targets) == {"prepare_dataset": 2}

    def test_even_forced_nothing_is_deleted_or_fetched_again(self, fetched, server):
        data = fetched.folder / "data"
        precious = [data / "archives", data / "unpacked", data / "coco"]
        before = [tree(folder) for folder in precious]
        assert all(before)
        fetched.run("--forceall", *DATASETS)
        assert [tree(folder) for folder in precious] == before
        assert not server.requests

    def test_archives_may_be_deleted(self, fetched, server):
        shutil.rmtree(fetched.folder / "data" / "archives")
        assert fetched.planned(*DATASETS) == {}
        other = fetched.changed({"settings": {"datasets": {"voc": {"size_limits": [99, 999]}}}})
        assert other.planned(*DATASETS) == {"prepare_dataset": 1}
        other.run(*DATASETS)
        assert not server.requests

    def test_what_was_deleted_is_missed(self, fetched, server):
        shutil.rmtree(fetched.folder / "data" / "coco" / "val2014")
        table = fetched.changed({"tables": {"intervals": True}})
        output = table.run("results/tables/table1.tex", succeeds=False)
        assert "data/coco/val2014.record.json = 'data/coco/val2014': there is no such" in output
        (fetched.folder / "data/coco/val2014.record.json").unlink()
        prepared = fetched.folder / DATASETS[1]
        shutil.rmtree(prepared.parent)
        fetched.run(DATASETS[1])
        assert {request.path for request in server.requests} == {"val2014.zip"}


class TestOfTheUser:
    def test_a_folder_is_used_and_left(self, run, server, archives):
        """COCO's images were unpacked there by hand; only the annotations are missing."""
        mine = run.folder / "data" / "coco"
        for name in ("train2014", "val2014"):
            shutil.copytree(archives / "raw" / "coco" / name, mine / name)
        before = tree(mine)
        assert run.planned(DATASETS[1]) == {"fetch_archive": 1, "unpack": 1, "prepare_dataset": 1}
        run.run("--forceall", DATASETS[1])
        after = tree(mine)
        assert {path: after[path] for path in before} == before
        assert {request.path for request in server.requests} == {"annotations_trainval2014.zip"}

    def test_weights_are_used_and_left(self, run, server):
        mine = run.folder / "weights" / "resnet50.pth"
        mine.parent.mkdir()
        mine.write_bytes(b"my own weights")
        own = run.changed(WEIGHTS)
        before = tree(mine.parent)
        planned = own.planned("fetched")
        assert planned["fetch_weights"] == 0
        assert own.planned()["fetch_weights"] == 0
        own.run("--forceall", "fetched")
        own.run("--delete-all-output", "fetched")
        assert tree(mine.parent) == before
        assert not server.asked("resnet50.pth")


class TestWeights:
    TRAINED = "results/demo/pseudo_labels/voc/irn/classifier.pth"

    def test_only_what_is_read_is_fetched(self, run):
        assert run.planned()["fetch_weights"] == 0
        with_weights = run.changed(WEIGHTS)
        assert with_weights.planned(self.TRAINED)["fetch_weights"] == 1

    def test_they_are_fetched_once_and_kept(self, run, server):
        with_weights = run.changed(WEIGHTS)
        with_weights.run("weights/resnet50.pth")
        path = run.folder / "weights" / "resnet50.pth"
        assert path.read_bytes() == server.resources["resnet50.pth"].data
        inode = path.stat().st_ino
        assert with_weights.planned(self.TRAINED)["fetch_weights"] == 0
        with_weights.run("--forceall", "weights/resnet50.pth")
        assert path.stat().st_ino == inode
        assert len(server.asked("resnet50.pth")) == 1

    def test_a_failure_leaves_what_is_there(self, run, server):
        """The checksum in the settings changed since the weights were fetched."""
        run.run("weights/resnet50.pth")
        path = run.folder / "weights" / "resnet50.pth"
        wrong = {"weights": {"resnet50.pth": {"sha256": "0" * 64}}}
        changed = run.changed({"settings": {"downloads": wrong}})
        output = changed.run(
            "--forceall", "--show-failed-logs", "weights/resnet50.pth", succeeds=False
        )
        assert "It is left as it is" in output
        assert path.read_bytes() == server.resources["resnet50.pth"].data


def test_everything_can_be_got_beforehand(run, server):
    run.changed(WEIGHTS).run("fetched")
    assert {request.path for request in server.requests} == {*ARCHIVES, "resnet50.pth"}
    assert run.planned(*DATASETS) == {"prepare_dataset": 2}


def test_an_archive_that_nobody_has_fails_in_words(run, server):
    del server.resources["val2014.zip"]
    output = run.run("--show-failed-logs", "--keep-going", *DATASETS, succeeds=False)
    assert f"{server.url('val2014.zip')}: the server answers 404 Not Found" in output
    assert "put the file there yourself" in output
    assert (run.folder / DATASETS[0]).exists()
    assert not (run.folder / "data/coco/val2014").exists()


def test_a_wrong_archive_is_not_unpacked(run, server):
    server.put("val2014.zip", server.resources["train2014.zip"].data)
    output = run.run("--show-failed-logs", DATASETS[1], succeeds=False)
    assert "cannot be fetched" in output
    assert not list((run.folder / "data" / "coco").glob("val2014*"))


def test_a_dataset_without_addresses_cannot_be_downloaded(run):
    changes = merge({}, {"settings": {"datasets": {"voc": {"download": None}}}})
    output = run.changed(changes).run("-n", succeeds=False)
    assert "datasets.voc" in output
    assert "this dataset has no `download`" in output
