"""This module is the base of every parameter class: frozen, complete, finite, no unknown keys."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.units import unit_of


class Parameters(BaseModel):
    """A frozen set of named quantities in SI units; every field says its unit in its type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    def __init__(self, **data: Any) -> None:  # noqa: ANN401
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise ParameterError(_explain(type(self), error)) from None

    @classmethod
    def unit(cls, field: str) -> str:
        """Return the unit symbol of a field, empty when it has none."""
        return unit_of(cls.model_fields[field].metadata)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401
        """Return a copy with some fields changed, checked like a new one."""
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**kept, **changes})

    @model_validator(mode="before")
    @classmethod
    def _suggest_known_keys(cls, data: Any) -> Any:  # noqa: ANN401
        if isinstance(data, dict):
            for key in data.keys() - cls.model_fields.keys() - cls.accepted_aliases():
                hint, known = did_you_mean(key, cls.model_fields), ", ".join(cls.model_fields)
                msg = f"unknown key {key!r} for {cls.__name__}; {hint}known: {known}"
                raise ParameterError(msg)
        return data

    @classmethod
    def accepted_aliases(cls) -> set[str]:
        """Return keys that a validator turns into fields."""
        return set()


def _explain(model: type[Parameters], error: ValidationError) -> str:
    """Say which field is wrong, its value, and what is accepted."""
    lines = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"])
        name = field.split(".")[0]
        unit = model.unit(name) if name in model.model_fields else ""
        where = f"{model.__name__}.{field}" if field else model.__name__
        value = "" if item["type"] == "missing" else f" is {item['input']!r}"
        unit = f" [{unit}]" if unit not in ("", "1") else ""
        lines.append(f"{where}{unit}{value}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)
