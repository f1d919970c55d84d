"""What schemas cannot say: the values of GraphQL's own scalars, that pages are counted from 1, and that the
charges of an offer must not come to less than nothing."""

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HEX = st.text("0123456789abcdef", min_size=24, max_size=24)
MOMENT = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")

# Ids are opaque: any string, and a number is read as its text.
schemathesis.graphql.scalar("MongoID", st.one_of(HEX, TEXT).map(nodes.String) | st.integers(0, 2**31).map(nodes.Int))

# ISO text or milliseconds since 1970.
schemathesis.graphql.scalar(
    "Date",
    st.one_of(MOMENT, st.dates().map(str)).map(nodes.String) | st.integers(0, 2**31 - 1).map(nodes.Int),
)


def _object(entries: dict) -> graphql.ObjectValueNode:
    fields = tuple(
        graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=value) for name, value in entries.items()
    )
    return graphql.ObjectValueNode(fields=fields)


LEAF = st.one_of(
    TEXT.map(nodes.String),
    st.integers(-(2**31), 2**31 - 1).map(nodes.Int),
    st.booleans().map(nodes.Boolean),
)
KEYS = st.sampled_from(["a", "b", "ip", "device", "from", "to"])
schemathesis.graphql.scalar(
    "JSON",
    st.recursive(
        LEAF,
        lambda inner: st.dictionaries(KEYS, inner, max_size=3).map(_object) | st.lists(inner, max_size=3).map(nodes.List),
        max_leaves=6,
    ),
)


class _CountFromOne(graphql.Visitor):
    """`page: -3` is a valid Int and yet, as in the original, an error; the schema has no type to say so."""

    def enter_argument(self, node, *_):
        if node.name.value in ("page", "perPage") and isinstance(node.value, graphql.IntValueNode):
            return graphql.ArgumentNode(
                name=node.name, value=graphql.IntValueNode(value=node.value.value.lstrip("-"))
            )
        return None


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, graphql.DocumentNode):
        return graphql.visit(body, _CountFromOne())
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    """Discounts that eat more than the price are 400, and a schema has no word for a sum."""
    charges = case.body.get("charges") if isinstance(case.body, dict) else None
    if not isinstance(charges, list):
        return
    priced = [charge for charge in charges if isinstance(charge, dict) and _is_number(charge.get("amount"))]
    if any(charge["amount"] < 0 for charge in priced):
        for charge in priced:
            charge["amount"] = abs(charge["amount"])


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
