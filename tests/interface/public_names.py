"""What is public, one line each: `python tests/interface/public_names.py > docs/interface.txt`."""

import inspect
from collections.abc import Iterator

import click

from smallobjects import losses, metrics
from smallobjects.cli import main

REGISTERED = (
    ("smallobjects.segmentation.modules", "MODELS", "SizeWeightedCrossEntropy"),
    ("smallobjects.segmentation.modules", "TRANSFORMS", "AddSizeWeights"),
    ("smallobjects.segmentation.modules", "HOOKS", "SizeWeightHook"),
    ("smallobjects.segmentation.modules", "HOOKS", "EwcHook"),
    ("smallobjects.metrics.mmseg_metric", "METRICS", "InstanceIoUMetric"),
)
"""What MMSegmentation finds by name once a module is imported."""
COMMANDS = ("score", "curve", "view")


def in_packages() -> Iterator[tuple[str, object]]:
    """Yield the names that two packages give away, with what they stand for."""
    for package in (losses, metrics):
        for name in package.__all__:
            yield f"{package.__name__}.{name}", getattr(package, name)


def described(name: str, thing: object) -> Iterator[str]:
    """Yield the call of a function, or of a class and of its methods."""
    if not inspect.isclass(thing):
        yield f"{name}{inspect.signature(thing)}"
        return
    yield f"{name}{inspect.signature(thing)}"
    for method, value in vars(thing).items():
        if method.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"{name}.{method}"
        elif inspect.isfunction(value):
            yield f"{name}.{method}{inspect.signature(value)}"


def registered() -> Iterator[str]:
    """Yield the parts of MMSegmentation's configurations."""
    import importlib

    from mmseg import registry

    for module, kind, name in REGISTERED:
        importlib.import_module(module)
        found = getattr(registry, kind).get(name)
        yield f"{module}: {name}{inspect.signature(found)}"


def commands() -> Iterator[str]:
    """Yield the options of the commands that need no workflow."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        options = sorted(option for each in command.params for option in each.opts)
        yield f"smallobjects {name} {' '.join(options)}"


def lines() -> list[str]:
    """Return the whole interface."""
    names = [line for name, thing in in_packages() for line in described(name, thing)]
    return [*names, *registered(), *commands()]


if __name__ == "__main__":
    print("\n".join(lines()))
