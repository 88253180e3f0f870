"""Hypothesis strategies made from the messages' own types, so that a new field is tested on arrival."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

SIZE: Final = 5
"""Items in a list and a map, and characters past the least that a text needs."""

any_text: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=SIZE)
any_json: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=SIZE) | st.dictionaries(any_text, inner, max_size=SIZE),
    max_leaves=10,
)


def _text(kind: inspect.StrType) -> st.SearchStrategy[str]:
    least = kind.min_length or 0
    most = min(least + SIZE, kind.max_length or least + SIZE)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)


def _bytes(kind: inspect.BytesType) -> st.SearchStrategy[bytes]:
    least = kind.min_length or 0
    return st.binary(min_size=least, max_size=min(least + SIZE, kind.max_length or least + SIZE))


def _whole(kind: inspect.IntType) -> st.SearchStrategy[int]:
    return st.integers(-(2**53) if kind.ge is None else kind.ge, 2**53 if kind.le is None else kind.le)


def _real(kind: inspect.FloatType) -> st.SearchStrategy[float]:
    return st.floats(kind.gt if kind.ge is None else kind.ge, kind.le, exclude_min=kind.gt is not None)


def _list(kind: inspect.ListType) -> st.SearchStrategy[list[Any]]:
    return st.lists(_values(kind.item_type), min_size=kind.min_length or 0, max_size=SIZE)


def _map(kind: inspect.DictType) -> st.SearchStrategy[dict[Any, Any]]:
    return st.dictionaries(_values(kind.key_type), _values(kind.value_type), max_size=SIZE)


def _struct(kind: inspect.StructType) -> st.SearchStrategy[msgspec.Struct]:
    return structs(kind.cls)


_BY_TYPE: Final[dict[type[inspect.Type], Callable[[Any], st.SearchStrategy[Any]]]] = {
    inspect.NoneType: lambda _: st.none(),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.IntType: _whole,
    inspect.FloatType: _real,
    inspect.StrType: _text,
    inspect.BytesType: _bytes,
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.ListType: _list,
    inspect.DictType: _map,
    inspect.StructType: _struct,
    inspect.UnionType: lambda kind: st.one_of([_values(member) for member in kind.types]),
}


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    return _BY_TYPE[type(kind)](kind)


@cache
def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """Any valid `kind`; a field that may be absent is absent or not."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    required = {field.name: _values(field.type) for field in info.fields if field.required}
    optional = {field.name: _values(field.type) for field in info.fields if not field.required}
    fields = st.fixed_dictionaries(required, optional=optional)
    return fields.map(lambda values: kind(**values))
