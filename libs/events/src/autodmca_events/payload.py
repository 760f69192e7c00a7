"""The base of every payload and of every object inside one.

Owns the wire's conventions: camelCase, absent instead of null, unknown fields ignored by readers.
Construction checks nothing (types are the type checker's business); decoding checks everything.
"""

import msgspec


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """One event's content; immutable, compared by value.

    A subclass says `frozen=True, kw_only=True` again: msgspec does not inherit the second, nor type
    checkers the first. Required fields come without a
    default, optional ones are `| None = None`. Sequences are tuples, so that no payload holds a cycle
    and the garbage collector can leave them alone.
    """
