"""How people speak of what is related: "cities in France", "books by Ada", "have never placed an order"."""

from typing import NamedTuple

from converters.questions import names, words
from converters.questions.profile import Entity, Relation


class Bond(NamedTuple):
    """A relation in words.

    `children`, `child`: what the parent has, as "orders"; `of`: the preposition to a named parent, "in", "by", "of";
    `parent`: what the parent is to the child, "customer" or "home team"; `did`, `do`: the parent's deed, "placed" and
    "place", or "have"; `lacks`: "have never placed an order", "have no cities".
    """

    children: str
    child: str
    of: str
    parent: str
    did: str
    do: str
    lacks: str


def bond(relation: Relation) -> Bond:
    """The words of a relation."""
    child = child_noun(relation)
    head, parent = child.split(" ")[-1], relation.role or relation.parent.noun
    deed = words.DEEDS.get(head) if relation.parent.is_person and not relation.role else None
    children = names.plural(child)
    lacks = f"have never {past_participle(deed[0])} {names.article(child)}" if deed else f"have no {children}"
    did, _, do = deed or ("have", "have", "have")
    return Bond(children, child, preposition(relation, head), parent, did, do, lacks)


def past_participle(past: str) -> str:
    return {"wrote": "written", "took out": "taken out"}.get(past, past)


def child_noun(relation: Relation) -> str:
    """What the child is called next to its parent: "language" for the country languages of a country."""
    child = relation.child
    labels = child.of("label")
    partial = any(each.key and each.kind == "reference" for each in child.fields)
    own = child.noun
    if partial and len(labels) == 1 and labels[0].key and labels[0].phrase != "name":
        return labels[0].phrase
    parent = relation.parent.noun + " "
    return own.removeprefix(parent) if own.startswith(parent) else own


def preposition(relation: Relation, child_head: str) -> str:
    parent = relation.parent.noun.split(" ")[-1]
    if relation.role:
        return "with"
    if relation.parent.is_person and child_head in (*words.WORKS, *words.DEEDS):
        return "by"
    if parent in words.PLACES:
        return (
            "in" if child_head not in words.EVENTS or parent not in ("stadium", "theatre", "venue", "campus") else "at"
        )
    if parent in ("maker", "manufacturer", "publisher", "brand", "supplier", "vendor", "artist", "band"):
        return "by"
    if parent in ("company", "firm", "organisation"):
        return "at" if child_head in words.PERSONS else "of"
    return "of"


def with_parent(relation: Relation, things: str, value: str) -> str:
    """Children of a named parent, as a template: "cities in France", "orders of customer Ada"."""
    found = bond(relation)
    if relation.role:
        return f"{things} whose {found.parent} is {value}"
    if found.of in ("in", "at", "by"):
        named = "" if relation.parent.noun in words.GEOGRAPHY else f"[|the {found.parent} |]"
        return f"{things} {found.of} {named}{value}"
    return f"{things} of [the |]{found.parent} {value}"


def is_plain(relation: Relation, relations: tuple[Relation, ...]) -> bool:
    """Whether the child refers to that parent once: "teams with matches" would not say as which team."""
    return sum(each.child is relation.child and each.parent is relation.parent for each in relations) == 1


def who(entity: Entity) -> str:
    return "who" if entity.is_person else "that"
