"""Damage: what happens to the bytes of a file, and to the values of a description, as Hypothesis or random draws it."""

import json

from checksums import joined, mended, split
from hypothesis import strategies as st

NUMBERS = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]
ODD = [
    None,
    True,
    -1,
    0,
    1,
    1.5,
    2**31,
    2**63,
    10**400,
    1e308,
    "",
    "x",
    "classes",
    "0" * 5000,
    [],
    {},
    [[[[]]]],
    [1, 2],
]


@st.composite
def damaged(draw, valid):
    """The bytes of a valid file after one to five changes, or any bytes at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=300))
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 5))):
        _change(draw, data)
    return bytes(data)


def _change(draw, data):
    # Most of what a reader decides on is at the beginning.
    place = draw(st.integers(0, len(data)) | st.integers(0, min(len(data), 200)))
    kind = draw(st.sampled_from(["flip", "set", "cut", "take", "insert", "repeat", "number"]))
    length = draw(st.integers(1, 64))
    if kind == "flip" and place < len(data):
        data[place] ^= 1 << draw(st.integers(0, 7))
    elif kind == "set" and place < len(data):
        data[place] = draw(st.sampled_from(NUMBERS[:8]))
    elif kind == "cut":
        del data[place:]
    elif kind == "take":
        del data[place : place + length]
    elif kind == "insert":
        data[place:place] = draw(st.binary(min_size=1, max_size=length))
    elif kind == "repeat":
        data[place:place] = data[place : place + length] * draw(st.integers(1, 40))
    elif kind == "number":
        size, order = draw(st.sampled_from([1, 2, 4, 8])), draw(st.sampled_from(["little", "big"]))
        number = draw(st.sampled_from(NUMBERS)) % 256**size
        data[place : place + size] = number.to_bytes(size, order)


def damage(valid, chance):
    """The bytes of a valid file after one to four changes, which `chance`, a random.Random, decides: quickly."""
    data = bytearray(valid)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 200)) if data else 0
        kind, length = chance.randrange(7), chance.randint(1, 64)
        if kind == 0:
            del data[place:]
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = chance.randbytes(length)
        elif kind == 3:
            data[place:place] = data[place : place + length] * chance.randint(1, 40)
        elif kind == 4:
            size, order = chance.choice([1, 2, 4, 8]), chance.choice(["little", "big"])
            data[place : place + size] = (chance.choice(NUMBERS) % 256**size).to_bytes(size, order)
        elif place < len(data):
            data[place] ^= 1 << chance.randrange(8)
    return bytes(data)


@st.composite
def described_oddly(draw, valid):
    """A tensor file with odd values in its description or its header, and a checksum that agrees."""
    header, tensors = split(valid)
    metadata = header["__metadata__"]
    description = json.loads(metadata["description"])
    whole = {"header": header, "description": description}
    for _ in range(draw(st.integers(1, 3))):
        put_odd(draw, whole)
    if isinstance(whole.get("header"), dict) and isinstance(whole["header"].get("__metadata__"), dict):
        found = whole.get("description")
        whole["header"]["__metadata__"]["description"] = found if isinstance(found, str) else json.dumps(found)
    return mended(joined(whole.get("header"), tensors))


@st.composite
def odd(draw, valid):
    """A description, of objects and lists, with some odd values in it."""
    whole = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 4))):
        put_odd(draw, whole)
    return whole


def put_odd(draw, tree):
    """Change, remove, add or repeat something somewhere in a tree of objects and lists."""
    while True:
        places = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not places:
            return
        place = draw(st.sampled_from(places))
        inner = tree[place]
        if not isinstance(inner, (dict, list)) or draw(st.integers(0, 4)) == 0:
            break
        tree = inner
    kind = draw(st.sampled_from(["set", "set", "set", "number", "remove", "more"]))
    if kind == "set":
        tree[place] = json.loads(json.dumps(draw(st.sampled_from(ODD))))
    elif kind == "number":
        tree[place] = draw(st.integers(-3, 2**20) | st.floats())
    elif kind == "remove":
        del tree[place]
    elif isinstance(tree, list):
        tree.extend(json.loads(json.dumps([inner] * draw(st.integers(1, 30)))))
    else:
        tree[draw(st.text(max_size=10))] = inner
