"""One example event per type, as a client reads it: for documentation, tests and `autodmca emit`.

Owns the files in `examples/`, which are written by hand and shipped with the package.
"""

from functools import cache
from importlib.resources import files

from autodmca_events.wire import Envelope, decode


@cache
def example(type_name: str) -> Envelope:
    """The example of a type of the catalogue; raises FileNotFoundError for another name."""
    return decode(example_json(type_name))


def example_json(type_name: str) -> bytes:
    """The example as it stands in its file: indented JSON."""
    return (files("autodmca_events") / "examples" / f"{type_name}.json").read_bytes()
