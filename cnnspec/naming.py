"""Names: what a spec may call things, and what Python calls them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from itertools import islice

# Long enough for every published layer name, short enough to keep paths readable.
MAX_NAME = 64
# Names that a misspelt one is compared with: each comparison takes some microseconds.
MAX_HINTS = 300
# A message that lists more of them is not read.
_MAX_LISTED = 16
_MAX_COMPARED = 200

# Words that expressions read as YAML does.
YAML_WORDS = ("true", "false", "null")

# In the syntax that Python and ECMAScript share.
NAME_PATTERN = f"[A-Za-z][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}"
_IDENTIFIER = re.compile(rf"{NAME_PATTERN}\Z")
# Where a capital begins a word inside of a name.
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")

# What torch.nn.Module and torch.nn.Sequential have already: an attribute must not hide it.
_MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu
    cuda double dump_patches eval extend extra_repr float forward get_buffer get_extra_state
    get_parameter get_submodule half insert ipu load_state_dict modules mtia named_buffers
    named_children named_modules named_parameters parameters pop register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()  # noqa: SIM905 - a table of words reads better than a hundred lines of quotes
)

# What generated code calls by these names itself: modules, builtins, and variables of its own.
_OWN_NAMES = frozenset(
    """
    F OrderedDict Tensor abs bool current_channels divisible_by enumerate float in_features inputs
    int keras layers len list math max min modules name nn object ops output range round self sys
    sequence str sum super torch tuple x zip
    """.split()  # noqa: SIM905
)

# What Windows takes for a device, whatever the ending.
_DEVICE = re.compile(r"(aux|con|nul|prn|(com|lpt)[0-9])\..*")

# Classes that generated code takes from elsewhere.
_OWN_CLASSES = frozenset({"F", "OrderedDict", "Tensor"})


def is_name(text: str) -> bool:
    """Whether a text may name a model, a parameter, a block or a layer."""
    return _IDENTIFIER.match(text) is not None


def explain_name(text: str, most: int = MAX_NAME) -> str:
    """What a text that is no name must be to be one."""
    if len(text) > most:
        return f"{most} characters long at most; it has {len(text):,}"
    return "letters, digits and underscores, beginning with a letter"


def is_variable(text: str) -> bool:
    """Whether a text may name a parameter or a loop's variable, which expressions can use."""
    return is_name(text) and not keyword.iskeyword(text) and text not in YAML_WORDS


def attribute_name(name: str) -> str:
    """The name of a step as an attribute of a PyTorch module can have it."""
    return _keep_apart(name, _MODULE_ATTRIBUTES)


def state_path(path: str) -> str:
    """The path of a step in a PyTorch model: the parts that are taken are spelt otherwise."""
    return ".".join(part if part.isdecimal() else attribute_name(part) for part in path.split("."))


def variable_name(name: str) -> str:
    """The name of a parameter, a value or a function as generated code can have it."""
    return _keep_apart(name, _OWN_NAMES)


def value_name(name: str) -> str:
    """The variable that holds what a step computes: ``AuxLogits`` becomes ``aux_logits``."""
    return _WORD_START.sub("_", name).lower()


def _keep_apart(name: str, taken: frozenset[str]) -> str:
    # What ends in underscores gets one more, so that no two names become one.
    base = name.rstrip("_")
    clashes = keyword.iskeyword(base) or base in taken or name in taken
    return f"{name}_" if clashes else name


def class_name(name: str) -> str:
    """The name of a class: ``basic_block`` becomes ``BasicBlock``, ``ResNet`` stays."""
    if "_" not in name and not name.islower():
        text = name if name[0].isupper() else name[0].upper() + name[1:]
    else:
        text = "".join(part[:1].upper() + part[1:] for part in name.split("_")) or "Model"
    return f"{text}Module" if keyword.iskeyword(text) or text in _OWN_CLASSES else text


def module_name(name: str) -> str:
    """The name of a file or function: ``ResNet`` becomes ``resnet``."""
    return name.lower()


def file_name(name: str, ending: str) -> str:
    """The name of a network's file, which no system takes for a device's."""
    stem = module_name(name)
    return f"{stem}{'_' * bool(_DEVICE.fullmatch(stem + ending))}{ending}"


def nearest(word: str, known: Iterable[str], most: int = MAX_HINTS) -> str | None:
    """The known word, of so many at most, that a misspelt one most likely stands for."""
    # Only what is wrong with a spec needs it, and it takes as long to import as to check a layer.
    import difflib

    tried = list(islice(known, most))
    matches = difflib.get_close_matches(word[:_MAX_COMPARED], tried, n=1, cutoff=0.6)
    return matches[0] if matches else None


def list_some(names: Iterable[str]) -> str:
    """Names with commas between them, as many as a reader looks at."""
    listed = list(names)
    more = len(listed) - _MAX_LISTED
    shown = ", ".join(listed[:_MAX_LISTED])
    return f"{shown} and {more:,} more" if more > 0 else shown
