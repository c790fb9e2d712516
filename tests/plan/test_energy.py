"""The estimate of energy: counted by hand for a small network, and the files that it is configured by."""

from __future__ import annotations

from pathlib import Path

import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.devices.energies import INT8_MAC, KINDS, OWN, read_energies
from linocut.errors import SpecError
from linocut.plan.energy import ACCESSES, OPERATIONS, energy_report, energy_size, step_energy
from linocut.policies import POLICIES

B, K, H, C = 20, 64, 128, 10  # batch, inputs, hidden units, classes
NETWORK = lc.models.mlp((8, 8, 1), C, (H,))
PRODUCTS = B * K * H  # of the first layer
LAST = B * H * C


def counts(policy: lc.Policy, unit: str) -> dict[str, int]:
    step = step_energy(compile_network(NETWORK, policy, lc.Adam(), B), read_energies())
    return {row.name: row.count for row in step.rows if row.unit == unit}


def test_operations_by_hand() -> None:
    integers, floats = counts(lc.lean, OPERATIONS), counts(lc.standard, OPERATIONS)
    assert floats["xnor"] == LAST
    assert floats["int8"] == PRODUCTS  # Y of u8 and signs
    assert floats["float"] + floats["float_sign"] == PRODUCTS + 2 * LAST  # dW; dX and dW of the last layer
    assert integers["int8"] >= 2 * PRODUCTS + 2 * LAST  # more where a product is formed anew instead of kept
    assert "float" not in integers and "float_sign" not in integers


def test_accesses_by_hand() -> None:
    found = counts(lc.standard, ACCESSES)
    first, last = 4 * K * H, 4 * H * C  # bytes of weights
    assert found["W"] == 3 * first + 4 * last  # packed where they multiply, read and written by the update
    assert found["dW"] == 2 * (first + last)
    assert found["input"] == 2 * B * K  # by the product and by dW
    assert "dW" not in counts(lc.lean, ACCESSES)


@pytest.mark.parametrize("name", POLICIES)
def test_every_instruction_of_a_step_is_counted(name: str) -> None:
    """From the first on, which has no operations but accesses; each operand once for each way that it is used."""
    compiled = compile_network(NETWORK, POLICIES[name], lc.Adam(), B)
    program, operations, accesses = compiled.program, 0, 0
    section = program.section("train")
    for index in range(section.begin, section.end):
        instruction = program.instructions[index]
        operations += program.work(instruction).operations
        for operand, number in zip(instruction.op.signature.operands, instruction.operands, strict=True):
            accesses += 0 if number is None else program.buffers[number].nbytes * {"=": 2}.get(operand.mode, 1)
    assert sum(counts(POLICIES[name], OPERATIONS).values()) == operations
    assert sum(counts(POLICIES[name], ACCESSES).values()) == accesses


def test_what_an_element_is_made_of_decides_not_its_channels_numbers() -> None:
    """Under lean, of floats are what the logits' norm, the loss and the shifts' Adam do; statistics of integers not."""
    found = counts(lc.lean, OPERATIONS)
    binarized = K * H + 2 * H * C
    assert found["integer_element"] == binarized + 4 * B * H + 2 * B * C
    assert found["float_element"] == 3 * B * C + C + H


def test_picojoules_are_counts_times_the_energies_of_where_the_arena_lies() -> None:
    energies = read_energies()
    step = step_energy(compile_network(NETWORK, lc.lean, lc.Adam(), B), energies)
    assert step.memory == "1 MiB cache"
    for row in step.rows:
        each = energies.operations[row.name] if row.unit == OPERATIONS else 100 / 8
        assert row.picojoules == pytest.approx(row.count * each)
    assert step.picojoules == pytest.approx(sum(row.picojoules for row in step.rows))
    assert energies.memory_for(2**20 + 1).name == "DRAM"
    assert [energies.memory_for(n).bytes for n in (1, 2**13, 2**13 + 1)] == [2**13, 2**13, 2**15]


def test_all_policies_side_by_side() -> None:
    report = energy_report(NETWORK, lc.Adam(), B, read_energies())
    assert [step.policy for step in report.steps] == list(POLICIES)
    *_, total, memory, source = str(report).splitlines()
    assert total.split()[:2] == ["the", "step"]
    first, last = report.steps[0].picojoules, next(s for s in report.steps if s.policy == "lean").picojoules
    assert f"{first / last:.2f}x" in total
    assert "1 MiB cache" in memory and "Horowitz" in source
    policies = report.to_json()["policies"]
    assert [entry["picojoules"] for entry in policies] == [step.picojoules for step in report.steps]
    assert list(policies[0]["rows"][0]) == ["name", "unit", "count", "picojoules"]


def test_picojoules_for_people() -> None:
    assert [energy_size(n) for n in (0.0, 5.0, 1.5e3, 2.25e7, 3e9, 4e12)] == [
        *("0.00 pJ", "5.00 pJ", "1.50 nJ", "22.50 uJ", "3.00 mJ", "4.00 J"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("xnor = 0.0075", "xnor = -1", "xnor is -1, must be a number of picojoules, 0 or more"),
        ("xnor = 0.0075", "xnor = nan", "xnor is nan"),
        ("xnor = 0.0075", "xnor = 'low'", "xnor is 'low'"),
        ("xnor = 0.0075", "", "operations lacks xnor"),
        ("xnor = 0.0075", "xnor = 1\nnand = 1", "operations has no nand; there are float"),
        ("source =", "origin =", "the file lacks source"),
        ("[operations]", "[other]", "the file lacks operations"),
        ("access_bytes = 8", "access_bytes = 0", "bytes and access_bytes are 8192 and 0, must be whole numbers above"),
        ("bytes = 8192", "bytes = 65536", "memories must be in the order of their bytes"),
        ("[[memories]]", "[memories]", "is not TOML|must be one table"),
        ("picojoules = 10.0", "", "a memory lacks picojoules"),
        ("xnor =", "xnor", "is not TOML"),
    ],
)
def test_files_that_do_not_say_all(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = OWN.read_text()
    assert old in text
    path = tmp_path / "energies.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SpecError, match=message) as caught:
        read_energies(path)
    assert str(path) in str(caught.value)


def test_an_arena_that_no_memory_holds(tmp_path: Path) -> None:
    path = tmp_path / "energies.toml"
    path.write_text(OWN.read_text().replace('name = "DRAM"', 'name = "small"\nbytes = 2000000'))
    energies = read_energies(path)
    assert set(energies.operations) == {*KINDS, INT8_MAC}
    with pytest.raises(SpecError, match="3,000,000 B, the largest memory of the energies, small, holds 2,000,000"):
        energies.memory_for(3_000_000)
