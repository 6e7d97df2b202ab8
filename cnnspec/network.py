"""A network as callers handle it: loaded by name, then checked, measured and compiled."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.naming import file_name
from cnnspec.records import dataclass
from cnnspec.sources import Source, find_source, open_beside

if TYPE_CHECKING:
    from cnnspec.backends.base import Compiled
    from cnnspec.backends.onnx.pack import Weights
    from cnnspec.expressions import Value
    from cnnspec.graph.ir import Graph
    from cnnspec.lint.engine import Found
    from cnnspec.lint.fixes import Fixed, Looked
    from cnnspec.lint.options import LintOptions
    from cnnspec.report.sizes import SizeReport
    from cnnspec.report.summary import Summary
    from cnnspec.spec.model import ModelSpec
    from cnnspec.weights.figures import Census


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What a compilation can be told beyond the network and the target.

    `command` is the command line that generated text names; `templates` is a folder of the
    user's own templates; `weights` is a file of weights of any format, in place of some drawn from
    `seed`, `external` a safetensors file that the model points into, `no_weights` leaves them out;
    `file_name` is what the model's file will be called, in its folder.
    """

    command: str = ""
    templates: Path | None = None
    opset: int = 18
    seed: int = 0
    weights: Path | None = None
    external: Path | None = None
    no_weights: bool = False
    file_name: str = ""


class Network:
    """A spec with a variant and overrides; everything is read and built when first asked for."""

    def __init__(self, source: Source, overrides: Mapping[str, Value] | None = None) -> None:
        self.source = source
        self.variant = source.variant
        self.overrides = dict(overrides or {})
        self._texts = {source.file: source.data.decode("utf-8", errors="replace")}
        self._found: tuple[LintOptions | None, Found] | None = None
        self._spec: ModelSpec | SpecError | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """The text of each file read so far, by the name that messages use."""
        return MappingProxyType(self._texts)

    @property
    def spec(self) -> ModelSpec:
        """The spec as written; raises SpecError where its form is wrong."""
        if self._spec is None:
            from cnnspec.spec.read import read_spec

            try:
                self._spec = read_spec(self.source.data, self.source.file, self._open_file)
            except SpecError as error:
                self._spec = error
        if isinstance(self._spec, SpecError):
            raise SpecError(self._spec.diagnostics)
        return self._spec

    @cached_property
    def graph(self) -> Graph:
        """The network of this variant; raises SpecError with everything that is wrong."""
        from cnnspec.graph.build import build_graph

        return build_graph(self.spec, self.variant, self.overrides)

    def check(self, options: LintOptions | None = None) -> tuple[Diagnostic, ...]:
        """Everything that is wrong or doubtful in this variant, or without one in all of them."""
        return self._inspect(options).problems

    def _inspect(self, options: LintOptions | None) -> Found:
        """The findings, which are looked for once with the same options."""
        if self._found is None or self._found[0] != options:
            self._found = (options, self._find(options))
        return self._found[1]

    def _find(self, options: LintOptions | None) -> Found:
        from cnnspec.lint.engine import Found, look_at

        try:
            if self.variant not in ("", *self.spec.variants):
                _ = self.graph
            found = look_at(self.spec, self.overrides, options, self.variant)
        except SpecError as error:
            found = Found(error.diagnostics)
        if options is not None and options.profile == "teaching":
            from cnnspec.lint.pages import teach

            return Found(teach(found.problems), found.work, found.graphs)
        return found

    def offer(self, options: LintOptions | None = None) -> tuple[Diagnostic, ...]:
        """What `check` finds, with the changes of the text that take findings away.

        Each was tried on the whole spec as it is written, so that a variant or overrides get none.
        """
        found, work = (inspected := self._inspect(options)).problems, inspected.work
        as_written = not self.variant and not self.overrides
        if not as_written or not any(getattr(problem, "fixes", ()) for problem in found):
            return found
        from cnnspec.lint.fixes import Looked, offer_fixes

        looked = Looked(self._text, self.spec, found, work)
        return offer_fixes(looked, lambda text: self._look(text, options))

    def fix(self, options: LintOptions | None = None, unsafe: bool = False) -> Fixed | None:
        """The spec's text with findings mended, and what is left to say; None if it is no spec.

        With `unsafe` also by changes of what the network is meant to do.

        Raises:
            ValueError: a variant or parameters are chosen, and a text is for all of them.
        """
        from cnnspec.lint.fixes import apply_fixes

        if self.variant or self.overrides:
            raise ValueError("a spec is fixed as it is written, without a variant or parameters")
        return apply_fixes(self._text, lambda text: self._look(text, options), unsafe)

    @property
    def _text(self) -> str:
        return self._texts[self.source.file]

    def _look(self, text: str, options: LintOptions | None) -> Looked | None:
        """What a check would find if the spec had another text."""
        from cnnspec.lint.fixes import Looked

        # The text as it is was perhaps looked at before.
        as_written = text == self._text and not self.variant and not self.overrides
        changed = replace(self.source, data=text.encode(), variant="")
        other = self if as_written else Network(changed)
        try:
            spec = other.spec
        except SpecError:
            return None
        found = other._inspect(options)
        return Looked(text, spec, found.problems, found.work)

    def sizes(self, every: bool = False) -> tuple[SizeReport, ...]:
        """For which sizes of the input the network is valid, where the spec leaves them open.

        With `every` also where it does not: for which other sizes it would be.
        """
        from cnnspec.report.sizes import report_sizes

        # What a check has built is not built again.
        graphs = self._found[1].graphs if self._found is not None else {}
        return report_sizes(self.spec, self.variant, self.overrides, every=every, graphs=graphs)

    def compile(
        self,
        target: str,
        *,
        templates: str | os.PathLike[str] | None = None,
        opset: int = 18,
        seed: int = 0,
        weights: str | os.PathLike[str] | None = None,
        external: str | os.PathLike[str] | None = None,
        no_weights: bool = False,
        command: str = "",
        file_name: str = "",
    ) -> Compiled:
        """Compile for one target: ``torch``, ``keras`` or ``onnx``.

        Args:
            target: the backend.
            templates: a folder of templates that go before ours.
            opset: the version of ONNX's operators.
            seed: where ONNX weights are drawn from.
            weights: a file with ONNX weights in any format of weights, in place of a seed.
            external: a safetensors file that the ONNX model points into, in place of its own
                copy of the weights.
            no_weights: whether the ONNX model takes its weights as inputs.
            command: what the generated text says it was made by.
            file_name: what the model's file will be called. For `external` its folder counts.

        Raises:
            SpecError: the spec is wrong, or the target cannot say it exactly.
            ValueError: there is no such target, or the weights come from two places.
        """
        if target not in COMPILERS:
            raise ValueError(f"no target '{target}'; targets are {', '.join(COMPILERS)}")
        if (weights is not None) + (external is not None) + no_weights > 1:
            raise ValueError("weights, external and no_weights exclude each other")
        options = CompileOptions(
            command=command or f"cnnspec compile {self.source.file} --target {target}",
            templates=None if templates is None else Path(templates),
            opset=opset,
            seed=seed,
            weights=None if weights is None else Path(weights),
            external=None if external is None else Path(external),
            no_weights=no_weights,
            file_name=file_name or name_output(self.graph.name, target),
        )
        return COMPILERS[target](self.graph, options)

    def summary(self, depth: int | None = None) -> Summary:
        """The figures of every layer; `depth` folds layers by the parts of their paths."""
        from cnnspec.report.summary import summarize

        return summarize(self.graph, depth)

    def _open_file(self, name: str) -> tuple[str, bytes]:
        file, data = open_beside(self.source, name)
        self._texts[file] = data.decode("utf-8", errors="replace")
        return file, data


def load(source: str | os.PathLike[str], /, variant: str = "", **overrides: Value) -> Network:
    """Load a spec by the path of its file or by its name in the zoo.

    ``load("resnet", "50", classes=10)`` and ``load("resnet:50", classes=10)`` are the same.

    Raises:
        FileNotFoundError: there is no such file and no such zoo spec.
    """
    found = find_source(os.fspath(source))
    if variant:
        found = replace(found, variant=variant)
    return Network(found, {name: _as_value(value) for name, value in overrides.items()})


def name_output(name: str, target: str) -> str:
    """What the file of a compiled network is called by default."""
    return file_name(name, SUFFIXES[target])


def _as_value(value: Value) -> Value:
    """An override with tuples as the lists that expressions know."""
    return [_as_value(item) for item in value] if isinstance(value, list | tuple) else value


def _sign(compiled: Compiled) -> Compiled:
    """The same source, signed so that later edits can be told."""
    from cnnspec.signing import sign_text

    signed = {name: (sign_text(text.decode()).encode(),) for name, text in compiled.files.items()}
    return replace(compiled, contents=signed)


def _compile_torch(graph: Graph, options: CompileOptions) -> Compiled:
    from cnnspec.backends.torch.emit import compile_torch

    return _sign(compile_torch(graph, options.command, options.templates))


def _compile_keras(graph: Graph, options: CompileOptions) -> Compiled:
    from cnnspec.backends.keras.emit import compile_keras

    return _sign(compile_keras(graph, options.command, options.templates))


def _compile_onnx(graph: Graph, options: CompileOptions) -> Compiled:
    from cnnspec.backends.onnx.emit import compile_onnx
    from cnnspec.weights.figures import Census

    census = Census()
    weights = None if options.no_weights else _find_weights(graph, options, census)
    compiled = compile_onnx(graph, weights, opset=options.opset, file_name=options.file_name)
    return replace(compiled, notes=(*compiled.notes, *census.describe()))


def _find_weights(graph: Graph, options: CompileOptions, census: Census) -> Weights:
    from cnnspec.backends.onnx.pack import OuterFile
    from cnnspec.weights.external import find_places, name_from_model
    from cnnspec.weights.initialise import initialise_weights
    from cnnspec.weights.read import gather_weights

    if options.external is not None:
        name = name_from_model(options.external, Path(options.file_name))
        return OuterFile(name, find_places(options.external, graph))
    if options.weights is not None:
        return gather_weights(options.weights, graph, census)
    return initialise_weights(graph, options.seed)


COMPILERS: MappingProxyType[str, Callable[[Graph, CompileOptions], Compiled]] = MappingProxyType(
    {"torch": _compile_torch, "keras": _compile_keras, "onnx": _compile_onnx}
)

# A network's torch and Keras files may lie side by side, so only one has the plain name.
SUFFIXES: MappingProxyType[str, str] = MappingProxyType(
    {"torch": ".py", "keras": "_keras.py", "onnx": ".onnx"}
)
