"""`tr2m download captioner`: the weights of a model that describes images, into the Hub's cache."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tr2m_core.caption.families import CONFIG, FAMILIES, INDEX, PREPROCESSOR, family_of, shards
from tr2m_core.cli.download_record import Part
from tr2m_core.errors import InputError
from tr2m_core.weights.hub import find_cached, is_hub_id

DEFAULT = "florence"


def captioner_source(args: argparse.Namespace) -> str:
    """The Hub id of the captioner that is asked for. Raises InputError."""
    name = args.name or DEFAULT
    if args.head_url:
        raise InputError("--head-url: a captioner has no rescale head")
    if name in FAMILIES:
        return FAMILIES[name].hub_id
    if not is_hub_id(name):
        raise InputError(f"captioner '{name}': not one of {', '.join(FAMILIES)} or a Hub id")
    return str(name)


def captioner_parts(hub_id: str) -> Iterator[list[Part]]:
    """What to take: first what says what else there is."""
    yield [Part("captioner", hub_id, (CONFIG,), (INDEX,))]
    folder = find_cached(hub_id, (CONFIG,))
    family = family_of(folder)
    needed = [name for name in family.files if name != PREPROCESSOR]  # which some have in another file
    yield [Part("captioner", hub_id, (*needed, *shards(folder)), (PREPROCESSOR, *family.optional))]
    if missing := family.missing(folder):
        raise InputError(f"{hub_id}: lacks {', '.join(missing)}, which {family.name} needs; nothing else can be had")


def licence_of(hub_id: str) -> str | None:
    """Of the models that have a name here."""
    return next((family.licence for family in FAMILIES.values() if family.hub_id == hub_id), None)
