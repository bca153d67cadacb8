"""Plain values in and out of text, with one sentence for whatever is not what it should be."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

FORMAT = 1
"""Version of the saved form; files of older versions stay readable."""


_EXPONENT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$")
_BEGINS = list("-+0123456789.")
"""How a number with an exponent is written in YAML 1.2, and the characters that it begins with."""

_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother, _REPR.maxlong = 3, 60, 60, 30


def fields(data: Any, what: str, *, needs: Iterable[str], may: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return `data` if it is a mapping with all keys of `needs` and no key beyond `may`."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{what} must be a mapping of names to values; got {short(data)}")
    missing = [key for key in needs if key not in data]
    if missing:
        raise ValueError(f"{what} needs {short(missing[0])}; got the names {short(list(data))}")
    unknown = [key for key in data if key not in {*needs, *may}]
    if unknown:
        raise ValueError(f"{what} may not have {short(unknown[0])}; allowed: {', '.join([*needs, *may])}")
    return data


def check_format(data: Mapping[str, Any]) -> None:
    """Refuse a saved form that is newer than this program."""
    version = data.get("format", FORMAT)
    if isinstance(version, bool) or version not in range(1, FORMAT + 1):
        raise ValueError(
            f"format must be 1 to {FORMAT} (a newer workbench may read it); got {short(version)}"
        )


def to_json(data: Mapping[str, Any]) -> str:
    """JSON text; numbers come back to the last bit."""
    return json.dumps(data, allow_nan=False)


def from_json(text: str) -> Any:
    """The value in JSON text."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON: {error}") from None


def to_yaml(data: Mapping[str, Any]) -> str:
    """YAML text. PyYAML writes ``1.0e-05``, which every YAML reader takes for a number."""
    import yaml

    # A name such as "0e0" is text to PyYAML and a number to every other reader: it must be quoted.
    dumper = type("Dumper", (yaml.SafeDumper,), {})
    dumper.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, _BEGINS)
    return yaml.dump(dict(data), Dumper=dumper, sort_keys=False)


def from_yaml(text: str) -> Any:
    """The value in YAML text; ``1e-5`` is a number here too, as in YAML 1.2."""
    import yaml

    # PyYAML follows YAML 1.1, where a number needs a dot; people and json.dumps write 1e-05.
    loader = type("Loader", (yaml.SafeLoader,), {"compose_node": _compose_node})
    loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, _BEGINS)
    try:
        return yaml.load(text, loader)  # noqa: S506, a subclass of SafeLoader
    except (yaml.YAMLError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"this is not YAML: {first}") from None


def _compose_node(loader: Any, parent: Any, index: Any) -> Any:
    import yaml

    # A few aliases of aliases stand for more values than any memory holds.
    if loader.check_event(yaml.AliasEvent):
        raise ValueError("aliases (*name) are not allowed")
    return yaml.SafeLoader.compose_node(loader, parent, index)


def number_or_text(text: str) -> int | float | str:
    """The number that a text is, whole where it can be, or the text itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def short(value: Any) -> str:
    """`value` for an error sentence, cut to a line whatever was given."""
    # repr() of a few nested references may take all memory, and of a huge integer raises.
    try:
        text = _REPR.repr(value)
    except ValueError:
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
