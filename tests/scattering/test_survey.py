"""Surveys: the waves around a disk are those of physics, and files are read or refused."""

import math

import numpy as np
import pytest
import torch
from scipy.io import savemat

from siren_pde.errors import ConfigError, DataFileError
from siren_pde.scattering import Survey, read_survey
from siren_pde.scattering.survey import _order

ring = np.linspace(0, 2 * math.pi, 7)[:-1]
sources = 0.5 * np.stack([np.cos(ring), np.sin(ring)], axis=1)
receivers = 0.8 * np.stack([np.cos(ring + 0.3), np.sin(ring + 0.3)], axis=1)


def disk(sources, receivers, speed=2.0):
    where = {"sources": sources, "receivers": receivers}
    return Survey.around_disk(k=20.0, radius=0.1, speed=speed, **where)


def test_the_waves_around_a_disk_are_those_of_physics():
    recorded = disk(sources, receivers).recorded
    assert np.allclose(recorded, disk(receivers, sources).recorded.T, rtol=1e-12)  # reciprocity
    assert np.allclose(recorded[1:, 1:], recorded[:-1, :-1], rtol=1e-10)  # the disk is round
    assert disk(sources, receivers, speed=1.0).cloud.data["scattered"].abs().max() < 1e-15


def test_a_disk_keeps_the_energy_of_waves():
    """With a real speed, each angular wave comes back as strong as it went in: |1 + 2a| = 1."""
    for n in range(6):
        a = _order(n, 20.0, 0.1, 2.0) / (-0.25j * (1 if n == 0 else 2))
        assert abs(abs(1 + 2 * a) - 1) < 1e-12


def test_incident_and_scattered_fields_add_up_to_what_is_recorded():
    survey = disk(sources, receivers)
    incident = [g.re.value + 1j * g.im.value for g in survey.incident(survey.cloud.data_points)]
    parts = survey.cloud.data["scattered"].view(6, 6, 2).contiguous()
    total = torch.stack(incident, dim=1) + torch.view_as_complex(parts)
    assert torch.allclose(total, torch.from_numpy(survey.recorded))


def test_shapes_and_numbers_are_checked():
    survey = disk(sources, receivers[:4])
    with pytest.raises(ConfigError, match=r"\(receivers, sources\), got \(6, 4\)"):
        Survey(sources, receivers[:4], survey.recorded.T, 20.0)
    with pytest.raises(ConfigError, match="NaN or infinite"):
        Survey(sources * np.nan, receivers[:4], survey.recorded, 20.0)


def test_surveys_are_read_from_matlab_files(tmp_path):
    survey, path = disk(sources, receivers), tmp_path / "survey.mat"
    savemat(path, {"source": sources, "receivers": receivers, "rec_val": survey.recorded})
    assert np.array_equal(read_survey(path, k=20).recorded, survey.recorded)


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "other", "shape", "nan", "deep"])
def test_files_without_a_survey_are_refused(tmp_path, damage):
    path, recorded = tmp_path / "survey.mat", disk(sources, receivers).recorded
    entries = {"source": sources, "receivers": receivers, "rec_val": recorded}
    if damage == "text":
        path.write_text("no survey at all" * 100)
    elif damage != "missing":
        entries |= {
            "other": {"rec_val": np.array(["a", "b"])},
            "shape": {"rec_val": recorded[:3]},
            "nan": {"rec_val": np.full_like(recorded, np.nan)},
            "deep": {"source": np.zeros((2, 2, 2))},
        }.get(damage, {})
        savemat(path, entries)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataFileError, match="holds no survey"):
        read_survey(path, k=20)
