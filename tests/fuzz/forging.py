"""Forged files: sound ones changed by somebody who knows the format and mends the checksum. `chance` decides all.

Beside damage to bytes: values of descriptions that are odd, moved, repeated or taken from another file, texts of JSON
and TOML that say much in little, numbers of tensors that none has.
"""

import json
import re
import struct
from copy import deepcopy

import tomli_w
from checksums import joined, mended, split
from spoiling import NUMBERS, damage

LONG = (10, 10, 100, 100, 1000, 5000)
LONGEST = 10**5  # of what is repeated, now and then
DEEP_TREE = 60  # of what json.dumps is given
NUMERALS = ("0", "-1", "1e999", "-0.0", "1_0", "0x10", "NaN", "inf", "-Infinity", "1979-05-27", "07:32:00", "true")
ODD_NUMBERS = (
    *(None, True, False, -1, 3, 2**20, 2**40, 2**53, -(2**63), 10**30, 10**400),
    *(-0.0, 0.5, 1.5, 1e-45, 1e-308, 1e38, 1e39, 1e308, float("nan"), float("inf"), -float("inf")),
    *NUMBERS,
)
ODD_TEXTS = (
    *("", " ", "x", "classes", "layers", "input", "two\nlines", "\x1b[2J", "\0", "\x7f", "\u2028", "\u202e\u0645", "é"),
    *("e\u0301", "😀", "\ud800", "../../etc/passwd", "%s%n", "{}", "a.b.c", "input1", "9", "u8", "f32", "nan", "-"),
)
FILLS = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\x80\x7f", b"\0\0\xc0\x7f", b"\xff\xff\x7f\x7f", b"\x01\0\0\0")
NUMERAL = re.compile(r"(?<=[ :\[])-?\d[\d.e+-]*")
NAMED = re.compile(r'"(\w+)": ')
LINE = re.compile(r"(?m)^.*\n")


def length(chance):
    """How often something is repeated."""
    return LONGEST if chance.random() < 0.005 else chance.choice(LONG)


def odd_value(chance):
    """What no writer put there."""
    kind = chance.randrange(10)
    if kind < 4:
        return chance.choice(ODD_NUMBERS)
    if kind < 6:
        return chance.choice(ODD_TEXTS)
    if kind == 6:
        return chance.choice(ODD_TEXTS) * length(chance)
    if kind == 7:
        return [chance.choice((0, 1, 3, 2**31, 1.5, "x", [], None))] * length(chance)
    if kind == 8:
        return nested(chance)
    return chance.choice(([], {}, [1, 2], {"a": 1}, {"": []}, [[]], [{}]))


def nested(chance):
    inner = chance.choice(([], {}, 1, {"layer": "relu"}))
    for _ in range(chance.randrange(DEEP_TREE)):
        inner = chance.choice(([inner], {"a": inner}, {"layer": "residual", "body": [inner]}))
    return inner


def places(tree):
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


def every_place(tree):
    """Objects and lists in a tree, each with a place in it: all that can be changed."""
    for place in places(tree):
        yield tree, place
        if isinstance(tree[place], (dict, list)):
            yield from every_place(tree[place])


def somewhere(tree, chance):
    """An object or list in a tree, and a place in it; None where there is none. Half are near the root."""
    if chance.random() < 0.5:
        found = list(every_place(tree))
        return chance.choice(found) if found else None
    while found := places(tree):
        place = chance.choice(found)
        inner = tree[place]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.1:
            return tree, place
        tree = inner
    return None


def changed(tree, other, chance):
    """Change one thing in a tree, in place; `other` is a tree that it may take from."""
    found = somewhere(tree, chance)
    if found is None:
        return
    inside, place = found
    kind, value = chance.randrange(9), inside[place]
    if kind < 2:
        inside[place] = odd_value(chance)
    elif kind == 2:
        inside[place] = near(value, chance)
    elif kind == 3:
        del inside[place]
    elif kind == 4:
        repeated(inside, place, chance)
    elif kind == 5:
        exchanged(inside, place, tree, chance)
    elif kind == 6 and isinstance(inside, list):
        chance.shuffle(inside)
    else:
        taken(inside, place, other, chance)


def near(value, chance):
    """A number that might be meant."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return not value
    return chance.choice((value + 1, value - 1, -value, 2 * value, value // 2, value * 64, 1, 2, 8, 1.5))


def repeated(inside, place, chance):
    if isinstance(inside, list):
        inside[place:place] = [deepcopy(inside[place]) for _ in range(min(length(chance), 10**4))]
    else:
        inside[chance.choice(ODD_TEXTS)] = deepcopy(inside[place])


def exchanged(inside, place, tree, chance):
    """Two values change their places."""
    if (found := somewhere(tree, chance)) is not None:
        that, there = found
        one, two = deepcopy(inside[place]), deepcopy(that[there])
        inside[place] = two
        if there in places(that):
            that[there] = one


def taken(inside, place, other, chance):
    """The value of such a place in another file, or any of its values."""
    for _ in range(8):
        if (found := somewhere(other, chance)) is not None and (found[1] == place or chance.random() < 0.2):
            inside[place] = deepcopy(found[0][found[1]])
            return


def json_text(tree, chance):
    """A tree as JSON, now and then as no writer of it would have put it."""
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.9)
    kind = chance.randrange(50)
    if kind == 0 and (names := list(NAMED.finditer(text))):
        name = chance.choice(names)  # twice
        return f"{text[: name.start()]}{name[0]}{json.dumps(odd_value(chance))}, {text[name.start() :]}"
    if kind == 1:
        return in_place_of_a_number(text, chance.choice(NUMERALS), chance)
    if kind == 2:
        return in_place_of_a_number(text, "9" * length(chance), chance)
    if kind == 3:
        many = length(chance)
        return in_place_of_a_number(text, "[" * many + "]" * many, chance)
    if kind == 4:
        return in_place_of_a_number(text, f"[{'[],' * length(chance)}[]]", chance)
    if kind == 5:
        return text + " " * length(chance)
    if kind == 6:
        return damage(text.encode(errors="replace"), chance).decode(errors="replace")
    return text


def in_place_of_a_number(text, new, chance):
    found = list(NUMERAL.finditer(text))
    if not found:
        return text
    where = chance.choice(found)
    return text[: where.start()] + new + text[where.end() :]


def forged_tensors(tensors, chance):
    """Their bytes, filled with something from somewhere on, or damaged."""
    kind = chance.randrange(6)
    if kind == 0 and tensors:
        fill, begin = chance.choice(FILLS), chance.randrange(len(tensors))
        count = min(len(tensors) - begin, chance.choice((1, 4, 8, 64, 10**6)))
        return tensors[:begin] + (fill * count)[:count] + tensors[begin + count :]
    if kind == 1 and len(tensors) > 8:
        begin = chance.randrange(len(tensors) - 8)
        some = struct.pack("<d", chance.choice((1e308, -1e308, 5e-324, float("nan"), float("inf"), -1.0, 0.0)))
        return tensors[:begin] + some + tensors[begin + 8 :]
    return damage(tensors, chance) if kind == 2 else tensors


def forged_tensor_file(sound, other, chance):
    """A checkpoint or model, of the sound one, with something of another."""
    kind = chance.randrange(20)
    if kind < 2:
        return damage(sound, chance)
    if kind < 4:
        return mended(damage(sound, chance))
    header, tensors = split(sound)
    description = json.loads(header["__metadata__"]["description"])
    if kind > 4:
        that = json.loads(split(other)[0]["__metadata__"]["description"])
        for _ in range(chance.choice((1, 1, 2, 3))):
            changed(description, that, chance)
    header["__metadata__"]["description"] = json_text(description, chance)
    if kind > 17:
        changed(header, split(other)[0], chance)
    text = json_text(header, chance).encode(errors="replace")
    data = len(text).to_bytes(8, "little") + text + forged_tensors(tensors, chance)
    return mended(data) if chance.random() < 0.97 else data


def agreeing(sound, tensors_of, chance):
    """A file with a change to its description, and the tensors that this asks for, as `tensors_of` says it."""
    header, _ = split(sound)
    description = json.loads(header["__metadata__"]["description"])
    changed(description, description, chance)
    forged, data, end = {"__metadata__": header["__metadata__"]}, [], 0
    for name, size in tensors_of(description).items():
        forged[name] = {"dtype": "U8", "shape": [size], "data_offsets": [end, end + size]}
        data.append(bytes(size) if chance.random() < 0.5 else chance.randbytes(size))
        end += size
    forged["crc32"] = {"dtype": "U8", "shape": [4], "data_offsets": [end, end + 4]}
    forged["__metadata__"]["description"] = json.dumps(description)
    return mended(joined(forged, b"".join(data) + bytes(4)))


def forged_toml(sound, other, chance):
    """The file of a network, described by the tree `sound`, with something of another."""
    tree = deepcopy(sound)
    kind = chance.randrange(10)
    if kind:
        for _ in range(chance.choice((1, 1, 2, 3))):
            changed(tree, other, chance)
    text = toml_text(tree)
    if kind < 4:
        text = toml_bomb(text, chance)
    data = text.encode(errors="replace")
    return damage(data, chance) if chance.random() < 0.2 else data


def toml_text(tree):
    """The file of a tree, as far as TOML has words for it."""
    try:
        return tomli_w.dumps({name: value for name, value in tree.items() if value is not None})
    except (TypeError, AttributeError, ValueError, RecursionError):
        return "".join(f"{name} = {value!r}\n" for name, value in tree.items())


def toml_bomb(text, chance):
    """With a line, or a value, that costs more than it looks."""
    many, quote = length(chance), chance.choice("\"'")
    lines = (
        f"{'a.' * many}a = 1\n",
        f"{f'{quote}a{quote} . ' * many}a = 1\n",
        f"[{'a.' * many}a]\n",
        "".join(f"a{n}.b = {n}\n" for n in range(many)),
        "[[layers]]\nlayer = 'relu'\n" * min(many, 10**4),
        f"x = {'[' * many}{']' * many}\n",
        f"x = {'{a=' * many}1{'}' * many}\n",
        f"x = [{'[],' * many}]\n",
        f"x = {quote * 3}{'y' * many}\n",
        f"# {'z' * many}\n",
        f"x = {'9' * many}\n",
        "name = 'again'\nname = 'again'\n",
    )
    if chance.random() < 0.5:
        where = chance.choice([line.start() for line in LINE.finditer(text)] or [0])
        return text[:where] + chance.choice(lines) + text[where:]
    values = (*NUMERALS, *(line[4:].rstrip() for line in lines if line.startswith("x = ")))
    return in_place_of_a_number(text, chance.choice(values), chance)
