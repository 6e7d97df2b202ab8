"""The zoo and the library of blocks, against facts about networks that others wrote."""

from __future__ import annotations

from math import prod

import pytest

from cnnspec import resources
from cnnspec.diagnostics import Severity
from cnnspec.graph.build import build_graph
from cnnspec.graph.evaluate import evaluate
from cnnspec.graph.ir import Graph
from cnnspec.graph.library import load_library
from cnnspec.graph.serving import count_macs
from cnnspec.lint.engine import find_problems
from cnnspec.spec.read import read_spec
from tests.networks import FEW
from tests.reference_data import (
    NUMBERED,
    build_network,
    list_networks,
    read_figures,
    read_layers,
    read_network,
    read_weights,
)
from tests.zoo_cases import CASES

FIGURES = read_figures()
# What a spec gives without a variant.
DEFAULTS = {
    "alexnet": "torchvision", "deeplabv3": "50", "densenet": "121",
    "efficientnet": "b0", "fcn_resnet": "50", "fcn_vgg": "32s", "googlenet": "torchvision",
    "inception_v3": "torchvision", "mobilenet_v1": "100", "mobilenet_v3": "large",
    "resnet": "50", "resnet_v2": "50", "resnext": "50_32x4d", "squeezenet": "1_0",
    "wide_resnet": "50_2", "vgg": "16", "video_resnet": "r3d", "vit": "b_16",
    "waveform_cnn": "m5", "yolov3": "416",
}  # fmt: skip
# With the heads that are there in training only: torchvision 0.28.0 in training mode.
TRAINING_MACS = {"googlenet:aux": 1506748416, "inception_v3:aux": 5718899296}
# Lines that are not empty. Inception v3 has some fifty convolutions with names of their own.
MOST_LINES = {"googlenet": 60, "inception_v3": 150, "vit": 50, "yolov3": 80}


def count_parameters(graph: Graph) -> int:
    return sum(prod(weight.shape) for _, weight in graph.list_weights() if weight.trainable)


def count_statistics(graph: Graph) -> int:
    return sum(prod(weight.shape) for _, weight in graph.list_weights() if not weight.trainable)


def drop_single_position(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A map of one position as the vector that it holds."""
    return shape[:1] if set(shape[1:]) == {1} else shape


def join_single(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A kernel of one position as the matrix that it is."""
    return shape[:2] if set(shape[2:]) == {1} else shape


def test_reference_covers_zoo() -> None:
    networks = set()
    for name in resources.list_zoo():
        variants = read_network(name).variants
        networks |= {f"{name}:{variant}" for variant in variants} or {name}
    assert networks == FIGURES.keys()


def test_every_family_can_be_made_narrow() -> None:
    assert set(CASES) == set(resources.list_zoo())
    for name, case in CASES.items():
        # What is left out must be there, and something else must remain.
        assert not case.alike or set(case.alike) < set(read_network(name).variants)
    for net in FEW:
        if net.id.partition(":")[0] in CASES:
            graph = net.build()
            assert count_parameters(graph) < 300_000, net.id
            assert sum(node.macs for node in graph.nodes) < 20_000_000, net.id


@pytest.mark.parametrize("network", FIGURES)
def test_figures(network: str) -> None:
    graph, figures = build_network(network), FIGURES[network]
    assert count_parameters(graph) == figures.parameters
    assert count_statistics(graph) == figures.statistics
    assert count_macs(graph) == figures.macs
    assert count_macs(graph, training=True) == TRAINING_MACS.get(network, figures.macs)
    assert sum(node.attention_macs for node in graph.nodes) == figures.attention_macs
    assert {name: value.known.dims for name, value in graph.outputs.items()} == figures.outputs


def test_the_original_googlenet_is_that_of_onnx_but_for_its_last_rows() -> None:
    """ONNX's light_inception_v1, whose pools leave out what does not fill a window."""
    text = resources.read_zoo("googlenet").decode().partition("\nexpect:")[0]
    assert text.count("ceil_mode: true") == 1
    spec = read_spec(text.replace("ceil_mode: true", "ceil_mode: false"), "googlenet.yaml")
    graph = build_graph(spec, "paper")
    assert count_parameters(graph) == 6_998_552
    assert sum(node.macs for node in graph.nodes) == 1_431_556_352


@pytest.mark.parametrize("network", FIGURES)
def test_expectation_is_stated(network: str) -> None:
    name, _, variant = network.partition(":")
    stated = {entry.variant: entry.figures for entry in read_network(name).expect}
    figures = FIGURES[network]
    training = {"training_macs": TRAINING_MACS[network]} if network in TRAINING_MACS else {}
    assert {key: evaluate(value, {}) for key, value in stated[variant].items()} == {
        **training,
        "parameters": figures.parameters,
        "macs": figures.macs,
        "output": figures.expected_output,
        **({"attention_macs": figures.attention_macs} if figures.attention_macs else {}),
    }


@pytest.mark.parametrize("name", DEFAULTS)
def test_plain_name_is_best_known_variant(name: str) -> None:
    plain, variant = build_network(name), build_network(f"{name}:{DEFAULTS[name]}")
    assert list(plain.list_weights()) == list(variant.list_weights())
    assert plain.params == variant.params


@pytest.mark.parametrize("network", list_networks("state_dicts"))
def test_weights_have_reference_names_and_shapes(network: str) -> None:
    ours = {name: weight.shape for name, weight in build_network(network).list_weights()}
    theirs = {
        name: shape
        for name, shape in read_weights(network).items()
        if not name.endswith("num_batches_tracked")
    }
    assert ours == theirs


@pytest.mark.parametrize("network", list_networks("layer_shapes"))
def test_layers_have_reference_shapes(network: str) -> None:
    ours = {node.path: node.shape.dims for node in build_network(network).nodes}
    compared = 0
    for path, kind, shape in read_layers(network):
        if path in ours:
            assert drop_single_position(ours[path]) == drop_single_position(shape), path
            compared += 1
        else:
            # torchvision calls one ReLU several times in a residual block.
            assert (kind, path.rpartition(".")[2]) == ("ReLU", "relu")
            assert network.startswith(("resne", "wide_resnet", "fcn_resnet", "deeplab"))
    assert compared > len(ours) / 2


@pytest.mark.parametrize("network", NUMBERED)
def test_numbered_layers_have_reference_shapes_in_order(network: str) -> None:
    graph = build_network(network)
    # Here a layer of a vector's numbers, there a convolution of a map of one position.
    ours = [join_single(weight.shape) for _, weight in graph.list_weights()]
    theirs = [
        join_single(shape)
        for name, shape in read_weights(network).items()
        if not name.endswith("num_batches_tracked")
    ]
    assert ours == theirs
    kinds = {"conv": "Conv2d", "batch_norm": "BatchNorm2d", "leaky_relu": "LeakyReLU"}
    kinds["linear"] = "Conv2d"
    maps = [(kinds[n.op.op], n.shape.dims) for n in graph.nodes if n.op.op in kinds]
    wanted = [(kind, drop_single_position(shape)) for _, kind, shape in read_layers(network)]
    assert maps == wanted


@pytest.mark.slow
@pytest.mark.parametrize("name", resources.list_zoo())
def test_spec_is_clean(name: str) -> None:
    found = find_problems(read_network(name))
    assert [finding for finding in found if finding.severity is not Severity.HINT] == []


@pytest.mark.parametrize("name", resources.list_zoo())
def test_spec_presents_itself(name: str) -> None:
    spec = read_network(name)
    assert spec.name.lower() == name.replace("_", "")
    assert spec.summary[0].isupper() and not spec.summary.endswith(".")
    text = resources.read_zoo(name).decode()
    assert sum(bool(line.strip()) for line in text.splitlines()) <= MOST_LINES.get(name, 70)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("network", FIGURES)
def test_classes_can_be_set(network: str) -> None:
    name, _, variant = network.partition(":")
    spec = read_network(name)
    # What gives images has no classes, and what tells real ones from others one score.
    if "classes" not in spec.params:
        assert name in (
            "conv_autoencoder",
            "dcgan_discriminator",
            "dcgan_generator",
            "espcn",
            "resnet_fpn",
        )
        return
    graph = build_graph(spec, variant, {"classes": 7})
    if name.endswith("_rcnn"):
        # A proposal has no class yet; a region has a box for each.
        assert [graph.outputs[one].known.dims for one in ("classes", "boxes")] == [(7,), (28,)]
        return
    for name, value in graph.outputs.items():
        dims = value.known.dims
        # Of a map of boxes a part of the channels are scores of classes.
        assert dims != FIGURES[network].outputs[name] if len(dims) > 1 else dims == (7,)


# The library

# A call of every block, what it makes of a map of 64 x 16 x 16 or of its positions as tokens, and
# with how many parameters.
BLOCKS = [
    ("conv_bn: 32", (32, 16, 16), 64 * 32 * 9 + 2 * 32),
    ("conv_bn: {out_channels: 32, kernel_size: 1, stride: 2}", (32, 8, 8), 64 * 32 + 2 * 32),
    ("conv_bn: {out_channels: 32, padding: 0, groups: 4}", (32, 14, 14), 16 * 32 * 9 + 2 * 32),
    ("conv_bn: {out_channels: 32, activation: hard_swish}", (32, 16, 16), 64 * 32 * 9 + 2 * 32),
    ("depthwise_bn", (64, 16, 16), 64 * 9 + 2 * 64),
    ("depthwise_bn: {kernel_size: 5, stride: 2}", (64, 8, 8), 64 * 25 + 2 * 64),
    ("separable_conv: 32", (32, 16, 16), 64 * 9 + 2 * 64 + 64 * 32 + 2 * 32),
    ("separable_conv: {out_channels: 32, kernel_size: 5, stride: 2}", (32, 8, 8),
     64 * 25 + 2 * 64 + 64 * 32 + 2 * 32),
    ("double_conv: 32", (32, 16, 16), 64 * 32 * 9 + 32 + 32 * 32 * 9 + 32),
    ("double_conv: {out_channels: 32, padding: 0}", (32, 12, 12),
     64 * 32 * 9 + 32 + 32 * 32 * 9 + 32),
    ("double_conv: {out_channels: 32, batch_norm: true}", (32, 16, 16),
     64 * 32 * 9 + 32 * 32 * 9 + 4 * 32),
    ("squeeze_excite", (64, 16, 16), 64 * 4 + 4 + 4 * 64 + 64),
    ("squeeze_excite: {hidden_channels: 16, gate: hard_sigmoid}", (64, 16, 16),
     64 * 16 + 16 + 16 * 64 + 64),
    ("basic_block: 64", (64, 16, 16), 2 * (64 * 64 * 9 + 2 * 64)),
    ("basic_block: {channels: 64, stride: 2}", (64, 8, 8),
     2 * (64 * 64 * 9 + 2 * 64) + 64 * 64 + 2 * 64),
    ("bottleneck: 16", (64, 16, 16), 64 * 16 + 16 * 16 * 9 + 16 * 64 + 2 * (16 + 16 + 64)),
    ("bottleneck: {channels: 16, stride: 2}", (64, 8, 8),
     64 * 16 + 16 * 16 * 9 + 16 * 64 + 2 * (16 + 16 + 64) + 64 * 64 + 2 * 64),
    ("wide_bottleneck: {channels: 16, width: 32, groups: 4}", (64, 16, 16),
     64 * 32 + 32 * 8 * 9 + 32 * 64 + 2 * (32 + 32 + 64)),
    ("bottleneck_v1: {channels: 16, stride: 2}", (64, 8, 8),
     64 * 16 + 16 * 16 * 9 + 16 * 64 + 2 * (16 + 16 + 64) + 64 * 64 + 2 * 64),
    ("inverted_residual: 64", (64, 16, 16),
     64 * 384 + 384 * 9 + 384 * 64 + 2 * (384 + 384 + 64)),
    ("inverted_residual: {channels: 32, stride: 2, expansion: 3, kernel_size: 5}", (32, 8, 8),
     64 * 192 + 192 * 25 + 192 * 32 + 2 * (192 + 192 + 32)),
    ("inverted_residual: {channels: 32, expansion: 1}", (32, 16, 16),
     64 * 9 + 64 * 32 + 2 * (64 + 32)),
    ("mb_conv: {channels: 64, drop: 0.1}", (64, 16, 16),
     64 * 384 + 384 * 9 + 384 * 16 + 16 + 16 * 384 + 384 + 384 * 64 + 2 * (384 + 384 + 64)),
    ("mb_conv: {channels: 32, stride: 2, expansion: 1, kernel_size: 5}", (32, 8, 8),
     64 * 25 + 64 * 16 + 16 + 16 * 64 + 64 + 64 * 32 + 2 * (64 + 32)),
    ("mb_conv: {channels: 64, expanded: 96, squeezed: 0, activation: relu}", (64, 16, 16),
     64 * 96 + 96 * 9 + 96 * 64 + 2 * (96 + 96 + 64)),
    ("transformer_block: 8", (256, 64), 64 * 192 + 192 + 64 * 64 + 64
     + 64 * 256 + 256 + 256 * 64 + 64 + 4 * 64),
    ("transformer_block: {num_heads: 4, hidden_features: 32, dropout: 0.1}", (256, 64),
     64 * 192 + 192 + 64 * 64 + 64 + 64 * 32 + 32 + 32 * 64 + 64 + 4 * 64),
    ("classifier: 10", (10,), 64 * 256 * 10 + 10),
    ("classifier: {classes: 10, hidden: [32, 16], dropout: 0.5}", (10,),
     64 * 256 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10),
    ("pooled_classifier: {classes: 10, dropout: 0.2}", (10,), 64 * 10 + 10),
    ("conv_classifier: {classes: 10, dropout: 0.2}", (10,), 64 * 10 + 10),
]  # fmt: skip


@pytest.mark.parametrize(("call", "output", "parameters"), BLOCKS)
def test_block(call: str, output: tuple[int, ...], parameters: int) -> None:
    graph = build_call(call)
    assert graph.outputs["output"].known.dims == output
    assert count_parameters(graph) == parameters


def build_call(call: str) -> Graph:
    sizes = "tokens: 256" if call.startswith("transformer") else "height: 16, width: 16"
    header = f"cnnspec: 1\nname: net\ninput: {{channels: 64, {sizes}}}\n"
    return build_graph(read_spec(f"{header}layers: [{call}]\n", "net.yaml"))


def test_every_block_is_tested_and_described() -> None:
    library = load_library()
    assert library.keys() == {call.partition(":")[0] for call, _, _ in BLOCKS}
    for block in library.values():
        # The summary is a line of a docstring in generated code.
        assert block.summary[0].isupper() and len(block.summary) <= 76, block.name
        assert not block.summary.endswith("."), block.name


@pytest.mark.parametrize(
    ("call", "dropouts"),
    [
        ("classifier: {classes: 10, hidden: [32, 16]}", 2),
        ("classifier: {classes: 10, hidden: [32, 16], dropout: 0.0}", 0),
        ("pooled_classifier: 10", 0),
        ("pooled_classifier: {classes: 10, dropout: 0.2}", 1),
        ("conv_classifier: 10", 0),
        ("conv_classifier: {classes: 10, dropout: 0.2}", 1),
    ],
)
def test_heads_drop_out_where_asked(call: str, dropouts: int) -> None:
    assert sum(node.op.op == "dropout" for node in build_call(call).nodes) == dropouts


def test_defaults_mean_the_parameters_of_the_model_inside_of_blocks_too() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 64, height: 16, width: 16}\n"
        "params: {eps: 1e-3}\ndefaults: {batch_norm: {eps: $eps, momentum: $(1 / in_channels)}}\n"
        "blocks: {own: {params: [eps=0.5], layers: [batch_norm]}}\n"
        "layers: [conv_bn: 8, own, {batch_norm: {eps: 0.25}}]\n"
    )
    graph = build_graph(read_spec(text, "net.yaml"))
    norms = [node.op for node in graph.nodes if node.op.op == "batch_norm"]
    found = [(norm.eps, norm.momentum) for norm in norms]  # type: ignore[attr-defined]
    assert found == [(1e-3, 1 / 64), (1e-3, 1 / 8), (0.25, 1 / 64)]
