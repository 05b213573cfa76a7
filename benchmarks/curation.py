"""Measure a review of as many candidates as the paper had.

    python benchmarks/curation.py [--candidates 35242] [--folder FOLDER]

Draws annotation files in the layout of LVIS and COCO with that many images (their pixels are not
needed), and prints how long it takes to read them once; from the start of the program to its first
answers when it is opened again, and the processor's part of that; and, with nothing, half and
nearly all of it decided, the median and the slowest of 200 answers: what comes next, progress,
annotations, and a verdict that is on the disk.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil

from smallobjects.curation.catalog import open_catalog
from smallobjects.curation.store import Store
from smallobjects.datasets.class_tables import COCO_CATEGORIES, VOC_CLASSES
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.datasets.layouts.lvis.synthetic import CATEGORIES, LVIS_CATEGORY
from smallobjects.datasets.pascal_b.candidates import find_candidates

HEIGHT, WIDTH = 480, 640
CORNERS = 24
ANSWERS = 200
PROGRAM = "import sys; from smallobjects.cli import main; main(sys.argv[1:])"


def write_annotations(folder: Path, images: int) -> None:
    """Write the four annotation files; about 8 instances an image, of 24 corners each."""
    rng = np.random.default_rng(0)
    (folder / "annotations").mkdir(parents=True)
    entries, annotations = [], []
    categories = [LVIS_CATEGORY[k] for k in range(1, 21) if VOC_CLASSES[k - 1] != "pottedplant"]
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    for number in range(1, images + 1):
        name = f"train2017/{number:012d}.jpg"
        entries.append({"id": number, "height": HEIGHT, "width": WIDTH, "file_name": name[10:],
                        "coco_url": f"http://images.cocodataset.org/{name}",
                        "not_exhaustive_category_ids": []})  # fmt: skip
        for _ in range(1 + rng.poisson(7)):
            radius = np.exp(rng.uniform(np.log(4), np.log(110))) * rng.uniform(0.8, 1.2, CORNERS)
            x = np.clip(rng.uniform(0, WIDTH) + radius * np.cos(angles), 0, WIDTH).round(2)
            y = np.clip(rng.uniform(0, HEIGHT) + radius * np.sin(angles), 0, HEIGHT).round(2)
            box = [x.min(), y.min(), np.ptp(x), np.ptp(y)]
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "bbox": [float(v) for v in box],
                "category_id": int(rng.choice(categories)), "area": float(box[2] * box[3]),
                "segmentation": [np.stack([x, y], 1).ravel().tolist()],
            })  # fmt: skip
    coco = [{"id": number, "name": name} for number, name in COCO_CATEGORIES.items()]
    contents = {
        "lvis_v1_train": (entries, annotations, CATEGORIES),
        "lvis_v1_val": ([], [], CATEGORIES),
        "instances_train2017": (entries, [], coco),
        "instances_val2017": ([], [], coco),
    }
    for name, content in contents.items():
        keys = ("images", "annotations", "categories")
        text = json.dumps(dict(zip(keys, content, strict=True)))
        (folder / "annotations" / f"{name}.json").write_text(text)


class Server:
    """The program, from its start to its end."""

    def __init__(self, folder: Path) -> None:
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "curate", "--candidates", folder / "candidates.parquet",
             "--raw", folder, "--folder", folder / "review", "--port", "0"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for line in self.process.stdout:
            if found := re.match(r"Open (\S+)/", line):
                self.address = found[1]
                break
        (item, *_) = self.ask("/api/next?reviewer=B")
        self.ask(f"/api/annotations/{item['image']}")
        self.opened = time.perf_counter() - start
        times = psutil.Process(self.process.pid).cpu_times()
        self.processor = times.user + times.system

    def ask(self, path: str, content: dict | None = None) -> list | dict:
        data = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json", "Origin": self.address}
        request = urllib.request.Request(self.address + path, data, headers)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def timed(call, times: int) -> str:
    seconds = []
    for index in range(times):
        start = time.perf_counter()
        call(index)
        seconds.append(time.perf_counter() - start)
    return f"{1000 * np.median(seconds):7.1f} {1000 * max(seconds):7.1f}"


def decide(store: Store, images: list[str]) -> None:
    """Write verdicts of one reviewer, all at once."""
    with store.connect() as connection:
        connection.execute("BEGIN IMMEDIATE")
        for image in images:
            said = ("B", image, "accept", "", "[]")
            connection.execute(
                "INSERT INTO events (request, at, reviewer, image, decision, note, boxes)"
                " VALUES (?, 0, ?, ?, ?, ?, ?)",
                (f"drawn-{image}", *said),
            )
            connection.execute("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, 0)", said)
        connection.execute("COMMIT")


def measure(server: Server, decided: int, position: int) -> None:
    found = server.ask(f"/api/next?reviewer=B&from={position}&count=32")
    questions = {
        "next": lambda index: server.ask(f"/api/next?reviewer=B&from={position}&count=6"),
        "progress": lambda index: server.ask("/api/progress?reviewer=B"),
        "annotations": lambda index: server.ask(
            f"/api/annotations/{found[index % len(found)]['image']}"
        ),
        "verdict": lambda index: server.ask(
            "/api/verdicts",
            {"request": f"timed-{decided}-{index:06d}", "reviewer": "C", "decision": "accept",
             "image": found[index % len(found)]["image"]},
        ),
    }  # fmt: skip
    for name, call in questions.items():
        print(f"{decided:8,d}  {name:12s}{timed(call, ANSWERS)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--candidates", type=int, default=35242)
    parser.add_argument("--folder", type=Path, help="Keep the files here, or take those from here.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        if not (folder / "candidates.parquet").is_file():
            write_annotations(folder, arguments.candidates)
            find_candidates(folder, LvisParameters(), (1024, 9216), folder / "candidates.parquet")
        start = time.perf_counter()
        path = folder / "review" / "candidates.sqlite"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        catalog, _ = open_catalog(path, folder / "candidates.parquet", folder, LvisParameters())
        seconds = time.perf_counter() - start
        megabytes = path.stat().st_size / 1e6
        print(f"read once: {seconds:.1f} s, {megabytes:.0f} MB for {len(catalog):,} candidates")
        store = Store.open(path.with_name("decisions.sqlite"), catalog)
        with store.connect() as connection:
            rows = connection.execute("SELECT image FROM catalog.candidates ORDER BY position")
            images = [row["image"] for row in rows]
        print(" decided  answer       median slowest (ms)")
        done = 0
        for until in (0, len(images) // 2, len(images) - 64):
            decide(store, images[done:until])
            done = until
            server = Server(folder)
            print(
                f"{done:8,d}  opened again, first image answered: {server.opened:.2f} s, "
                f"of the processor {server.processor:.2f} s",
                flush=True,
            )
            measure(server, done, done)
            server.end()


if __name__ == "__main__":
    main()
