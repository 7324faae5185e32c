"""The command line: files in, files and numbers out, and every mistake explained in one message."""

import base64
import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from importlib.metadata import version
from textwrap import dedent

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from siren_pde import LBFGS, Adam, Auto, Ball, GaussNewton, LeastSquares, Sobol
from siren_pde.cli.app import app
from siren_pde.cli.importing import method_named
from siren_pde.cli.methods import SHORT
from siren_pde.fields.generic import Generic
from siren_pde.io.readers import read_arrays, read_mesh
from siren_pde.io.solutions import about
from siren_pde.io.writers import write_mesh
from siren_pde.optimisers.base import Method
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.signed_distance import SignedDistance
from tests.told import told
from tests.typed import known, loaded

POISSON = """
from siren_pde import *

line = Box(x=(0, 1))

def truth(p):
    return sin(pi * p.x)

@on(line)
def poisson(p, u):
    return lap(u) + pi**2 * truth(p)

@on(line.boundary)
def ends(p, u):
    return u
"""
KNOWN = POISSON + "problem = Problem(poisson, ends, exact=truth)\n"
UNKNOWN = POISSON + "problem = Problem(poisson, ends)\n"
KEPT = {"manifest.json", "metrics.jsonl", "clock.jsonl", "checkpoints", ".lock"}
FEW = ["--method", "gauss-newton", "--width", "4", "--depth", "1", "--steps", "2"]


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Solve a file of this text; pictures take most of the time, and are drawn on request only."""

    def run(text, *options, drawn=False):
        (tmp_path / "mine.py").write_text(dedent(text))
        arguments = ["solve", tmp_path / "mine.py", "--out", tmp_path / "out", *options]
        with monkeypatch.context() as patch:
            if not drawn:
                patch.setattr("siren_pde.cli.solve._draw", lambda solution, folder: None)
            return CliRunner().invoke(app, list(map(str, arguments)))

    return run


def parsed(text):
    """The last line of the output, read as strictly as JSON is meant."""

    def refuse(name):
        raise ValueError(f"{name} is no JSON")

    return json.loads(text.splitlines()[-1], parse_constant=refuse)


def test_solving_leaves_results_and_pictures(call, tmp_path):
    result = call(KNOWN, *FEW, drawn=True)
    assert result.exit_code == 3, result.output  # two steps are all of the budget
    left = {"results.h5", "field.png", "history.png", "report.html"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == left | KEPT
    solution = loaded(tmp_path / "out" / "results.h5")
    assert (solution.method, solution.history.steps[-1]) == ("Gauss-Newton", 2)
    assert f"parameters {solution.parameters}" in result.stdout
    assert "(relative L²)" in result.stdout
    assert "siren_pde:" in result.stderr and "siren_pde:" not in result.stdout


def test_json_is_one_strict_object(call, tmp_path):
    answer = parsed(call(KNOWN, *FEW, "--json", "--seed", "3").stdout)
    assert {key: answer[key] for key in ("problem", "method", "why", "steps")} == {
        "problem": "poisson",
        "method": "Gauss-Newton",
        "why": "chosen by the caller",
        "steps": 2,
    }
    said = about(tmp_path / "out" / "results.h5")
    for key in ("error", "loss", "seconds", "stop_reason", "method"):
        assert answer[key] == said[key]
    assert answer["parameters"] == 4 * 2 + 4 + 1 and answer["out"] == str(tmp_path / "out")


def test_without_truth_the_error_is_null(call):
    assert parsed(call(UNKNOWN, *FEW, "--json").stdout)["error"] is None
    assert "no exact solution" in call(UNKNOWN, *FEW).stdout


def test_the_default_just_solves(call):
    answer = parsed(call(KNOWN, "--json", "--threads", "1").stdout)
    assert answer["method"] == "least squares" and answer["error"] < 1e-9


def test_least_squares_has_as_many_features_as_its_width(call):
    options = ["--method", "least-squares", "--width", "30", "--frequency", "8", "--json"]
    answer = parsed(call(KNOWN, *options).stdout)
    assert answer["parameters"] == 3 * 30 + 1 and answer["error"] < 1e-4
    assert call(KNOWN, *options, "--depth", "2").exit_code == 2


EVOLUTIONS = ("marching", "propagator")


@pytest.mark.parametrize("name", SHORT)
def test_every_method_has_a_short_name(call, name):
    result = call(KNOWN, "--method", name, "--steps", 1, "--width", 9, "--json")
    if name in EVOLUTIONS:
        assert result.exit_code == 2 and "evolution" in result.stderr
    elif name == "conjugate-gradients":  # a Siren is not affine in its parameters
        assert result.exit_code == 2 and "ConfigError" in result.stderr
    elif name == "variable-projection":  # it needs another unknown beside the one it eliminates
        assert result.exit_code == 2 and "ConfigError" in result.stderr
    else:
        used = GaussNewton() if name == "auto" else method_named(name)
        assert parsed(result.stdout)["method"] == used.name


def test_all_public_methods_have_short_names():
    import siren_pde
    from siren_pde import images, scattering

    places = (siren_pde, images, scattering)
    public = {getattr(place, name) for place in places for name in place.__all__}
    families = {value for value in public if isinstance(value, type) and issubclass(value, Method)}
    assert families - {Method} <= {type(method_named(name)) for name in SHORT}


def test_the_help_lists_methods_by_name_and_path(call):
    shown = CliRunner().invoke(app, ["solve", "--help"], env={"COLUMNS": "300"}).stdout
    shown = re.sub(r"[│\s]+", " ", shown)
    assert ", ".join(SHORT) in shown and "package.module:Name" in shown


STEEPEST = """
from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.base import Architecture, Iterate, Method

class Steepest(Method):
    name = "steepest descent"
    dtype = Adam.dtype
    architecture = Architecture(7, 1)

    def start(self, objective):
        theta = objective.parameters
        return Iterate(objective, theta, objective.loss(theta), None)

    def step(self, at, spent):
        gradient, _ = at.objective.loss_and_gradient(at.theta)
        theta = at.theta - 1e-9 * gradient
        return Iterate(at.objective, theta, at.objective.loss(theta), None)

    def points(self, parameters):
        return 50

class Half(Method):
    def start(self, objective):
        return None

class Greedy(Steepest):
    def __init__(self, rate):
        self.rate = rate

NUMBER = 3
"""


def test_a_method_of_ones_own_is_named_by_its_path(call, tmp_path):
    (tmp_path / "descents.py").write_text(STEEPEST)
    options = ["--method", "descents:Steepest", "--steps", 2, "--json"]
    answer = parsed(call(KNOWN, *options).stdout)
    assert (answer["method"], answer["steps"]) == ("steepest descent", 2)
    assert str(tmp_path) not in sys.path
    assert method_named("siren_pde:GaussNewton") == method_named("gauss-newton")
    answer = parsed(call(KNOWN, *options, "--width", 3).stdout)
    assert answer["parameters"] == 3 * 2 + 3 + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Adam(rate=1e-3, fresh=False)", Adam(rate=1e-3, fresh=False)),
        ("adam( rate = .5 , batch=10)", Adam(rate=0.5, batch=10)),
        ("least-squares(features=800)", LeastSquares(features=800)),
        ("LeastSquares(frequency=[1, 2.5])", LeastSquares(frequency=(1, 2.5))),
        ("siren_pde:Adam(warmup=3)", Adam(warmup=3)),
        ("LBFGS()", LBFGS()),
        ("auto", Auto()),
    ],
)
def test_methods_take_options(text, expected):
    assert method_named(text) == expected


def test_options_reach_the_solve(call, tmp_path):
    (tmp_path / "descents.py").write_text(STEEPEST)
    answer = parsed(call(KNOWN, "--method", "LeastSquares(features=30)", "--json").stdout)
    assert answer["parameters"] == 3 * 30 + 1
    sized = call(KNOWN, "--method", "LeastSquares(features=30)", "--width", 20, "--json")
    assert parsed(sized.stdout)["parameters"] == 3 * 20 + 1
    greedy = call(KNOWN, "--method", "descents:Greedy(rate=1)", "--steps", 2, "--json")
    assert parsed(greedy.stdout)["method"] == "steepest descent"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("newton", "no method `newton`.*least-squares.*package.module:Name"),
        ("package:", "no method"),
        ("nowhere.at.all:Mine", "cannot be imported: ModuleNotFoundError.*install"),
        ("broken:Mine", "cannot be imported: ZeroDivisionError"),
        ("descents:Missing", "has no attribute 'Missing'"),
        ("descents:NUMBER", "no subclass of .*Method"),
        ("siren_pde:Siren", "no subclass of .*Method"),
        ("descents:Half", "without arguments: .*abstract.*points.*step"),
        ("descents:Greedy", "without arguments: .*rate.*method = …"),
        ("Adam(speed=1)", "no option `speed`.*takes rate, final, fresh, batch"),
        ("adam(dtype='float32')", "no option `dtype`"),
        ("descents:Greedy(pace=1)", "no option `pace`.*takes rate"),
        ("Adam(rate=1e-3", "cannot be read"),
        ("Adam(1e-3)", "cannot be read .options have names"),
        ("Adam(rate=1e-3)(2)", "cannot be read"),
        ("Adam(**{'rate': 1})", "cannot be read"),
        ("Adam(rate=open('descents.py'))", "cannot be read"),
        ("Adam(rate=__import__('os').system('true'))", "cannot be read"),
        ("Adam(rate=" + "(" * 300 + ")" * 300 + ")", "cannot be read"),
        ("Nothing(rate=1)", "no method `Nothing`"),
        ("(rate=1)", "no method"),
    ],
)
def test_paths_that_name_no_method_are_explained(call, tmp_path, path, message):
    (tmp_path / "descents.py").write_text(STEEPEST)
    (tmp_path / "broken.py").write_text("1 / 0")
    result = call(KNOWN, "--method", path)
    said = " ".join(result.stderr.split())
    assert result.exit_code == 2 and "ConfigError" in said and "Traceback" not in said
    assert re.search(message, said), said


def test_precision_is_kept(call, tmp_path):
    assert call(KNOWN, *FEW, "--dtype", "float32").exit_code == 3
    field = loaded(tmp_path / "out" / "results.h5").field
    assert {value.dtype for value in field.state_dict().values()} == {torch.float32}


OWN = (
    KNOWN
    + """
field = Siren(1, width=3, depth=2)
method = LBFGS(inner=1)
quadrature = Sobol(16)
budget = Budget(steps=1)
"""
)


def test_a_file_may_choose_for_itself(call):
    answer = parsed(call(OWN, "--json").stdout)
    assert (answer["method"], answer["steps"]) == ("L-BFGS", 1)
    assert answer["parameters"] == 3 * 2 + 3 * 4 + 4
    answer = parsed(call(OWN, "--json", "--steps", 2, "--width", 2, "--method", "adam").stdout)
    assert (answer["method"], answer["steps"]) == ("Adam", 2)
    assert answer["parameters"] == 2 * 2 + 2 * 3 + 3


def test_the_only_problem_needs_no_name(call):
    assert call(POISSON + "mine = Problem(poisson, ends)", *FEW).exit_code == 3
    both = "mine = Problem(poisson, ends)\nother = Problem(poisson)"
    assert "several: mine, other" in call(POISSON + both, *FEW).stderr


def test_neighbours_of_the_file_can_be_imported(call, tmp_path):
    (tmp_path / "a_neighbour.py").write_text(KNOWN)
    assert call("from a_neighbour import problem", *FEW).exit_code == 3
    assert str(tmp_path) not in sys.path


def test_interruption_keeps_what_was_reached(call, tmp_path):
    text = """
    from siren_pde import *
    line, calls = Box(x=(0, 1)), []
    @on(line)
    def cubic(p, u):
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return u**3 - p.x
    problem = Problem(cubic)
    """
    answer = parsed(call(text, "--width", 4, "--depth", 1, "--json").stdout)
    assert answer["stop_reason"] == "interrupted by the user"
    assert (tmp_path / "out" / "results.h5").exists()


def test_what_cannot_be_drawn_is_still_solved(call, tmp_path):
    text = """
    from siren_pde import *
    apart = Box(x=(0, 1), y=(0, 1), z=(0, 1)) | Box(x=(0, 1), y=(0, 1), z=(2, 3))
    @on(apart)
    def one(p, u):
        return u - 1
    problem = Problem(one)
    """
    result = call(text, *FEW, drawn=True)
    assert result.exit_code == 0 and "no picture of the field" in result.stderr
    left = {"results.h5", "history.png", "report.html"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == left | KEPT


SINGULAR = """
from siren_pde import *
@on(Box(x=(-1, 1)))
def singular(p, u):
    return u - log(p.x)
problem = Problem(singular)
"""
MISTAKES = {
    "singular": (SINGULAR, [], "NonFiniteError.*`singular`"),
    "wrong arguments": (SINGULAR.replace("p, u", "p, u, q"), [], "ResidualError.*`singular`"),
    "undefined name": (SINGULAR.replace("log", "ln"), [], r"line 5, in singular.*name 'ln'"),
    "empty box": (SINGULAR.replace("-1", "1"), [], "DomainError.*low < high"),
    "syntax": ("def f(:", [], "mine.py.*SyntaxError"),
    "failing import": ("import nothing_like_this", [], "line 1.*ModuleNotFoundError"),
    "exit": ("raise SystemExit(0)", [], "cannot be run.*SystemExit"),
    "no problem": ("x = 1", [], "ConfigError.*defines none"),
    "another problem": ("problem = 3", [], "ConfigError.*defines none"),
    "device": (KNOWN, ["--device", "cuda:77"], "--device cuda:77.*Available: cpu"),
    "no device": (KNOWN, ["--device", "abacus"], "--device abacus"),
    "steps": (KNOWN, ["--steps", "0"], "--steps"),
    "width": (KNOWN, ["--width", "-3"], "--width"),
    "seed": (KNOWN, ["--seed", "-1"], "ConfigError: a seed is a whole number.*got -1"),
    "seconds": (
        KNOWN,
        ["--seconds", "nan"],
        "ConfigError.*finite number seconds > 0, got seconds=nan",
    ),
    "target": (KNOWN, ["--target", "inf"], "ConfigError.*finite number target"),
    "frequency": (KNOWN, ["--frequency", "nan"], "ConfigError.*frequency"),
    "rate": (KNOWN, ["--method", "Adam(rate=-1)"], "ConfigError.*rate > 0, got rate=-1"),
    "field": (KNOWN + "field = System(u=Siren(1))", ["--width", "3"], "`--width 3`.*a System"),
    "folder": (KNOWN, ["--out", "/dev/null/x"], "StorageError.*cannot make the folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(call, name):
    text, options, message = MISTAKES[name]
    result = call(text, *options)
    assert result.exit_code == 2, result.output
    found = " ".join(result.stderr.split())
    assert "Traceback" not in found
    assert re.search(message, found), found


def test_missing_files_are_named(tmp_path):
    result = CliRunner().invoke(app, ["solve", str(tmp_path / "none.py")])
    assert result.exit_code == 2 and "none.py" in result.stderr
    (tmp_path / "text.txt").write_text("")
    result = CliRunner().invoke(app, ["solve", str(tmp_path / "text.txt")])
    assert result.exit_code == 2 and "ends in .py" in result.stderr


# ── surfaces ──────────────────────────────────────────────────────────────────────────────────────


class Round(torch.nn.Module):
    """|x| − 2/2.4, as an ordinary module."""

    def __init__(self):
        super().__init__()
        self.radius = torch.nn.Parameter(torch.tensor(2 / 2.4, dtype=torch.float64))

    def forward(self, x):
        return x.norm(dim=1) - self.radius


def exact_sphere():
    """The signed distance to a sphere around (1, 2, 3) of radius 2, as a fit would give it."""
    field = Generic(Round(), 3, 1)
    points = Sobol(200)(Ball(x=0, y=0, z=0, radius=2 / 2.4).boundary)
    cloud = OrientedCloud(points.positions.numpy(), known(points.normals).numpy())
    return SignedDistance(
        told(field, ("x", "y", "z")), np.array([1.0, 2.0, 3.0]), 2.4, np.ones(3), cloud
    )


@pytest.fixture
def sphere(tmp_path, monkeypatch):
    ball = Ball(x=1, y=2, z=3, radius=2)
    np.save(tmp_path / "points.npy", Sobol(200)(ball.boundary).positions.numpy())
    monkeypatch.setattr("siren_pde.cli.sdf_answers.SAMPLES", 2000)
    monkeypatch.setattr("siren_pde.cli.sdf_answers.INSPECTED", 2000)
    monkeypatch.setattr("siren_pde.plots.page.PIXELS", 21)
    monkeypatch.setattr("siren_pde.cli.sdf.VOLUME", 8)
    monkeypatch.setattr("siren_pde.cli.sdf.fit_sdf", lambda cloud, **_: exact_sphere())

    def run(*options, points="points.npy", out="mesh.ply"):
        arguments = [
            "sdf",
            tmp_path / points,
            "--out",
            tmp_path / out,
            "--resolution",
            24,
            *options,
        ]
        return CliRunner().invoke(app, list(map(str, arguments)))

    return run


@pytest.mark.slow
def test_smooth_surfaces_are_those_of_the_network(sphere, monkeypatch):
    asked = []

    def fit(cloud, *, refine, **_):
        asked.append(refine)
        return exact_sphere()

    monkeypatch.setattr("siren_pde.cli.sdf.fit_sdf", fit)
    assert sphere("--smooth").exit_code == sphere().exit_code == 0
    assert asked == [False, True]


@pytest.mark.slow
def test_fast_surfaces_are_fitted_fast_and_leave_time_for_what_comes_after(sphere, monkeypatch):
    asked = []

    def fit(cloud, *, fast, seconds, afterwards, **_):
        asked.append((fast, afterwards))
        assert 15 <= seconds <= 30
        return exact_sphere()

    monkeypatch.setattr("siren_pde.cli.sdf.fit_sdf", fit)
    assert sphere("--fast").exit_code == sphere().exit_code == 0
    assert [fast for fast, _ in asked] == [True, False]
    assert 0 < asked[0][1] <= asked[1][1]


@pytest.mark.slow
def test_surfaces_are_written_and_measured(sphere, tmp_path):
    write_mesh(tmp_path / "true.ply", exact_sphere().mesh(48))
    result = sphere("--json", "--reference", tmp_path / "true.ply")
    assert result.exit_code == 0, result.output
    answer, mesh = parsed(result.stdout), read_mesh(tmp_path / "mesh.ply")
    assert (answer["points"], answer["vertices"]) == (200, len(mesh.vertices))
    assert (answer["faces"], answer["watertight"]) == (len(mesh.faces), True)
    assert (answer["components"], answer["genus"]) == (1, 0)
    assert 0 < answer["normal_error"] < 0.01 and "normal_error_rel" not in answer
    assert answer["memory"] > 1e7
    lengths = ("distance_mean", "distance_max", "reference_mean", "reference_max")
    for name in (*lengths, "sdf_rmse", "sdf_rmse_band", "own_rmse", "own_rmse_band"):
        # Chords of the cells, 0.2 long, are at most 0.2²·3/8r inside the sphere.
        assert 0 < answer[name] < 0.01
        assert answer[f"{name}_rel"] == pytest.approx(answer[name] / (4 * 3**0.5), rel=0.01)


@pytest.mark.slow
def test_a_fit_tells_its_own_worth(sphere, tmp_path):
    answer = parsed(sphere("--json").stdout)
    assert answer["eikonal"] < 1e-12 and answer["eikonal_band"] < 1e-12
    assert answer["eikonal_away"] < 1e-12
    assert set(answer["stages"]) == {"reading", "meshing", "measuring", "writing", "page"}
    assert (answer["unsupported_components"], answer["boundary_loops"]) == (0, 0)
    # 200 points on a sphere of radius 2 leave no gap of three spacings
    assert answer["far_share"] == 0
    assert "0.00%" in sphere().stdout


@pytest.mark.slow
def test_everything_lies_beside_the_mesh(sphere, tmp_path):
    result = sphere("--volume", tmp_path / "field.vti", "--simplify", 300, out="mesh.stl")
    assert result.exit_code == 0, result.output
    endings = {path.suffix for path in tmp_path.iterdir()}
    assert endings == {".npy", ".stl", ".h5", ".png", ".html", ".vti", ".run"}
    triangles = int.from_bytes((tmp_path / "mesh.stl").read_bytes()[80:84], "little")
    assert f"faces {triangles}" in " ".join(result.stdout.split()) and 150 < triangles <= 300
    page = (tmp_path / "mesh.html").read_text()
    assert "@" not in re.sub(r"@media|data:[^\"]*", "", page)
    assert not re.search(r"(src|href)=\"(?!data:)|https?://|url\(|import ", page)
    drawn = json.loads(known(re.search(r"application/json\" id=\"data\">(.*?)</script>", page))[1])
    corners = np.frombuffer(base64.b64decode(drawn["faces"]), "<u4")
    places = np.frombuffer(base64.b64decode(drawn["vertices"]), "<u2").reshape(-1, 4)
    assert len(corners) == drawn["corners"] == 3 * triangles
    assert corners.max() == len(places) - 1 and drawn["pointCount"] > 100


@pytest.mark.slow
def test_a_surface_needs_space_and_a_format(sphere, tmp_path):
    assert "watertight" in sphere("--keep-largest").stdout
    (tmp_path / "flat.txt").write_text("0 0\n1 1\n1 0\n0 1\n")
    for options, message in (
        ({"points": "flat.txt"}, "flat.txt"),
        ({"points": "none.ply"}, "none.ply"),
        ({"out": "mesh.gltf"}, "mesh format"),
    ):
        result = sphere(**options)
        assert result.exit_code == 2 and message in result.stderr


@pytest.mark.slow
def test_results_of_others_are_not_written_over(sphere, tmp_path):
    assert sphere().exit_code == sphere().exit_code == 0  # what it wrote itself
    (tmp_path / "mesh.png").write_bytes(b"mine")
    os.utime(tmp_path / "mesh.png", (2e9, 2e9))  # later than the run
    result = sphere()
    assert result.exit_code == 2 and "mesh.png` is there already" in " ".join(result.stderr.split())
    assert (tmp_path / "mesh.png").read_bytes() == b"mine"
    assert sphere("--force").exit_code == 0
    assert (tmp_path / "mesh.png").read_bytes() != b"mine"


NAMES = ("a $b$ c.npy", "$\\frac{.npy", "Flügel_点群 (1).npy", "50%{x}.npy", "tab\tand\nline.npy")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_file_will_do(name, sphere, tmp_path):
    (tmp_path / name).write_bytes((tmp_path / "points.npy").read_bytes())
    out = name.replace(".npy", ".ply")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        result = sphere("--json", points=name, out=out)
    assert result.exit_code == 0, result.output
    assert read_mesh(tmp_path / out).is_watertight
    assert json.loads(result.stdout.splitlines()[-1])["watertight"]
    for suffix in (".png", ".html", ".h5"):
        assert (tmp_path / out).with_suffix(suffix).is_file()


def test_names_that_are_no_text_are_refused_before_the_work(sphere, tmp_path):
    for names in ({"points": os.fsdecode(b"\xff.npy")}, {"out": os.fsdecode(b"\xff.ply")}):
        result = sphere(**names)
        assert result.exit_code == 2 and r"\xff" in result.stderr and "UTF-8" in result.stderr


@pytest.mark.slow
def test_a_scan_is_never_written_over(sphere, tmp_path):
    scan = tmp_path / "mesh.ply"
    write_mesh(scan, exact_sphere().mesh(8))
    (tmp_path / "linked.ply").symlink_to(scan)
    before = scan.read_bytes()
    for points, out in (("mesh.ply",) * 2, ("linked.ply", "mesh.ply"), ("mesh.ply", "linked.ply")):
        result = sphere(points=points, out=out)
        assert result.exit_code == 2 and "is also read" in " ".join(result.stderr.split())
    assert scan.read_bytes() == before


@pytest.mark.slow
def test_columns_and_colours_reach_the_mesh(sphere, tmp_path):
    points = np.load(tmp_path / "points.npy")
    warm = np.where(points[:, 2] > 3, 250, 10)
    table = np.column_stack([points, 0 * warm, 100 + 0 * warm, warm, 7 * points[:, 0]])
    np.save(tmp_path / "points.npy", table)
    result = sphere("--columns", "x,y,z,r,g,b,scalar_warmth")
    assert result.exit_code == 0, result.output
    read = read_arrays(tmp_path / "mesh.ply")
    assert b"property uchar blue" in (tmp_path / "mesh.ply").read_bytes()[:600]
    assert b"property float warmth" in (tmp_path / "mesh.ply").read_bytes()[:600]
    up, down = read.positions[:, 2] > 3.8, read.positions[:, 2] < 2.2
    assert (read.columns["blue"][up] == 250).all() and (read.columns["blue"][down] == 10).all()
    assert (read.columns["green"] == 100).all()
    assert np.abs(read.columns["warmth"] - 7 * read.positions[:, 0]).max() < 4
    again = sphere("--columns", "x,y,z,_,_,_", out="other.ply")
    assert again.exit_code == 2 and "7 columns, but" in " ".join(again.stderr.split())


@pytest.mark.slow
def test_far_from_the_origin_stl_is_shifted(sphere, tmp_path, monkeypatch):
    answer = parsed(sphere("--json", out="near.stl").stdout)
    assert answer["watertight"] and "offset" not in answer
    far = replace(exact_sphere(), centre=np.array([5e5, 4.5e6, 100]))
    monkeypatch.setattr("siren_pde.cli.sdf.fit_sdf", lambda cloud, **_: far)
    np.save(
        tmp_path / "points.npy",
        np.array([5e5 - 1, 4.5e6 - 2, 97]) + np.load(tmp_path / "points.npy"),
    )
    result = sphere("--json", out="far.stl")
    assert result.exit_code == 0, result.output
    answer, mesh = parsed(result.stdout), read_mesh(tmp_path / "far.stl")
    assert "moved by −(500000, 4500000, 100)" in result.stderr
    assert answer["offset"] == [5e5, 4.5e6, 100] and np.abs(mesh.vertices).max() < 3
    assert (answer["watertight"], answer["genus"]) == (mesh.is_watertight, mesh.genus) == (True, 0)
    assert answer["distance_mean"] < 0.01


# ── a process of its own ──────────────────────────────────────────────────────────────────────────


def process(*arguments):
    code = "from siren_pde.cli.app import app; app(prog_name='siren-pde')"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


@pytest.mark.slow
def test_standard_output_holds_nothing_else(tmp_path):
    (tmp_path / "mine.py").write_text(KNOWN)
    result = process("solve", tmp_path / "mine.py", "--out", tmp_path / "out", *FEW, "--json")
    assert len(result.stdout.splitlines()) == 1
    assert parsed(result.stdout)["method"] == "Gauss-Newton"
    assert "Warning" not in result.stderr


def test_the_version_is_printed():
    result = CliRunner().invoke(app, ["--version"])
    assert result.stdout == f"siren-pde {version('siren-pde')}\n" and result.exit_code == 0
