"""Writes a graph as Keras source: one self-contained file that imports only keras."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from cnnspec.backends.arguments import pass_arguments
from cnnspec.backends.base import CannotSayError, Compiled, RefusedError, UnshareableError
from cnnspec.backends.channels import ChannelFinder, index_owners
from cnnspec.backends.exposed import write_exposed
from cnnspec.backends.header import describe_graph
from cnnspec.backends.keras.functions import FunctionWriter
from cnnspec.backends.keras.kept import join_names
from cnnspec.backends.keras.layout import Shorthand
from cnnspec.backends.keras.names import find_suffixes
from cnnspec.backends.keras.outputs import TRAINING, OutputWriter
from cnnspec.backends.keras.paths import PathNamer, name_layer
from cnnspec.backends.keras.refusals import check_graph, check_names, find_refusals
from cnnspec.backends.keras.table import LAYERS, count_inputs
from cnnspec.backends.keras.turns import spell_variables
from cnnspec.backends.pycode import (
    Bracketed,
    Call,
    Code,
    Expr,
    format_docstring,
    format_signature,
    format_statement,
    literal,
    spell_tuple,
)
from cnnspec.backends.rows import Row, Use
from cnnspec.backends.site import OpSite, Supports
from cnnspec.backends.structure import list_calls, list_variables, make_uses, write_shared
from cnnspec.backends.units import (
    IN_CHANNELS,
    Unit,
    list_parameters,
    make_unit,
    say_computed,
    spell_parameter,
)
from cnnspec.expressions import Value
from cnnspec.graph.ir import BranchItem, Graph, Item, LoopItem, Node
from cnnspec.graph.ir import Value as Flow
from cnnspec.graph.walk import walk_items
from cnnspec.naming import module_name, variable_name
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass
from cnnspec.rendering import join_parts, render_template
from cnnspec.resources import find_folder

TEMPLATE = "keras/model.py.jinja"
# Layers in a row that Keras follows within the limit that Python has by default.
MAX_DEPTH = 800


@dataclass(frozen=True, slots=True)
class Source:
    """The parts of a file as text: `functions` holds the model's last."""

    supports: tuple[str, ...]
    functions: tuple[str, ...]
    model: str
    imports: tuple[str, ...]
    layer_names: Mapping[Node, Sequence[str]]

    @property
    def code(self) -> tuple[str, ...]:
        """What depends on the network."""
        return self.functions


@dataclass(slots=True)
class SourceWriter:
    """Writes all functions of one file; a function comes before those that call it."""

    graph: Graph
    finder: ChannelFinder
    exposed: Mapping[str, Value]
    shorthand: Shorthand
    supports: Supports = field(default_factory=Supports)
    functions: list[list[str]] = field(default_factory=list)
    homes: dict[Item, tuple[Unit, int]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    layer_names: dict[Node, list[str]] = field(default_factory=dict)

    def write_block(self, name: str, uses: tuple[Use, ...]) -> None:
        """One function for some uses of a block; keeps nothing when they cannot share it."""
        block = uses[0].calls[-1].block
        supports = dict(self.supports.names)
        free, count = variable_name(name.lower()), 2
        base, taken = free, self.names | self.list_words(uses)
        while free in taken:
            free, count = f"{base}{count}", count + 1
        unit = make_unit(free, name, block, uses, self.graph.params)
        writer = self.open_function(unit)
        try:
            results = writer.write(unit.list_rows(), [use.region for use in uses])
        except UnshareableError:
            self.supports.names = supports
            raise
        self.names.add(free)
        self.needs |= unit.functions
        self.layer_names |= writer.layer_names
        lines = writer.lines
        for code_name, text in reversed(say_computed(unit)):
            head = [f"    if {code_name} is None:"]
            lines = [*head, *format_statement(f"{code_name} = ", Code(text), indent=8), *lines]
        if IN_CHANNELS in unit.used:
            lines = ["    in_channels = x.shape[-1]", *lines]
        parameters = [spell_parameter(p) for p in list_parameters(unit, with_channels=False)]
        head = format_signature(
            free, ["x: keras.KerasTensor", *parameters, "*", "name: str"],
            spell_tuple("keras.KerasTensor", len(results), 0),
        )  # fmt: skip
        end = format_statement("return ", join_names(results), indent=4)
        self.functions.append([*head, *format_docstring(unit.title, 4), *lines, *end])
        for index, use in enumerate(uses):
            assert use.item is not None
            self.homes[use.item] = (unit, index)

    def list_words(self, uses: Sequence[Use]) -> set[str]:
        """What the functions that call a block have names for: it cannot be called so."""
        words: set[str] = set()
        blocks = [use.calls[-2].block if len(use.calls) > 1 else None for use in uses]
        for caller in {id(block): block for block in blocks}.values():
            steps = caller.steps if caller else self.graph.spec.steps
            words |= spell_variables(steps)
            words |= set(map(variable_name, caller.parameters if caller else self.exposed))
        return words

    def open_function(self, unit: Unit, is_model: bool = False) -> FunctionWriter:
        """What writes a function's body."""
        parts = (self.finder, self.supports, unit, self.call_block, self.names, self.shorthand)
        if is_model and not self.graph.is_plain:
            return OutputWriter(*parts)
        return FunctionWriter(*parts, is_model)

    def call_block(self, unit: Unit, rows: Sequence[Row], value: Expr, name: Expr) -> Expr:
        """The call of a block's function."""
        homes = [self.homes[row.item] for row in rows]
        if len({id(home[0]) for home in homes}) != 1:
            raise UnshareableError("uses call different functions")
        callee = homes[0][0]
        arguments, keywords = pass_arguments(
            self.finder, unit, rows, callee, [index for _, index in homes], with_channels=False
        )
        return Call(callee.name, (value, *arguments), (*keywords, ("name", name)))

    def write_model(self) -> str:
        """The function that makes the model; gives its name."""
        graph, exposed = self.graph, self.exposed
        name = variable_name(module_name(graph.spec.name))
        while name in self.names:
            name = f"{name}_model"
        parameters = {key: graph.spec.params[key] for key in exposed}

        def make() -> Unit:
            uses = (Use(None, graph.body, dict(exposed)),)
            title = describe_graph(graph, "").title
            fixed = {key: graph.params[key] for key in graph.params.keys() - exposed.keys()}
            return Unit(
                name, title, graph.spec.steps, uses, parameters,
                defaults=dict(exposed), fixed=fixed,
            )  # fmt: skip

        unit, model_name = make(), module_name(graph.name)
        # A chain that no loop makes shorter is a list of its layers.
        if is_chain(graph) and not has_loops(graph):
            body = self.write_sequential(unit, model_name)
        else:
            body = self.write_functional(unit, model_name)
            if is_chain(graph) and not any(line.lstrip().startswith("for ") for line in body):
                unit = make()
                body = self.write_sequential(unit, model_name)
        body = [*self.make_room(), *body]
        arguments = [spell_parameter(p) for p in list_parameters(unit, with_channels=False)]
        arguments += [f"{TRAINING}: bool = True"] if graph.training_outputs else []
        head = format_signature(name, arguments, "keras.Model")
        self.needs |= unit.functions
        self.functions.append([*head, *format_docstring(unit.title, 4), *body])
        return name

    def make_room(self) -> list[str]:
        """The statement that lets Keras follow more layers in a row than Python does by default."""
        depths: dict[Flow, int] = {}
        for node in self.graph.nodes:
            before = max((depths.get(value, 0) for value in node.inputs), default=0)
            depths[node.output] = before + max(1, len(self.layer_names.get(node, ())))
        depth = max(depths.values(), default=0)
        if depth <= MAX_DEPTH:
            return []
        self.needs.add("sys")
        limit = -(-(1_000 + 4 * depth) // 1_000) * 1_000
        return [
            "    # Keras goes from layer to layer by recursion.",
            f"    sys.setrecursionlimit(max(sys.getrecursionlimit(), {limit:_}))",
        ]

    def write_sequential(self, unit: Unit, model_name: str) -> list[str]:
        """A chain without blocks as one list of layers."""
        items: list[Expr] = [Call("keras.Input", (say_input(self.graph, 0),))]
        namer = PathNamer(unit)
        for node, row in list_nodes(unit):
            site = OpSite(self.finder, self.supports, unit, [row], (node,))
            name = namer.say([node.path], [row])
            written = LAYERS[type(node.op)](site, name)
            suffixes = find_suffixes(name, written)
            self.layer_names[node] = [f"{name_layer(node.path)}{suffix}" for suffix in suffixes]
            items += map(self.shorthand.shorten, written)
        layers = Bracketed(tuple(items), split=True)
        call = Call("keras.Sequential", (layers,), (("name", literal(model_name)),))
        return format_statement("return ", call, indent=4)

    def write_functional(self, unit: Unit, model_name: str) -> list[str]:
        """Any other network: layers called in order, between inputs and outputs."""
        writer = self.open_function(unit, is_model=True)
        inputs = self.graph.inputs
        single = len(inputs) == 1
        lines: list[str] = []
        variables: list[str] = []
        for position, value in enumerate(inputs):
            variable = "inputs" if single else writer.pick(value.name)
            name = () if single else (("name", literal(value.name)),)
            call = Call("keras.Input", (say_input(self.graph, position),), name)
            lines += format_statement(f"{variable} = ", call, indent=4)
            variables.append(variable)
            writer.values[value] = variable
            writer.current = variable
        writer.write_list(unit.list_rows(), [unit.uses[0].region])
        self.layer_names |= writer.layer_names
        result = writer.write_outputs() if isinstance(writer, OutputWriter) else writer.current
        every = "inputs" if single else f"[{', '.join(variables)}]"
        end = Call("keras.Model", (Code(every), Code(result)), (("name", literal(model_name)),))
        gap = [""] if writer.after_stage else []
        return [*lines, *writer.lines, *gap, *format_statement("return ", end, indent=4)]


def list_nodes(unit: Unit) -> list[tuple[Node, Row]]:
    """The ops of a chain with what their places know: the model's own parameters."""
    row = unit.list_rows()[0]
    found: list[tuple[Node, Row]] = []

    def visit(region_items: Sequence[Item]) -> None:
        for item in region_items:
            node = getattr(item, "node", None)
            body = getattr(item, "body", None)
            if node is not None:
                found.append((node, row.follow(item)))
            elif body is not None:
                visit(body.items)
            elif isinstance(item, BranchItem):
                # A residual without its shortcut is a part of the chain.
                for _, branch in item.branches:
                    visit(branch.items)
            else:
                visit([turn for _, turn in getattr(item, "turns", ())])

    visit(unit.uses[0].region.items)
    return found


def is_chain(graph: Graph) -> bool:
    """Whether ops follow one another, with no block called, nothing shared, no output named."""
    value = graph.inputs[0]
    for node in graph.nodes:
        is_own = node.shares is None and not node.origin.calls and type(node.op) in LAYERS
        if not is_own or node.inputs != (value,) or count_inputs(node.op) > 1:
            return False
        value = node.output
    return len(graph.inputs) == 1 and bool(graph.nodes) and graph.is_plain


def has_loops(graph: Graph) -> bool:
    """Whether a step of the network is carried out several times."""
    return any(isinstance(item, LoopItem) for item in walk_items(graph.body))


def say_input(graph: Graph, position: int) -> Expr:
    """A shape as Keras has it: the channels last, and None for sizes that are open."""
    shape = graph.inputs[position].known
    opened = {place for size in graph.open_sizes for place in size.places}
    if shape.kind is not Kind.MAP:
        return literal(shape.dims)
    sizes = (None if (position, axis) in opened else size for axis, size in enumerate(shape.sizes))
    return literal((*sizes, shape.channels))


def write_source(graph: Graph, exposed: Mapping[str, Value]) -> Source:
    """The parts of the file, with some of the model's parameters as arguments."""
    writer, model = write_functions(graph, exposed, Shorthand())
    functions = tuple("\n".join(lines) for lines in writer.functions)
    if shorthand := writer.shorthand.choose(functions):
        writer, model = write_functions(graph, exposed, shorthand)
        functions = tuple("\n".join(lines) for lines in writer.functions)
    definitions = [read_support(name) for name in writer.supports.names]
    if "divisible_by" in writer.needs:
        folder = find_folder("templates") / "torch" / "support"
        definitions.insert(0, (folder / "divisible_by.py").read_text(encoding="utf-8").strip("\n"))
    short = writer.shorthand.define()
    text = "\n".join((*short, *definitions, *functions))
    standard = ["import math"] if writer.needs & {"ceil", "floor"} else []
    standard += ["import sys"] if "sys" in writer.needs else []
    standard += ["from functools import partial"] if short else []
    words = ("initializers", "layers", "ops")
    names = [word for word in words if re.search(rf"(?<!\.)\b{word}\.", text)]
    imports = [*standard, *([""] if standard else []), "import keras"]
    imports += [f"from keras import {', '.join(names)}"] if names else []
    imports += ["", *short] if short else []
    return Source(tuple(definitions), functions, model, tuple(imports), writer.layer_names)


def write_functions(
    graph: Graph, exposed: Mapping[str, Value], shorthand: Shorthand
) -> tuple[SourceWriter, str]:
    """All functions of the file, and the name of the model's."""
    writer = SourceWriter(graph, ChannelFinder(graph, index_owners(graph)), exposed, shorthand)
    supports = (find_folder("templates") / "keras" / "support").glob("*.py")
    writer.names |= {"initializers", "keras", "layers", "math", "ops", "sys"}
    writer.names |= {path.stem for path in supports}
    writer.names |= {*list_variables(graph, exposed), TRAINING}
    for block, calls in list_calls(graph).items():

        def write(uses: tuple[Use, ...], name: str = block.name) -> None:
            writer.write_block(name, uses)

        for uses in writer.finder.taken.group_uses(make_uses(calls)):
            write_shared(uses, write)
    return writer, writer.write_model()


def read_support(name: str) -> str:
    """A definition from the support folder, without its imports."""
    path = find_folder("templates") / "keras" / "support" / f"{name}.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(("@", "class ", "def ")))
    return "\n".join(lines[start:]).rstrip("\n")


def compile_keras(
    graph: Graph, command: str, templates: Path | None = None, *, fixed: bool = False
) -> Compiled:
    """Compile a graph to Keras; raises SpecError for what it cannot say exactly.

    A `fixed` model takes no parameters, and so needs no proof of which it can take.
    """
    check_graph(graph)
    try:
        notes: tuple[str, ...] = ()
        if fixed:
            source = write_source(graph, {})
        else:
            source, notes = write_exposed(graph, write_source)
    except CannotSayError as error:
        raise RefusedError(find_refusals(graph, error)) from None
    check_names(graph, source.layer_names)
    view = {
        "header": describe_graph(graph, command),
        "supports": source.supports,
        "functions": source.functions,
        "model": source.model,
        "imports": source.imports,
        "joined": join_parts(source.imports, (*source.supports, *source.functions)),
    }
    text = render_template(TEMPLATE, view, templates)
    if any(node.shares for node in graph.nodes):
        from cnnspec.backends.keras.rehearsal import check_order

        check_order(graph, text.encode())
    return Compiled({f"{module_name(graph.name)}_keras.py": (text.encode(),)}, notes)
