import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.voc.annotations import VocObject, read_annotation
from smallobjects.datasets.raw import Box

OBJECT = """<object><name>{name}</name>{extra}<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>
<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"""


@pytest.fixture
def write(tmp_path):
    def write_annotation(*objects, text=None):
        path = tmp_path / "2007_000032.xml"
        path.write_text(text or f"<annotation>{''.join(objects)}</annotation>")
        return path

    return write_annotation


def an_object(name="dog", box=(1, 1, 10, 10), extra=""):
    return OBJECT.format(name=name, box=box, extra=extra)


def test_difficult_objects_count_and_parts_do_not(write):
    part = (
        "<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax></bndbox></part>"
    )
    path = write(an_object(extra="<difficult>1</difficult>"), an_object("person", extra=part))
    assert [item.class_id for item in read_annotation(path).objects] == [12, 15]


def test_image_without_objects(write):
    annotation = read_annotation(write("<filename>x.jpg</filename>"))
    assert (annotation.objects, annotation.size) == ([], None)


def test_one_based_inclusive_corners_become_zero_based_exclusive(tmp_path):
    assert VocObject(3, (1, 2, 10, 20)).box(50, 50, tmp_path) == Box(3, 0, 1, 10, 20)
    assert VocObject(3, (7, 7, 7, 7)).box(50, 50, tmp_path) == Box(3, 6, 6, 7, 7)


def test_fractions_stand_for_the_nearest_pixel(write):
    (item,) = read_annotation(write(an_object(box=("45.7000007", "10.2", "99.5", "80.49")))).objects
    assert item.box(100, 200, write()) == Box(12, 45, 9, 100, 80)


coordinates = st.integers(-5, 45)


@given(coordinates, coordinates, coordinates, coordinates)
def test_box_covers_exactly_the_pixels_within_the_image(xmin, ymin, xmax, ymax):
    height, width = 30, 40
    columns = [x - 1 for x in range(xmin, xmax + 1) if 1 <= x <= width]
    rows = [y - 1 for y in range(ymin, ymax + 1) if 1 <= y <= height]
    item = VocObject(1, (xmin, ymin, xmax, ymax))
    if not columns or not rows:
        with pytest.raises(DatasetError, match=r"a\.xml: the box .* covers no pixel"):
            item.box(height, width, "a.xml")
    elif xmin - 1 < -4 or ymin - 1 < -3 or xmax > 44 or ymax > 33:
        with pytest.raises(DatasetError, match=r"a\.xml: the box .* reaches far beyond the 40×30"):
            item.box(height, width, "a.xml")
    else:
        box = item.box(height, width, "a.xml")
        assert list(range(box.x0, box.x1)) == columns
        assert list(range(box.y0, box.y1)) == rows


def test_official_and_rebuilt_files_parse(realdata):
    paths = sorted((realdata / "VOCdevkit/VOC2012/Annotations").glob("*.xml"))
    assert len(paths) == 240
    official = {path for path in paths if "<pose>" in path.read_text()}
    assert 0 < len(official) < 240
    for path in paths:
        names = path.read_text().count("<object>")
        objects = read_annotation(path).objects
        assert len(objects) == names > 0
        assert all(1 <= item.class_id <= len(VOC_CLASSES) for item in objects)


@pytest.mark.parametrize(
    "encoding",
    [
        "gb2312",
        "GBK",
        "gb18030",
        "Shift_JIS",
        "euc-jp",
        "Big5",
        "utf-8",
        "UTF-16",
        "iso-8859-1",
        "windows-1252",
        "utf-8-sig",
    ],
)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_any_encoding_that_is_declared_is_read(encoding, quote, tmp_path):
    words = "画像" if encoding in ("Shift_JIS", "euc-jp", "UTF-16") else "图像"
    if encoding == "Big5":
        words = "圖像"
    if encoding in ("iso-8859-1", "windows-1252"):
        words = "Übung"
    # A mark of byte order is no encoding that a file declares.
    declared = encoding.removesuffix("-sig")
    text = (
        f"<?xml version={quote}1.0{quote} encoding={quote}{declared}{quote} ?>\r\n"
        f"<annotation><folder>{words}</folder>{an_object()}</annotation>"
    )
    path = tmp_path / "a.xml"
    path.write_bytes(text.encode(encoding))
    (item,) = read_annotation(path).objects
    assert item.corners == (1, 1, 10, 10)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<?xml version='1.0' encoding='klingon'?><annotation/>", "klingon.*; save it as UTF-8"),
        (b"<?xml version='1.0' encoding='hex'?><annotation/>", "hex.*; save it as UTF-8"),
        (b"<?xml version='1.0' encoding='gb2312'?><annotation>\xff\xff</annotation>", "malformed"),
        (b"<?xml version='1.0' encoding='gb2312'?>" + b"<annotation>", "malformed XML"),
        (b"<?xml version='1.0' encoding='utf-8'?><annotation>\xff</annotation>", "malformed XML"),
        (b"", "malformed XML"),
    ],
)
def test_an_encoding_that_cannot_be_read_is_one_line(content, words, tmp_path):
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"a\.xml: .*{words}") as caught:
        read_annotation(tmp_path / "a.xml")
    assert "\n" not in str(caught.value)
