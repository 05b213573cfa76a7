import pytest

from smallobjects.overview.data_used import data_used


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (["synthetic", "synthetic"], "synthetic data"),
        (["download", "/data/VOC2012"], "real data"),
        (["synthetic", "download"], "synthetic and real data"),
    ],
)
def test_captions_say_what_was_used(raw, text):
    assert data_used(raw) == text
