"""Options and conversions that several subcommands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel, ValidationError

from smallobjects.validation_messages import summarise

Model = TypeVar("Model", bound=BaseModel)

_PATHS = f"{__name__}.paths"
"""Where a call keeps the paths that it was given, each with its option."""


class Input(click.Path):
    """A path that is read."""

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path; refuse one that is to be written to as well."""
        path = super().convert(value, param, ctx)
        _keep_apart(self, path, param, ctx)
        return path


class Output(click.Path):
    """A path to write to, looked at before any work is done."""

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path; refuse one that is of another kind, below a file, or given twice."""
        path = super().convert(value, param, ctx)
        above = next((parent for parent in path.absolute().parents if parent.exists()), None)
        if above is not None and not above.is_dir():
            self.fail(f"{str(path)!r} cannot be made: {str(above)!r} is no folder.", param, ctx)
        if path.exists() and not (path.is_file() or path.is_dir()):
            self.fail(f"{str(path)!r} is a device or a pipe; name a file.", param, ctx)
        _keep_apart(self, path, param, ctx)
        return path


def _keep_apart(
    kind: Input | Output, path: Path, param: click.Parameter | None, ctx: click.Context | None
) -> None:
    """Refuse a path that is written to and also read, or written to by another option."""
    if param is None or ctx is None:
        return
    paths = ctx.meta.setdefault(_PATHS, [])
    for other, other_param, other_kind in paths:
        # An option that is converted again, as its default, is not another.
        if other_param is param or (not isinstance(kind, Output) and not other_kind):
            continue
        if path.resolve() == other:
            name = other_param.get_error_hint(ctx)
            kind.fail(f"{str(path)!r} is that of {name} too; name another.", param, ctx)
    paths.append((path.resolve(), param, isinstance(kind, Output)))


EXISTING_FILE = Input(exists=True, dir_okay=False, path_type=Path)
EXISTING_FOLDER = Input(exists=True, file_okay=False, path_type=Path)
NEW_FILE = Output(dir_okay=False, path_type=Path)
NEW_FOLDER = Output(file_okay=False, path_type=Path)
NEW_PATH = Output(path_type=Path)
OUTPUTS = (NEW_FILE, NEW_FOLDER, NEW_PATH)
REMEDY = "`snakemake -p` prints each call with its settings"
"""Of a call that lacks settings."""


def parameters_option(
    model: type[Model], name: str = "--parameters", default: str | None = "{}"
) -> Callable:
    """Return an option that takes a JSON object and hands over a `model`.

    Args:
        model: what the object is validated by.
        name: of the option.
        default: what is taken where the option is not given; of None, None is handed over.
    """

    def convert(ctx: click.Context, option: click.Parameter, value: str | None) -> Model | None:
        if value is None:
            return None
        try:
            return model.model_validate_json(value)
        except ValidationError as error:
            raise refused_settings(model, error, ctx=ctx, param=option) from error

    lacking = any(field.is_required() for field in model.model_fields.values())
    return click.option(
        name,
        default=default,
        callback=convert,
        metavar="JSON",
        help=f"{model.__name__} as a JSON object{f' ({REMEDY})' if lacking else ''}.",
    )


def refused_settings(
    model: type[BaseModel], error: ValidationError, key: str = "", **where: Any
) -> click.BadParameter:
    """Return the error, in one line, of an option whose settings `model` refuses.

    Args:
        model: what refused them.
        error: what it raised.
        key: the dotted key at which the settings stand in the option's object, or nothing.
        where: what a BadParameter is told of the option.
    """
    message = summarise(model, error, key)
    if any(problem["type"] == "missing" for problem in error.errors()):
        message += f"; {REMEDY}"
    return click.BadParameter(message, **where)


def output_option_ending(suffix: str, beside: str, help: str) -> Callable:
    """Return the option of a file to write, `--output`, of which others take the name.

    Args:
        suffix: what the file's name ends in, with the dot.
        beside: what a message says of the other files.
        help: of the option.
    """

    def check(ctx: click.Context, option: click.Parameter, value: Path) -> Path:
        if value.suffix != suffix:
            raise click.BadParameter(f"{value} does not end in {suffix} ({beside})", ctx, option)
        return value

    return click.option("--output", required=True, type=NEW_FILE, callback=check, help=help)


threads_option = click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(min=1), help="CPU threads."
)
seed_option = click.option("--seed", default=0, show_default=True, type=int, help="Random seed.")
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="cpu, cuda, or auto: cuda where there is a GPU.",
)
dataset_option = click.option(
    "--dataset", required=True, type=EXISTING_FOLDER, help="Prepared dataset."
)
workers_option = click.option(
    "--workers",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Processes that load images; 0 loads them in the main one. Changes no result.",
)
