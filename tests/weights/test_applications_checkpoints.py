"""Weights of keras.applications' models give the same numbers in ours: names, layouts, rows."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.keras, pytest.mark.slow]

np = pytest.importorskip("numpy")
keras = pytest.importorskip("keras")
pytest.importorskip("safetensors")
pytest.importorskip("re2")

from cnnspec import resources  # noqa: E402
from cnnspec.backends.keras.emit import compile_keras  # noqa: E402
from cnnspec.cli.arguments import open_network, parse_setting  # noqa: E402
from cnnspec.verify.measure import import_source  # noqa: E402
from tests.networks import SPECS  # noqa: E402
from tests.weights.files import call  # noqa: E402

SIZE = 64


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    keras.utils.clear_session()


def write_vgg(folder: Path, depth: int) -> tuple[str, list[str]]:
    """The zoo's VGG for small images; its pool to 7x7 positions does nothing at full size."""
    text = resources.read_zoo("vgg").decode().partition("\nexpect:")[0]
    for old, new in (("224", str(SIZE)), ("adaptive_avg_pool: 7", "adaptive_avg_pool: 2")):
        assert old in text
        text = text.replace(old, new)
    (folder / "vgg.yaml").write_text(text)
    return f"{folder}/vgg.yaml:{depth}", ["--set", "classes=10", "--rename", "keras_applications"]


def write_zoo(folder: Path, name: str) -> tuple[str, list[str]]:
    """A spec of the zoo for small images, with the rules that ship."""
    text = resources.read_zoo(name).decode().partition("\nexpect:")[0]
    small = text.replace("height: 224, width: 224", f"height: {SIZE}, width: {SIZE}")
    small = small.replace("  size: 224", f"  size: {SIZE}")
    assert small != text
    (folder / f"{name}.yaml").write_text(small)
    return f"{folder}/{name}.yaml", ["--set", "classes=10", "--rename", "keras_applications"]


def write_own(folder: Path, name: str, sets: list[str], *more: str) -> tuple[str, list[str]]:
    """A spec with the names of keras.applications, for somewhat larger images."""
    home = SPECS if (SPECS / f"{name}.yaml").exists() else Path(__file__).parent
    text = (home / f"{name}.yaml").read_text()
    assert "height: 32, width: 32" in text
    (folder / f"{name}.yaml").write_text(text.replace("32, width: 32", f"{SIZE}, width: {SIZE}"))
    return f"{folder}/{name}.yaml", [word for each in sets for word in ("--set", each)] + [*more]


VGG_SETS = ["widths=[64, 128, 256, 512, 512]", "hidden=4096"]
CASES: dict[str, Any] = {
    "VGG16": lambda folder: write_vgg(folder, 16),
    "VGG19": lambda folder: write_vgg(folder, 19),
    "DenseNet121": lambda folder: write_zoo(folder, "densenet"),
    "MobileNet": lambda folder: write_zoo(folder, "mobilenet_v1"),
    "ResNet50V2": lambda folder: write_zoo(folder, "resnet_v2"),
    # The same names need no rules, but the rows behind the flattened map need our order.
    "VGG16 by its own names": lambda folder: write_own(
        folder, "keras_vgg16", VGG_SETS, "--flatten", "channels_last"
    ),
    "MobileNetV2": lambda folder: write_own(folder, "keras_mobilenetv2", []),
    "ResNet50": lambda folder: write_own(folder, "keras_resnet50", ["widths=[64, 128, 256, 512]"]),
}


def randomise(model: Any) -> None:
    """Weights that keep values at their scale, and are none of them trivial."""
    source = np.random.default_rng(0)
    for variable in model.weights:
        if len(variable.shape) == 1:
            variable.assign(source.uniform(0.5, 1.0, variable.shape))
        else:
            spread = (2 / prod(variable.shape[:-1])) ** 0.5
            # The softmax behind the last layer would hide all differences but the largest.
            spread *= 0.05 if "predictions" in variable.path else 1
            variable.assign(source.standard_normal(variable.shape, "float32") * spread)


def choose_marks(case: str, suffix: str) -> tuple[Any, ...]:
    """A .keras file holds a .weights.h5, so one of them is enough."""
    few = suffix == ".weights.h5" or case == "MobileNet"
    return () if few else (pytest.mark.exhaustive,)


@pytest.mark.parametrize(
    ("case", "suffix"),
    [
        pytest.param(case, suffix, marks=choose_marks(case, suffix))
        for case in CASES
        for suffix in (".weights.h5", ".keras")
    ],
)
def test_their_weights_compute_the_same_in_generated_models(
    case: str, suffix: str, tmp_path: Path, capsys: Any
) -> None:
    make = getattr(keras.applications, case.partition(" ")[0])
    theirs = make(weights=None, input_shape=(SIZE, SIZE, 3), classes=10)
    randomise(theirs)
    path = tmp_path / f"theirs{suffix}"
    theirs.save(path) if suffix == ".keras" else theirs.save_weights(path)
    reference, options = CASES[case](tmp_path)
    ours = tmp_path / "ours.weights.h5"
    found = call(capsys, "convert", path, ours, "--spec", reference, *options)
    assert found == (0, f"wrote {ours}\n", "")

    settings = [parse_setting(word) for word in options if "=" in word]
    graph = open_network(reference, settings).graph
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    with import_source(source, "keras_generated") as module:
        model = getattr(module, graph.spec.name.lower())(classes=10)
    model.load_weights(ours)
    images = np.random.default_rng(1).standard_normal((2, SIZE, SIZE, 3)).astype("float32")
    wanted = keras.ops.convert_to_numpy(theirs(images, training=False))
    result = model(images, training=False)
    if graph.nodes[-1].op.op != "softmax":
        result = keras.ops.softmax(result)
    result = keras.ops.convert_to_numpy(result)
    assert np.ptp(wanted) > 1e-3
    np.testing.assert_allclose(result, wanted, rtol=1e-3, atol=1e-5)
