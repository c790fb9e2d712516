"""bit_count: how many bits of a word are set, as Verilog of explicit compressors.

Six bits of one weight become three, which takes three lookup tables of six inputs; a sum that a synthesiser writes by
itself takes nearly twice as many.
"""

from __future__ import annotations

from collections.abc import Iterator

FULL = 6  # inputs of a lookup table


def module(lanes: int) -> str:
    """The module `bit_count`: x [lanes] to y, the number of ones."""
    bits = lanes.bit_length()
    lines = [f"module bit_count (input wire [{lanes - 1}:0] x, output wire [{bits - 1}:0] y);"]
    columns = [[f"x[{lane}]" for lane in range(lanes)]]
    level = 0
    while max(map(len, columns)) > 2:
        columns, made = _compressed(columns, level)
        lines += made
        level += 1
    for number in range(2):
        chosen = [column[number] if len(column) > number else "1'b0" for column in columns[:bits]]
        lines.append(f"wire [{len(chosen) - 1}:0] row{number} = {{{', '.join(reversed(chosen))}}};")
    lines += ["assign y = row0 + row1;", "endmodule"]
    return "\n".join(lines)


def _compressed(columns: list[list[str]], level: int) -> tuple[list[list[str]], list[str]]:
    """One level of compressors over the columns, the lowest weight first, and its lines."""
    found: list[list[str]] = [[] for _ in range(len(columns) + 2)]
    lines: list[str] = []
    for weight, column in enumerate(columns):
        at = 0
        while at < len(column):
            part = column[at : at + FULL]
            at += len(part)
            if len(part) < 3:
                found[weight] += part
                continue
            name = f"c{level}_{weight}_{at}"
            lines += _counted(name, part)
            for bit in range(3 if len(part) > 3 else 2):
                found[weight + bit].append(f"{name}[{bit}]")
    while not found[-1]:
        found.pop()
    return found, lines


def _counted(name: str, bits: list[str]) -> Iterator[str]:
    """Three to six bits counted by two full adders and what they carry."""
    a, b = bits[:3], bits[3:]
    first = (" ^ ".join(a), f"({a[0]} & {a[1]}) | ({a[2]} & ({a[0]} | {a[1]}))")
    yield f"wire {name}_s = {first[0]}; wire {name}_k = {first[1]};"
    if not b:
        yield f"wire [1:0] {name} = {{{name}_k, {name}_s}};"
        return
    b = [*b, *["1'b0"] * (3 - len(b))]
    second = (" ^ ".join(b), f"({b[0]} & {b[1]}) | ({b[2]} & ({b[0]} | {b[1]}))")
    yield f"wire {name}_t = {second[0]}; wire {name}_l = {second[1]};"
    yield f"wire {name}_m = {name}_s & {name}_t;"
    yield (
        f"wire [2:0] {name} = {{({name}_k & {name}_l) | ({name}_m & ({name}_k | {name}_l)), "
        f"{name}_k ^ {name}_l ^ {name}_m, {name}_s ^ {name}_t}};"
    )
