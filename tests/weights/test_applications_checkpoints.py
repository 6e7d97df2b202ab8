"""Weights of keras.applications' models give the same numbers in ours: names, layouts, rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

pytest.importorskip("safetensors")
pytest.importorskip("re2")

from cnnspec import resources
from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.cli.arguments import open_network, parse_setting
from cnnspec.graph.ir import Graph
from cnnspec.naming import class_name
from cnnspec.records import dataclass
from cnnspec.verify.measure import import_source
from tests.frameworks import keras
from tests.networks import SPECS
from tests.weights.files import call

pytestmark = [pytest.mark.keras, pytest.mark.slow]

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


def write_own(
    folder: Path, name: str, sets: Sequence[str] = (), *more: str, variant: str = ""
) -> tuple[str, list[str]]:
    """A spec with the names of keras.applications, for somewhat larger images."""
    home = SPECS if (SPECS / f"{name}.yaml").exists() else Path(__file__).parent
    text = (home / f"{name}.yaml").read_text()
    assert "height: 32, width: 32" in text
    (folder / f"{name}.yaml").write_text(text.replace("32, width: 32", f"{SIZE}, width: {SIZE}"))
    settings = [word for each in sets for word in ("--set", each)]
    return f"{folder}/{name}.yaml:{variant}".rstrip(":"), [*settings, *more]


def take_inception(folder: Path) -> tuple[str, list[str]]:
    """The zoo's network with other pools; its input has a size of its own."""
    settings = ["--set", f"size={LEAST['InceptionV3']}", "--set", "classes=10"]
    path = Path(__file__).parent / "keras_inceptionv3.yaml"
    return str(path), [*settings, "--rename", "keras_applications"]


# The least images that Keras takes, where that is more.
LEAST = {"InceptionV3": 75}


VGG_SETS = ["widths=[64, 128, 256, 512, 512]", "hidden=4096"]
CASES: dict[str, Any] = {
    "VGG16": lambda folder: write_vgg(folder, 16),
    "VGG19": lambda folder: write_vgg(folder, 19),
    "DenseNet121": lambda folder: write_zoo(folder, "densenet"),
    "InceptionV3": take_inception,
    "MobileNet": lambda folder: write_zoo(folder, "mobilenet_v1"),
    "ResNet50V2": lambda folder: write_zoo(folder, "resnet_v2"),
    # The same names need no rules, but the rows behind the flattened map need our order.
    "VGG16 by its own names": lambda folder: write_own(
        folder, "keras_vgg16", VGG_SETS, "--flatten", "channels_last"
    ),
    "MobileNetV2": lambda folder: write_own(folder, "keras_mobilenetv2"),
    "MobileNetV3Small": lambda folder: write_own(
        folder, "keras_mobilenetv3", ["classes=10"], variant="small"
    ),
    "MobileNetV3Large": lambda folder: write_own(
        folder, "keras_mobilenetv3", ["classes=10"], variant="large"
    ),
    "ResNet50": lambda folder: write_own(folder, "keras_resnet50", ["widths=[64, 128, 256, 512]"]),
}
CASES |= {
    f"EfficientNetB{size}": lambda folder, size=size: write_own(
        folder, "keras_efficientnet", ["classes=10"], "--rename", RULES, variant=f"b{size}"
    )
    for size in range(8)
}
RULES = str(Path(__file__).parent / "keras_efficientnet_rules.yaml")
# They differ from others in counts alone, and the last have 40 and 66 million weights.
ALIKE = {f"EfficientNetB{size}" for size in (1, 3, 4, 5, 6, 7)} | {"VGG19", "MobileNetV3Large"}


def randomise(model: Any, images: Any) -> None:
    """Weights that are none of them trivial, and statistics that keep values at their scale.

    Without those, what deep networks make of an image is lost in what their biases add.
    """
    source = np.random.default_rng(0)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    for layer in model.layers:
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        for variable in layer.weights:
            shape = variable.shape
            if len(shape) == 1:
                variable.assign(source.uniform(0.5, 1.0, shape))
            elif shape:
                seen = prod(shape[:2] if depthwise else shape[:-1])
                spread = (2 / seen) ** 0.5
                # Without norms, the softmax would hide all differences but the largest.
                spread *= 0.2 if layer.name == "predictions" and not norms else 1
                variable.assign(source.standard_normal(shape, "float32") * spread)
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@dataclass(frozen=True, slots=True)
class Theirs:
    """A model of keras.applications, and what it makes of some images."""

    case: str
    model: Any
    images: Any
    wanted: Any


@pytest.fixture(scope="module")
def theirs(request: Any) -> Theirs:
    # Layers without names are numbered from the start of a session.
    keras.utils.clear_session()
    name = request.param.partition(" ")[0]
    size = LEAST.get(name, SIZE)
    options = {"include_preprocessing": False} if name.startswith("MobileNetV3") else {}
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(size, size, 3), classes=10, **options)
    images = np.random.default_rng(1).standard_normal((16, size, size, 3), "float32")
    # It scales images itself, from pixels of 0 to 255.
    images = images * 64 + 128 if name.startswith("EfficientNet") else images
    # Statistics of two alone would blow up how float32 rounds.
    randomise(model, images)
    images = images[:2]
    wanted = keras.ops.convert_to_numpy(model(images, training=False))
    # Else the comparison would be one of the last biases.
    assert np.abs(wanted[0] - wanted[1]).max() > 1e-2
    return Theirs(request.param, model, images, wanted)


def convert(theirs: Theirs, folder: Path, capsys: Any, suffix: str, name: str) -> Graph:
    """Bring their weights into a file of ours, by the tool's command."""
    path = folder / f"theirs{suffix}"
    theirs.model.save(path) if suffix == ".keras" else theirs.model.save_weights(path)
    reference, options = CASES[theirs.case](folder)
    found = call(capsys, "convert", path, folder / name, "--spec", reference, *options)
    assert found == (0, f"wrote {folder / name}\n", "")
    return open_network(reference, [parse_setting(word) for word in options if "=" in word]).graph


def require_alike(graph: Graph, result: Any, wanted: Any) -> None:
    if graph.nodes[-1].op.op != "softmax":
        powers = np.exp(result - result.max(axis=1, keepdims=True))
        result = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result, wanted, rtol=1e-3, atol=1e-5)


def choose_marks(case: str, suffix: str) -> tuple[Any, ...]:
    """A .keras file holds a .weights.h5, so one of them is enough."""
    few = case not in ALIKE and (suffix == ".weights.h5" or case == "MobileNet")
    return () if few else (pytest.mark.exhaustive,)


@pytest.mark.parametrize(
    ("theirs", "suffix"),
    [
        pytest.param(case, suffix, marks=choose_marks(case, suffix))
        for case in CASES
        for suffix in (".weights.h5", ".keras")
    ],
    indirect=["theirs"],
)
def test_their_weights_compute_the_same_in_generated_models(
    theirs: Theirs, suffix: str, tmp_path: Path, capsys: Any
) -> None:
    graph = convert(theirs, tmp_path, capsys, suffix, "ours.weights.h5")
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    with import_source(source, "keras_generated") as module:
        model = getattr(module, graph.spec.name.lower())(classes=10)
    model.load_weights(tmp_path / "ours.weights.h5")
    result = keras.ops.convert_to_numpy(model(theirs.images, training=False))
    require_alike(graph, result, theirs.wanted)


def run_torch(graph: Graph, weights: Path, images: Any) -> Any:
    """What the generated PyTorch model makes of images that have their channels last."""
    torch = pytest.importorskip("torch")
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    with import_source(source, "torch_generated") as module:
        model = getattr(module, class_name(graph.spec.name))(classes=10).eval()
    model.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    with torch.no_grad():
        return model(torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))).numpy()


@pytest.mark.torch
@pytest.mark.parametrize(
    "theirs",
    [pytest.param(case, marks=choose_marks(case, ".weights.h5")) for case in CASES],
    indirect=True,
)
def test_their_weights_compute_the_same_in_pytorch(
    theirs: Theirs, tmp_path: Path, capsys: Any
) -> None:
    graph = convert(theirs, tmp_path, capsys, ".weights.h5", "ours.pt")
    require_alike(graph, run_torch(graph, tmp_path / "ours.pt", theirs.images), theirs.wanted)


@pytest.mark.torch
@pytest.mark.parametrize("theirs", ["EfficientNetB0"], indirect=True)
def test_published_efficientnets_scale_images_once_more(
    theirs: Theirs, tmp_path: Path, capsys: Any
) -> None:
    convert(theirs, tmp_path, capsys, ".weights.h5", "ours.pt")
    deviations = np.array([0.229, 0.224, 0.225], np.float32)
    settings = [parse_setting(f"deviations={deviations.tolist()}"), parse_setting("classes=10")]
    graph = open_network(f"{tmp_path}/keras_efficientnet.yaml:b0", settings).graph
    # To divide by the root of a deviation is what a variance so much larger does.
    norm = theirs.model.get_layer("normalization")
    variance = keras.ops.convert_to_numpy(norm.adapt_variance)
    norm.adapt_variance.assign(variance * deviations)
    norm.finalize_state()
    wanted = keras.ops.convert_to_numpy(theirs.model(theirs.images, training=False))
    norm.adapt_variance.assign(variance)
    norm.finalize_state()
    assert np.abs(wanted - theirs.wanted).max() > 1e-3
    require_alike(graph, run_torch(graph, tmp_path / "ours.pt", theirs.images), wanted)
