"""What all tests share: seeds that are set anew for each of them, how hypothesis draws, where."""

import os
import random
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from tests.devices import FAKE, everything_on, made

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

COUNTED = pytest.StashKey[list[bool]]()
"""Of each test, whether it made tensors on the device."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--device`, for the tests that benchmarks/gpu.py names."""
    words = f"where fields, points and tensors are: cuda, cuda:1, or {FAKE}, which is none"
    parser.addoption("--device", default="cpu", help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Make the device the default before tests are imported."""
    device = config.getoption("--device")
    if device.startswith("meta"):
        raise pytest.UsageError(
            f"tensors on `{device}` have no values, and there is nothing to test. Take `cuda`, or "
            f"`--device {FAKE}`, whose tensors have."
        )
    if device != "cpu":
        config.add_cleanup(everything_on(device).close)
        config.stash[COUNTED] = []


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The global generators, for the tests and the code that use them."""
    random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whether the test makes tensors on the device, if there is one."""
    counted = request.config.stash.get(COUNTED, None)
    if counted is None:
        yield
        return
    device = request.config.getoption("--device")
    before = made(device)
    yield
    counted.append(made(device) > before)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how many tests made tensors on the device."""
    counted = config.stash.get(COUNTED, None)
    if counted is not None:
        device = config.getoption("--device")
        terminalreporter.line(f"on {device}: {sum(counted)} of {len(counted)} tests made tensors")
