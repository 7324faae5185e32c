"""What one of several processes has to say, heard by all."""

from __future__ import annotations

import torch

from siren_pde.processes.processes import Processes


def first_said(text: str, processes: Processes) -> str:
    """The text of the first process that has one, empty where none has; all call for it."""
    if not processes.several:
        return text
    letters = torch.tensor([*text.encode()], dtype=torch.uint8)
    counts = processes.gathered(torch.tensor([len(letters)]))
    letters = processes.gathered(letters)
    spoken = counts[counts > 0]
    return bytes(letters[: int(spoken[0])].tolist()).decode() if len(spoken) else ""
