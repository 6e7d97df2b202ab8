"""Writes a graph as PyTorch source: one self-contained file that imports only torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cnnspec.backends.base import (
    CannotSayError,
    Compiled,
    RefusedError,
    UnshareableError,
    explain_refusal,
    refuse_long,
)
from cnnspec.backends.channels import ChannelFinder, index_owners
from cnnspec.backends.exposed import write_exposed
from cnnspec.backends.header import describe_graph
from cnnspec.backends.rows import Use
from cnnspec.backends.site import OpSite, find_refused
from cnnspec.backends.structure import list_calls, list_variables, make_uses, write_shared
from cnnspec.backends.torch.classes import ClassCode, ClassWriter
from cnnspec.backends.torch.initial import HELPER
from cnnspec.backends.torch.table import LEAVES, UNSUPPORTED
from cnnspec.backends.units import Unit, make_unit
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.expressions import Value
from cnnspec.graph.ir import Graph, Node
from cnnspec.naming import class_name, file_name, module_name
from cnnspec.records import dataclass
from cnnspec.rendering import join_parts, render_template
from cnnspec.resources import find_folder

TEMPLATE = "torch/model.py.jinja"
# What generated files import, which no class may hide.
RESERVED = ("Callable", "F", "OrderedDict", "Tensor", "math", "nn", "torch")

# What PyTorch imports, as sys.modules has it afterwards: a file of such a name would be imported.
HIDEABLE = frozenset(
    """
    argparse array ast asyncio atexit base64 binascii bisect bz2 calendar cmath collections
    concurrent contextlib contextvars copy copyreg csv ctypes dataclasses datetime decimal difflib
    dis email enum errno fcntl fnmatch functools gc gettext glob grp gzip hashlib heapq http
    importlib inspect ipaddress itertools json keyword linecache locale logging lzma math mmap
    multiprocessing ntpath numbers numpy opcode operator pathlib pickle pickletools pkgutil platform
    pprint pwd queue quopri random re reprlib runpy select selectors shutil signal socket ssl string
    struct subprocess tarfile tempfile textwrap threading timeit token tokenize torch traceback
    types typing unittest urllib uuid warnings weakref zipfile zlib
    """.split()  # noqa: SIM905 - a table of words reads better than quotes
)


def compile_torch(graph: Graph, command: str, templates: Path | None = None) -> Compiled:
    """Compile a graph to PyTorch; raises SpecError for ops that it cannot say exactly."""
    refuse_long(graph)
    refused = [
        explain_refusal(node, UNSUPPORTED[type(node.op)], "torch", ("keras", "onnx"))
        for node in graph.nodes
        if type(node.op) in UNSUPPORTED
    ]
    hidden = module_name(graph.name)
    if hidden in HIDEABLE:
        message = f"the file {hidden}.py would hide the module {hidden} from what it imports"
        help = ("give the network another name",)
        refused.append(Diagnostic("backend-unsupported", message, graph.spec.span, help=help))
    if refused:
        raise RefusedError(refused)
    try:
        source, notes = write_exposed(graph, write_source)
    except CannotSayError as error:
        raise RefusedError(find_refusals(graph, error)) from None
    if source.hidden:
        message = f"a name in the spec would hide the file's own {source.hidden[0]}"
        help = ("choose another name",)
        raise SpecError([Diagnostic("backend-unsupported", message, graph.spec.span, help=help)])
    header = describe_graph(graph, command)
    text = render_template(TEMPLATE, {"header": header, **vars_of(source)}, templates)
    return Compiled({file_name(graph.name, ".py"): (text.encode(),)}, notes)


def find_refusals(graph: Graph, error: CannotSayError) -> list[Diagnostic]:
    """The diagnostics for all ops that one module at a time cannot be said."""

    def write(site: OpSite) -> None:
        if type(site.op) in LEAVES:
            LEAVES[type(site.op)].module(site)

    def refuse(node: Node, reason: str) -> Diagnostic:
        return explain_refusal(node, reason, "torch", ("keras", "onnx"))

    finder = ChannelFinder(graph, index_owners(graph))
    return find_refused(graph, finder, write, refuse, error.reason)


@dataclass(frozen=True, slots=True)
class Source:
    """The parts of a file as text: `classes` holds the model's last.

    `hidden` are definitions that a name of the author's hides.
    """

    imports: tuple[str, ...]
    supports: tuple[str, ...]
    classes: tuple[str, ...]
    model: str
    inputs: tuple[str, ...]
    is_plain: bool
    hidden: tuple[str, ...]

    @property
    def code(self) -> tuple[str, ...]:
        """What depends on the network."""
        return self.classes


def vars_of(source: Source) -> dict[str, object]:
    """The parts as a template sees them."""
    return {
        **{name: getattr(source, name) for name in Source.__slots__},
        "joined": join_parts(source.imports, (*source.supports, *source.classes)),
        "example": write_example(source),
    }


def write_example(source: Source) -> str:
    """The statements that run the model once, as they stand at the end of the file."""
    result = "output" if source.is_plain else "outputs"
    tensors = [f"torch.randn({sizes})" for sizes in source.inputs]
    lines = [f"model = {source.model}().eval()", "with torch.no_grad():"]
    if len(tensors) == 1:
        lines.append(f"    {result} = model({tensors[0]})")
    else:
        lines += [f"    {result} = model(", *(f"        {text}," for text in tensors), "    )"]
    lines.append("print(model)")
    if source.is_plain:
        lines.append("print(tuple(output.shape))")
    else:
        lines += [
            "for name, output in outputs.items():",
            "    print(name, tuple(output.shape))",
        ]
    return "\n".join(f"    {line}" for line in lines)


def write_source(graph: Graph, exposed: Mapping[str, Value]) -> Source:
    """The parts of the file, with some of the model's parameters as arguments."""
    writer = ClassWriter(graph, ChannelFinder(graph, index_owners(graph)))
    model = class_name(graph.spec.name)
    variables = list_variables(graph, exposed)
    writer.names |= {model, *RESERVED, *list_supports(), *variables}
    for block, calls in list_calls(graph).items():

        def write(uses: tuple[Use, ...], block_name: str = block.name) -> None:
            write_block(writer, block_name, uses)

        for uses in writer.finder.taken.group_uses(make_uses(calls)):
            write_shared(uses, write)
    params = {name: graph.spec.params[name] for name in exposed}
    unit = Unit(
        model, describe_graph(graph, "").title, graph.spec.steps,
        (Use(None, graph.body, dict(exposed)),), dict(params),
    )  # fmt: skip
    # The constructor's defaults are this variant's values.
    unit.defaults = dict(exposed)
    unit.fixed = {name: graph.params[name] for name in graph.params.keys() - exposed.keys()}
    writer.write_unit(unit, is_model=True)
    supports = tuple(read_support(name) for name in writer.supports.names)
    if "divisible_by" in writer.functions:
        supports = (read_support("divisible_by"), *supports)
    classes = tuple("\n".join(code.lines) for code in writer.classes)
    text = "\n".join((*supports, *classes))
    inputs = tuple(_spell_input(value.known.dims) for value in graph.inputs)
    own = [*writer.supports.names, *(["partial"] if HELPER in writer.supports.names else [])]
    hidden = tuple(name for name in own if name in {model, *variables})
    return Source(
        find_imports(text, writer), supports, classes, model, inputs, graph.is_plain, hidden
    )


def write_block(writer: ClassWriter, name: str, uses: tuple[Use, ...]) -> None:
    """One class for some uses of a block; keeps nothing when they cannot share it."""
    block = uses[0].calls[-1].block
    before, homes = writer.supports.save(), dict(writer.homes)
    unit = make_unit(writer.name_class(name), name, block, uses, writer.graph.params)
    try:
        code: ClassCode = writer.write_unit(unit)
    except UnshareableError:
        writer.supports.restore(before)
        writer.homes = homes
        raise
    for index, use in enumerate(uses):
        assert use.item is not None
        writer.homes[use.item] = (code, index)


def find_imports(text: str, writer: ClassWriter) -> tuple[str, ...]:
    """The imports that the code needs, as ruff sorts them."""
    standard = []
    if writer.functions & {"ceil", "floor"}:
        standard.append("import math")
    if "OrderedDict(" in text:
        standard.append("from collections import OrderedDict")
    if HELPER in writer.supports.names:
        standard.append("from collections.abc import Callable")
    if "partial(" in text:
        standard.append("from functools import partial")
    framework = ["import torch"]
    if "F." in text:
        framework.append("import torch.nn.functional as F  # noqa: N812")
    framework.append("from torch import Tensor, nn" if "Tensor" in text else "from torch import nn")
    return (*standard, *([""] if standard else []), *framework)


def list_supports() -> list[str]:
    """The names of all definitions in the support folder, for maps of every rank."""
    stems = [path.stem for path in (find_folder("templates") / "torch" / "support").glob("*.py")]
    return [stem.replace("2d", rank) for stem in stems for rank in ("1d", "2d", "3d")]


def read_support(name: str) -> str:
    """A definition from the support folder; those for maps of rank 2 serve the other ranks too."""
    folder = find_folder("templates") / "torch" / "support"
    stem, rank = (name[:-2], name[-2:]) if name[-2:] in ("1d", "2d", "3d") else (name, "")
    path = folder / f"{stem}{'2d' if rank else ''}.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(("@", "class ", "def ")))
    text = "\n".join(lines[start:]).rstrip("\n")
    return text.replace("2d", rank) if rank else text


def _spell_input(dims: tuple[int, ...]) -> str:
    return ", ".join(map(str, (1, *dims)))
