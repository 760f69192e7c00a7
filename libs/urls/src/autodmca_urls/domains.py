"""Registrable domains by the Public Suffix List that `tldextract` brings, its private part included.

Owns the one extractor. Never reaches the network and keeps no cache on disk; the list is as old as the
package.
"""

from __future__ import annotations

from functools import cache

import tldextract


@cache
def _extractor() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


def registrable_domain(host: str) -> str | None:
    """`albkanale.github.io` of `www.albkanale.github.io`; a public suffix is its own (`github.io`); None
    where the host's ending is no public suffix (`Program.cs`), or there is nothing before it (`localhost`,
    `dev`)."""
    found = _extractor().extract_str(host)
    if not found.suffix or "." not in host:
        return None
    return f"{found.domain}.{found.suffix}" if found.domain else found.suffix
