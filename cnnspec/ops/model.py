"""Classes with checked fields: declared as pydantic's models are, and checked by its core.

Importing pydantic and building its models takes longer than checking a network. So the classes
here only note their fields, and a class's validator is made when its first values come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import Any, ClassVar, Self, get_args, get_type_hints

from pydantic_core import SchemaValidator, core_schema

_REQUIRED: Any = object()


class Check:
    """What a field takes, as a part of its type: ``Annotated[int, Check(...)]``.

    `accept` gives the value to keep, or raises PydanticCustomError; `json_schema` says the same
    for editors.
    """

    def __init__(self, accept: Callable[[Any], Any], json_schema: dict[str, Any]) -> None:
        self.accept = accept
        self.json_schema = json_schema


class FieldInfo:
    """A field as declared: its default, if it has one, and what it means."""

    def __init__(self, default: Any, description: str) -> None:
        self.default = default
        self.description = description

    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.default is _REQUIRED


def Field(default: Any = _REQUIRED, *, description: str) -> Any:  # noqa: N802
    """Declare a field of a model; without a default it is required."""
    return FieldInfo(default, description)


class Model:
    """Something with checked fields, that never changes and equals what has the same values."""

    model_fields: ClassVar[Mapping[str, FieldInfo]] = MappingProxyType({})
    required_fields: ClassVar[tuple[str, ...]] = ()
    _validator: ClassVar[SchemaValidator | None] = None

    def __init_subclass__(cls) -> None:
        declared = {name: info for name, info in vars(cls).items() if isinstance(info, FieldInfo)}
        for name in declared:
            delattr(cls, name)
        cls.model_fields = MappingProxyType({**cls.model_fields, **declared})
        fields = cls.model_fields.items()
        cls.required_fields = tuple([name for name, info in fields if info.is_required()])
        cls._validator = None

    def __init__(self, /, **values: object) -> None:
        """Check values and fill in the defaults; raises ValidationError with all that is wrong."""
        kind = type(self)
        if kind._validator is None:
            kind._validator = _make_validator(kind)
        self.__dict__.update(kind._validator.validate_python(values))

    @classmethod
    def model_validate(cls, values: Mapping[str, object]) -> Self:
        """The model with these values, as the constructor makes it."""
        return cls(**values)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """What the fields take as a JSON schema."""
        properties = {}
        for name, check, optional in list_checks(cls):
            info = cls.model_fields[name]
            schema = check.json_schema
            if optional:
                schema = {"anyOf": [schema, {"type": "null"}]}
            default = {} if info.is_required() else {"default": info.default}
            properties[name] = {**schema, **default, "description": info.description}
        return {
            "title": cls.__name__,
            "description": cleandoc(cls.__doc__ or ""),
            "type": "object",
            "properties": properties,
            "required": list(cls.required_fields),
            "additionalProperties": False,
        }

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} does not change: {name}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"


def _make_validator(kind: type[Model]) -> SchemaValidator:
    """The validator of a class's fields, which gives them as a dictionary."""
    fields = {}
    for name, check, optional in list_checks(kind):
        info = kind.model_fields[name]
        schema: core_schema.CoreSchema = core_schema.no_info_plain_validator_function(check.accept)
        if optional:
            schema = core_schema.nullable_schema(schema)
        if not info.is_required():
            schema = core_schema.with_default_schema(
                schema, default=info.default, validate_default=isinstance(info.default, dict | str)
            )
        fields[name] = core_schema.typed_dict_field(schema, required=info.is_required())
    return SchemaValidator(
        core_schema.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    )


def list_checks(kind: type[Model]) -> list[tuple[str, Check, bool]]:
    """Each field's check as its type has it, and whether it may be None as well."""
    hints = get_type_hints(kind, include_extras=True) if kind.model_fields else {}
    found = []
    for name in kind.model_fields:
        hint = hints[name]
        optional = type(None) in get_args(hint)
        if optional:
            hint = next(part for part in get_args(hint) if part is not type(None))
        check = next(part for part in hint.__metadata__ if isinstance(part, Check))
        found.append((name, check, optional))
    return found
