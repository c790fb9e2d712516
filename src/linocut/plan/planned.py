"""plan: the account of a training, from what a user has: the same as `linocut plan`, in Python."""

from __future__ import annotations

from linocut.compile.batch import MOST_BATCH, least_batch
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.optimizers import Optimizer, find_optimizer
from linocut.plan.account import ARENA, PAPER, Account
from linocut.plan.arena import arena_account
from linocut.plan.budget import find_budget, find_sizes
from linocut.plan.paper import paper_account
from linocut.plan.search import largest_batch
from linocut.plan.training import Sizes, Training
from linocut.policies import Policy, find_policy


def plan(
    network: Network,
    policy: str | Policy = "lean",
    optimizer: str | Optimizer = "adam",
    batch_size: int | None = None,
    budget: str | int | None = None,
    account: str = ARENA,
    micro_batch: int | None = None,
    later_edition: bool = False,
) -> Account:
    """The memory that training a network would take, to print; nothing is allocated for it.

    `account` is "arena", what linocut takes, to the byte, or "paper", what the paper counts. `budget` is a size such as
    "48MiB", or bytes: without a `batch_size` the largest batch within it is planned, with one the largest
    `micro_batch` that divides it. Without both the batch is 100. `later_edition` is the paper's (paper_account).
    SpecError for what cannot be, and for a budget that holds no batch.
    """
    training = Training(network, find_policy(policy), find_optimizer(optimizer))
    held = None if budget is None else find_budget(budget)
    if account not in (ARENA, PAPER):
        raise SpecError(f"account is {account!r}, must be {ARENA} or {PAPER}")
    if account == ARENA:
        if later_edition:
            raise SpecError('later_edition is True, but it is of account="paper"; give that, or leave it out')
        return account_of(training, account, find_sizes(training, held, batch_size, micro_batch))
    if micro_batch is not None:
        raise SpecError(f"micro_batch is {micro_batch!r}, but the paper's account knows none; leave one of them out")
    largest = None if held is None else largest_of_paper(training, held, later_edition)
    found = account_of(
        training,
        account,
        find_sizes(training, None, largest if batch_size is None else batch_size, None),
        later_edition,
    )
    if held is not None and found.total_bytes > held:
        raise SpecError(
            f"budget is {held:,} B, but a batch of {found.batch:,} takes {found.total_bytes:,} B as the paper counts; "
            f"take batch_size={largest}, or leave it out"
        )
    return found


def account_of(training: Training, account: str, sizes: Sizes, later_edition: bool = False) -> Account:
    """The account called "arena" or "paper" of a training at these sizes."""
    if account == ARENA:
        return arena_account(training.compiled(sizes))
    given = training.network, training.policy, training.optimizer
    return paper_account(*given, sizes.batch, later_edition=later_edition)


def largest_of_paper(training: Training, budget: int, later_edition: bool, most: int = MOST_BATCH) -> int:
    """The largest batch, of at most `most`, that the paper's account counts within a budget; SpecError for none."""

    def total(batch: int) -> int:
        return account_of(training, PAPER, Sizes(batch, batch), later_edition).total_bytes

    return largest_batch(total, budget, least_batch(training.network.graph), most)
