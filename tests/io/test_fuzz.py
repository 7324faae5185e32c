"""Damaged files of every kind end in an error of the right family, soon, and change nothing.

The long run is `python tools/fuzz.py --count 100000`.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from siren_pde import Siren, load, save
from siren_pde.errors import StorageError
from tests.fuzzing import bad, corpus, mutants, tried
from tests.told import told

CORPUS = corpus()
COUNT = 100


@pytest.mark.parametrize("kind", CORPUS, ids=lambda kind: kind.name)
def test_damaged_files_are_refused_or_read(kind, tmp_path: Path) -> None:
    ends = Counter[str]()
    count = round(kind.share * COUNT)
    for data in mutants(kind, CORPUS, count, seed=0):
        ends += tried(kind, data, tmp_path)
    assert not bad(ends)
    assert ends["refused"] > (count // 5 if kind.share == 1 else 0)


@pytest.mark.parametrize("kind", CORPUS, ids=lambda kind: kind.name)
def test_whole_files_are_read(kind, tmp_path: Path) -> None:
    ends = tried(kind, kind.data, tmp_path)
    assert ends["read"] >= 1 and not bad(ends)


def test_every_single_flipped_bit_of_results_is_noticed(tmp_path: Path) -> None:
    path, draw = tmp_path / "results.h5", np.random.default_rng(0)
    save(told(Siren(2, width=6, depth=2)), path)
    data, noticed = path.read_bytes(), 0
    for at in draw.choice(8 * len(data), 300, replace=False).tolist():
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        path.write_bytes(flipped)
        with pytest.raises(StorageError, match=r"results\.h5"):
            load(path)
        noticed += 1
    assert noticed == 300
