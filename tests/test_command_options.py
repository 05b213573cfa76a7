"""Settings on the command line: what lacks, is unknown or cannot be is said in one line."""

import json
import os

import click
import pytest
from click.testing import CliRunner
from published_settings import stated

from smallobjects.cli import main
from smallobjects.publishing import publish_file

REMEDY = "`snakemake -p` prints each call with its settings"


def settings_options():
    """Every option of a subcommand that takes settings, by `<command> <option>`."""
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in main.list_commands(context)]
    return {
        f"{command.name} {option.opts[0]}": option
        for command in commands
        for option in command.params
        if getattr(option, "metavar", None) == "JSON" and option.callback
    }


def refused(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1]


@pytest.fixture
def make_cams(tmp_path):
    (tmp_path / "classifier.pth").touch()
    return [
        "make-cams", "--dataset", str(tmp_path), "--split", "train",
        "--classifier", str(tmp_path / "classifier.pth"), "--output", str(tmp_path / "cams.npz"),
    ]  # fmt: skip


def test_a_call_without_settings_is_told_what_lacks(make_cams):
    assert refused(make_cams) == (
        f"Error: Invalid value for '--parameters': missing: scales, flip; {REMEDY}"
    )


def test_of_many_fields_that_lack_a_few_are_named(tmp_path):
    call = ["train-classifier", "--dataset", str(tmp_path), "--split", "train"]
    line = refused([*call, "--output", str(tmp_path / "classifier.pth")])
    fields = list(stated("irn.classifier"))
    assert len(fields) == 14
    assert line.endswith(f"; {REMEDY}")
    assert "and 11 more" in line
    named = line.partition("missing: ")[2].partition(" and ")[0].split(", ")
    assert len(named) == 3
    assert set(named) < set(fields)


def test_what_lacks_in_a_nested_setting_has_its_dotted_name(tmp_path):
    (tmp_path / "cams.npz").touch()
    seed = stated("irn.seed")
    del seed["crf"]["iterations"]
    call = ["make-seeds", "--dataset", str(tmp_path), "--cams", str(tmp_path / "cams.npz")]
    call += ["--output", str(tmp_path / "seeds.zip"), "--parameters", json.dumps(seed)]
    assert refused(call).endswith(f"missing: crf.iterations; {REMEDY}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            json.dumps({"scales": [1.0], "flip": True, "scalles": [1]}),
            "scalles = [1]: unknown key; allowed: scales, flip. Did you mean scales?",
        ),
        (
            json.dumps({"scales": [-1.0], "flip": True}),
            "scales.0 = -1.0: input should be greater than 0",
        ),
        ('{"flip": 7}', "flip = 7: input should be a valid boolean"),
        ("{", "invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "input should be an object"),
    ],
)
def test_settings_that_cannot_be_are_named(make_cams, settings, said):
    line = refused([*make_cams, "--parameters", settings])
    assert line.startswith(f"Error: Invalid value for '--parameters': {said}")
    assert ("missing" in line) == (REMEDY in line)


@pytest.mark.parametrize("name", settings_options())
def test_every_command_says_it_in_one_line(name):
    """Those of which a field must be given refuse `{}`; of all a wrong key is refused."""
    option = settings_options()[name]
    context = click.Context(main.get_command(click.Context(main), name.split()[0]))
    for value, lacks in (("{}", True), ('{"no_such_field": 1}', False)):
        try:
            option.callback(context, option, value)
        except click.BadParameter as error:
            assert "\n" not in error.message
            assert lacks <= (REMEDY in error.message)
            assert lacks or "no_such_field" in error.message
        else:
            assert lacks or name == "gather-labels --parameters"


@pytest.fixture
def score(tmp_path):
    for folder in ("predictions", "semantic", "instances"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ids.txt").write_text("one\n")
    return [
        "score", "--images", str(tmp_path / "ids.txt"), "--num-classes", "2",
        *(part for each in ("predictions", "semantic", "instances")
          for part in (f"--{each}", str(tmp_path / each))),
    ]  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
def test_a_file_is_not_written_over_what_is_read_or_written_beside_it(score, tmp_path, first):
    ids, scores = str(tmp_path / "ids.txt"), str(tmp_path / "s.json")
    given = ["--output", ids]
    arguments = [score[0], *given, *score[1:]] if first else [*score, *given]
    assert "ids.txt' is that of '--" in refused(arguments)
    assert (tmp_path / "ids.txt").read_text() == "one\n"
    (tmp_path / "link").symlink_to(tmp_path)
    for other in (scores, str(tmp_path / "predictions/../s.json"), str(tmp_path / "link/s.json")):
        said = refused([*score, "--output", scores, "--areas-output", other])
        assert "s.json' is that of '--output' too" in said


def test_one_input_may_be_given_twice(score, tmp_path):
    """Class masks may be scored against themselves."""
    score[score.index("--predictions") + 1] = str(tmp_path / "semantic")
    result = CliRunner().invoke(main, [*score, "--output", str(tmp_path / "s.json")])
    assert "is that of" not in result.output


def test_a_pipe_is_not_replaced_by_a_file(score, tmp_path):
    """Nor is /dev/null, which root could replace."""
    os.mkfifo(tmp_path / "pipe")
    assert "is a device or a pipe" in refused([*score, "--output", str(tmp_path / "pipe")])
    with pytest.raises(FileExistsError, match="pipe"), publish_file(tmp_path / "pipe"):
        raise AssertionError("the work has begun")
    assert (tmp_path / "pipe").is_fifo()
