"""What all tests share: seeds that are set anew for each of them, and how hypothesis draws."""

import os
import random

import pytest
import torch
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The global generators, for the tests and the code that use them."""
    random.seed(0)
    torch.manual_seed(0)
