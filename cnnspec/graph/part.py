"""Specs as steps: what of a spec a step takes, with which parameters."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import WORK_OF_VALUE
from cnnspec.expressions.work import explain_spent, spend_work
from cnnspec.graph.arguments import OpFactory
from cnnspec.graph.ends import cut_steps, explain_end, explain_variant, is_end
from cnnspec.graph.evaluate import UnknownValue
from cnnspec.graph.frame import PART_CALL, Calls, Frame, Names
from cnnspec.graph.home import Home, make_home
from cnnspec.graph.inputs import infer_input
from cnnspec.graph.params import choose_params
from cnnspec.graph.reading import Reader
from cnnspec.graph.scope import Scope, is_positional
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Block, ModelSpec, Part, Step
from cnnspec.spec.parts import describe_use
from cnnspec.spec.spelling import spell_argument


@dataclass(frozen=True, slots=True)
class Taken:
    """A spec that a step takes: its steps as a block, and what they can see."""

    block: Block
    home: Home
    until: str
    calls: Calls

    def enter(self, path: str, frame: Frame) -> Frame:
        """What the spec's first step can see."""
        steps = self.block.steps
        scope = Scope(path, steps, is_positional(steps), self.until)
        values = {} if frame.flow is None else {self.home.spec.inputs[0].name: frame.flow}
        variables = dict(self.home.params)
        return Frame(
            variables, Names(values), frame.flow, scope, self.home, self.calls, frame.depth
        )  # fmt: skip


def take_part(reader: Reader, step: Step, part: Part, frame: Frame) -> Taken | None:
    """What a step takes of a spec; None after an error."""
    assert step.argument is not None
    try:
        reference = str(reader.read(step.argument, frame))
        until = None if part.until is None else reader.read(part.until, frame)
        given = {name: reader.read(value, frame) for name, _, value in part.settings}
    except UnknownValue:
        return None
    variant = reference.rpartition(":")[2] if ":" in reference else ""
    if given.keys() - part.spec.params.keys():
        return None  # check_words reported it
    if variant and variant not in part.spec.variants:
        rule, message, help = explain_variant(part.spec, variant)
        reader.fail(frame, rule, message, step.argument.span, help)
        return None
    if part.until is not None and not is_end(until, part.spec):
        rule, message, help = explain_end(until, part.spec)
        reader.fail(frame, rule, message, part.until.span, help)
        return None
    # A loop may take a spec very often, and each time all its parameters are chosen.
    if spend_work(WORK_OF_VALUE * len(part.spec.params)):
        reader.fail(frame, "invalid-expression", explain_spent(), step.span)
        return None
    home = open_home(reader, step, part, variant, given)
    if home is None or not check_input(reader, step, part.spec, home, frame):
        return None
    key = (id(part.spec), variant, until)
    if key not in reader.known.parts:
        reader.known.parts[key] = make_block(part.spec, variant, str(until or ""))
    calls = (*frame.calls, (PART_CALL + reference, step.span))
    return Taken(reader.known.parts[key], home, str(until or ""), calls)


def check_end(reader: Reader, part: Part, scope: Scope, frame: Frame) -> None:
    """Report a step after which a part shall end, and that was not carried out."""
    if scope.last and not scope.ended:
        assert part.until is not None
        rule, message, help = explain_end(scope.last, part.spec)
        reader.fail(frame, rule, message, part.until.span, help)


def open_home(
    reader: Reader, step: Step, part: Part, variant: str, given: dict[str, Scalar]
) -> Home | None:
    """The spec's parameters for a variant and what the step sets; None after an error."""
    troubles = reader.troubles
    use = describe_use(part.spec.name, step.span)

    def report(found: Diagnostic) -> None:
        reader.report(replace(found, notes=(*found.notes, use)))

    params = choose_params(part.spec, variant, given, report)
    if reader.troubles > troubles:
        return None
    known = reader.known
    factory = OpFactory(part.spec, params, reader, known.ops, known.fixed)
    return make_home(part.spec, variant, params, factory)


def make_block(spec: ModelSpec, variant: str, until: str) -> Block:
    """A spec as a block: its parameters as the variant has them, its steps up to the last."""
    name = f"{spec.name}_{variant}" if variant else spec.name
    parameters: dict[str, Argument | None] = {**spec.params, **spec.variants.get(variant, {})}
    return Block(
        name, parameters, cut_steps(spec.steps, until), spec.span, summary=spec.summary, home=spec
    )


def check_input(
    reader: Reader, step: Step, spec: ModelSpec, home: Home, frame: Frame
) -> bool:  # fmt: skip
    """Whether the value fits the input that a spec declares: its kind and its channels."""
    got = frame.flow.shape if frame.flow is not None else None
    if got is None:
        return False
    if len(spec.inputs) != 1:
        message = f"a spec with {len(spec.inputs)} inputs cannot be a part: a step takes one value"
        reader.fail(frame, "invalid-part", message, step.span)
        return False
    found = infer_input(spec.inputs[0], home.params, reader.report)
    if found is None:
        return False
    wanted = found.shape
    if wanted.kind is not got.kind or wanted.rank != got.rank:
        sort = "tokens" if wanted.kind is Kind.TOKENS else f"a {wanted.kind}"
        message = f"{spec.name} takes {sort} such as {wanted}, got {_name_kind(got)}"
        reader.fail(frame, "kind-mismatch", message, step.span)
        return False
    if wanted.channels == got.channels:
        return True
    unit = "features" if got.kind is Kind.VECTOR else "channels"
    message = f"{spec.name} takes {wanted.channels} {unit}, got {got.channels}"
    reader.fail(frame, "shape-mismatch", message, step.span, _advise_channels(spec, unit, got))
    return False


def _name_kind(shape: Shape) -> str:
    return "tokens" if shape.kind is Kind.TOKENS else f"a {shape.describe()}"


def _advise_channels(spec: ModelSpec, unit: str, got: Shape) -> str:
    declared = spec.inputs[0].sizes.get(unit)
    text = spell_argument(declared) if declared is not None else ""
    if text.startswith("$") and text[1:] in spec.params:
        return f"write set: {{{text[1:]}: {got.channels}}} beside it"
    return f"its input is declared at line {spec.inputs[0].span.line} of {spec.file}"
