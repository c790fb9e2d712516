"""Which tests are to notice a fault in which file: those nearest to it first, and of these the quickest."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath

from linocut.ops import OPS as INSTRUCTIONS

COMPARISON = "tests/ops/test_native_matches_reference.py"
NAMES = {op.name for op in INSTRUCTIONS}
OPS = (
    "tests/ops/test_elementary.py",
    "tests/ops/test_fixed_point.py",
    "tests/ops/test_losses.py",
    "tests/ops/test_edges.py",
    "tests/ops/test_signature.py",
    "tests/test_native_loader.py",
    COMPARISON,
    "tests/ops/test_micro_batch.py",
    "tests/ops/test_panels.py",
    "tests/ops/test_updates.py",
    "tests/ops/test_weight_decay.py",
    "tests/ops/test_activation.py",
    "tests/ops/test_channels.py",
    "tests/ops/test_rounding_of_dy.py",
    "tests/ops/test_whole_thresholds.py",
    "tests/ops/test_largest_bytes.py",
    "tests/ops/test_conv2d_weight_gradient_blocks.py",
    "tests/ops/test_standard_against_pytorch.py",
    "tests/ops/test_wang2021_against_float64.py",
    "tests/ops/test_lean_against_float64.py",
)
COMPILE = ("tests/compile",)
PLAN = ("tests/plan",)
GRAPH = ("tests/graph",)
NETWORKS = (
    "tests/networks/test_toml_file.py",
    "tests/networks/test_layers_against_pytorch.py",
    "tests/networks/test_networks_against_pytorch.py",
    "tests/networks/test_losses_against_pytorch.py",
)
LAYERS = ("tests/layers", "tests/graph/test_place.py", *NETWORKS, "tests/networks/test_wiring_against_pytorch.py")
RUN = (
    "tests/run/test_initial.py",
    "tests/run/test_large_arrays.py",
    "tests/run/test_predictor_inputs.py",
    "tests/run/test_threads.py",
    "tests/run/test_tiled_same_bits.py",
    "tests/run/test_same_bits.py",
    "tests/run/test_shared_predictor.py",
    "tests/run/test_runner.py",
    "tests/run/test_inference_of_branches.py",
)
OPTIMIZERS = (
    "tests/test_optimizers.py",
    "tests/networks/test_optimizers_against_pytorch.py",
    "tests/compile/test_batch.py",
    "tests/train/test_micro_batches.py",
    "tests/networks/test_lean_networks_against_float64.py",
)
EXPORT = ("tests/export",)
DATA = ("tests/data",)
TRAIN = (
    "tests/train/test_schedules.py",
    "tests/train/test_trainer.py",
    "tests/train/test_rates_and_order.py",
    "tests/train/test_abandon.py",
    "tests/train/test_augmented.py",
    "tests/train/test_networks_of_numbers.py",
    "tests/train/test_micro_batches.py",
    "tests/train/test_budget_keeps_state.py",
    "tests/train/test_damaged_checkpoint.py",
    "tests/train/test_run_folder.py",
    "tests/train/test_branches.py",
    "tests/train/test_health.py",
    "tests/train/test_resume.py",
    "tests/train/test_killed.py",
    "tests/train/test_failing_disk.py",
)
FILES = ("tests/test_tensor_file.py", "tests/train/test_damaged_checkpoint.py", "tests/train/test_failing_disk.py")
KERNELS = (
    COMPARISON,
    "tests/ops/test_largest_bytes.py",
    "tests/ops/test_conv2d_weight_gradient_blocks.py",
    "tests/ops/test_several_blocks.py",
    "tests/ops/test_largest_sums.py",
    "tests/ops/test_infinities.py",
    "tests/ops/test_whole_thresholds.py",
)
CORE = (
    "tests/test_native_session.py",
    "tests/test_native_loader.py",
    "tests/run/test_threads.py",
    "tests/run/test_same_bits.py",
    "tests/run/test_shared_predictor.py",
    "tests/fuzz/test_limits.py",
    "tests/fuzz/test_corpus.py",
    "tests/run/test_runner.py",
)

# The first pattern that fits; a `*` goes over folders too.
TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("src/linocut/ops/*.py", OPS),
    ("src/linocut/layers/*.py", LAYERS),
    ("src/linocut/graph/*.py", (*GRAPH, "tests/layers", *EXPORT, "tests/run/test_inference_of_branches.py")),
    ("src/linocut/networks/*.py", NETWORKS),
    ("src/linocut/optimizers/*.py", OPTIMIZERS),
    ("src/linocut/compile/*.py", (*COMPILE, *RUN)),
    ("src/linocut/data/*.py", DATA),
    ("src/linocut/run/*.py", (*RUN, "tests/train/test_trainer.py", "tests/train/test_networks_of_numbers.py")),
    ("src/linocut/devices/*.py", ("tests/plan/test_energy.py",)),
    ("src/linocut/plan/*.py", (*PLAN, "tests/test_cli_budget.py", "tests/test_cli_reports.py")),
    ("src/linocut/export/*.py", EXPORT),
    ("src/linocut/train/use.py", ("tests/train/test_one_use.py", "tests/train/test_trainer.py")),
    ("src/linocut/train/lock.py", ("tests/train/test_lock.py", "tests/train/test_run_folder.py")),
    ("src/linocut/train/*.py", TRAIN),
    ("src/linocut/report/*.py", ("tests/report", "tests/test_cli_bench.py")),
    ("src/linocut/schedules.py", ("tests/train/test_schedules.py", "tests/train/test_rates_and_order.py")),
    ("src/linocut/tensor_file.py", FILES),
    ("src/linocut/files.py", FILES),
    ("src/linocut/policies.py", ("tests/test_policies.py", "tests/ops/test_signature.py", *COMPILE)),
    ("src/linocut/toml_text.py", ("tests/test_toml_text.py", "tests/networks/test_hostile_toml.py")),
    ("native/kernels/*", KERNELS),
    ("native/*", CORE),
)


def stages_for(path: str) -> list[tuple[str, ...]]:
    """What pytest is given, one after the other, to notice a fault in this file; nothing where no room is its own.

    Of an instruction, or of its kernel, the comparison is of what is called like it, alone or fused; it takes seconds.
    """
    tests = next((tests for pattern, tests in TABLE if fnmatch(path, pattern)), ())
    name = PurePosixPath(path).stem
    if tests in (OPS, KERNELS) and name in NAMES:
        return [(COMPARISON, "-k", name), tuple(test for test in tests if test != COMPARISON)]
    return [tests] if tests else []


def room_of(path: str) -> str:
    """What rates are counted by: a folder of the package, or of the core."""
    parts = path.split("/")
    if parts[0] == "native":
        return "native/kernels" if parts[1] == "kernels" else "native"
    return parts[2].removesuffix(".py")
