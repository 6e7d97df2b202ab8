"""What Keras cannot say of a network, as findings at the steps that ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.backends.base import CannotSayError, RefusedError, explain_refusal, refuse_long
from cnnspec.backends.channels import ChannelFinder, index_owners
from cnnspec.backends.keras.outputs import TRAINING
from cnnspec.backends.keras.table import LAYERS, UNSUPPORTED
from cnnspec.backends.pycode import Code
from cnnspec.backends.site import OpSite, find_refused
from cnnspec.diagnostics import Diagnostic
from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.serving import find_unused


def check_graph(graph: Graph) -> None:
    """Raise SpecError for what Keras cannot say, whatever source would be written."""
    refuse_long(graph)
    refused = [
        explain_refusal(node, UNSUPPORTED[type(node.op)], "keras", ("torch", "onnx"))
        for node in graph.nodes
        if type(node.op) in UNSUPPORTED
    ]
    unused = find_unused(graph)
    refused += [
        explain_refusal(
            node,
            "nothing uses its result, and keras would leave it out",
            "keras",
            ("torch", "onnx"),
        )
        for node in graph.nodes
        if node in unused
    ]
    if graph.training_outputs and TRAINING in graph.params:
        message = f"its parameter {TRAINING} has the name of an argument that keras code needs"
        span = graph.spec.param_spans.get(TRAINING, graph.spec.span)
        help = ("give the parameter another name",)
        refused.append(Diagnostic("backend-unsupported", message, span, help=help))
    if refused:
        raise RefusedError(refused)


def check_names(graph: Graph, layer_names: Mapping[Node, Sequence[str]]) -> None:
    """Raise SpecError for layers that would share a name: a path's dots become underscores."""
    taken: dict[str, Node] = {}
    refused = []
    for node in graph.nodes:
        for name in layer_names.get(node, ()):
            other = taken.setdefault(name, node)
            if other is not node:
                refused.append(
                    Diagnostic(
                        "backend-unsupported",
                        f"keras would call two layers '{name}': for {other.path} and {node.path}",
                        node.origin.step.span,
                        path=node.path,
                        help=("give one of the two another name",),
                    )
                )
    if refused:
        raise RefusedError(refused)


def find_refusals(graph: Graph, error: CannotSayError) -> list[Diagnostic]:
    """The diagnostics for all ops that one layer at a time cannot be said."""

    def write(site: OpSite) -> None:
        if type(site.op) in LAYERS:
            LAYERS[type(site.op)](site, Code('"probe"'))

    def refuse(node: Node, reason: str) -> Diagnostic:
        return explain_refusal(node, reason, "keras", ("torch", "onnx"))

    finder = ChannelFinder(graph, index_owners(graph))
    return find_refused(graph, finder, write, refuse, error.reason)
