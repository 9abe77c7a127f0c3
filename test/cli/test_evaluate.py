"""`tr2m evaluate`: the published protocols to the pixel, what is written, and who writes it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from stand_ins import FlatModel
from tiny_datasets import (
    write_c3vd,
    write_diode,
    write_hypersim,
    write_ibims,
    write_image,
    write_kitti,
    write_nyu,
    write_simcol,
    write_sunrgbd,
    write_void,
)
from tiny_models import tiny_depth_anything

from tr2m_core.cli.main import main
from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.registry import DATASETS
from tr2m_core.eval.procedural import HELD_OUT_SEED
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.model.config import nearest_input_size

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def model():
    return FlatModel()


@pytest.fixture
def sizes():
    """The input sizes that the model was loaded for."""
    return []


@pytest.fixture
def evaluate(monkeypatch, model, sizes, capsys):
    """Runs `tr2m evaluate` with a stand-in model; returns exit code, stdout and stderr."""

    def load(args):
        sizes.append(args.size)
        return model

    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", load)

    def run(*arguments):
        return main(["evaluate", *map(str, arguments)]), *capsys.readouterr()

    return run


def options(config: DatasetConfig) -> list[str]:
    """The command line that says what a DatasetConfig says."""
    named = {
        "--root": config.root,
        "--gt-root": config.gt_root,
        "--split": config.split,
        "--text-root": config.text_root,
        "--text-file": config.text_file,
    }
    return [config.name, *(part for pair in named.items() if pair[1] for part in pair)]


@pytest.fixture
def network(tmp_path):
    """The folder of a public depth network."""
    tiny_depth_anything().save_pretrained(tmp_path / "net")
    processor = {"image_processor_type": "DPTImageProcessor", "size": {"height": 56, "width": 56}, "do_pad": False}
    (tmp_path / "net" / "preprocessor_config.json").write_text(json.dumps(processor))
    return tmp_path / "net"


def read_csv(folder: Path) -> list[dict[str, str]]:
    with (folder / "frames.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


# ---- the protocols ----


@dataclass(frozen=True)
class Protocol:
    """A data set whose depth is flat. size: of the depth files; counted: how many of their pixels the protocol counts.

    outside, inside: pixels on either side of the crop's corner, outside None without a crop. beyond: a depth that
    is out of range; truth, planted: depths in range, of all pixels and of single ones. shown: of the image that the
    model is given. measured: of the ground truth.
    """

    name: str
    config: DatasetConfig
    size: tuple[int, int]
    counted: int
    outside: tuple[int, int] | None
    inside: tuple[int, int]
    beyond: float
    shown: tuple[int, int] = (480, 640)
    measured: tuple[int, int] = (480, 640)
    input_size: tuple[int, int] = (434, 560)
    truth: float = 2.0
    planted: float = 4.0

    def write(self, number: int, planted: dict[tuple[int, int] | None, float]) -> None:
        """Depth of the record: `truth`, but for the pixels given."""
        depth = np.full(self.size, self.truth)
        for place, value in planted.items():
            if place is not None:
                depth[place] = value
        dataset = DATASETS[self.name]
        path = dataset.records(self.config, "test", texts=False).records[number].depth
        if self.name == "hypersim":
            import h5py

            rows, columns = np.indices(self.size) - (np.array(self.size)[:, None, None] - 1) / 2
            focal = 886.81 * self.size[1] / 1024
            with h5py.File(path, "w") as file:
                file["dataset"] = (depth * np.sqrt(rows**2 + columns**2 + focal**2) / focal).astype(np.float32)
        elif self.name == "diode_outdoor":
            np.save(path, depth[..., None].astype(np.float32))
        else:
            write_image(path, np.round(depth / dataset.unit_per_count).astype(np.uint16))


CROPPED, NYU_PLACES = 426 * 560, {"outside": (44, 300), "inside": (45, 41)}
EVERYWHERE = {"outside": None, "inside": (0, 0)}
PROTOCOLS = {
    "nyu": lambda f: Protocol("nyu", write_nyu(f, count=3), (480, 640), CROPPED, **NYU_PLACES, beyond=10),
    # The bottom 352 of 375 rows begin at 23, the central 1216 of 1242 columns at 13; Garg's crop at 143, 43 of them.
    "kitti": lambda f: Protocol(
        "kitti",
        of_one_size(write_kitti(f, count=3), (375, 1242)),
        (375, 1242),
        206 * 1129,
        outside=(23 + 142, 700),
        inside=(23 + 143, 13 + 43),
        beyond=80,
        shown=(352, 1216),
        measured=(352, 1216),
        input_size=(350, 1204),
    ),
    "void": lambda f: Protocol("void", write_void(f, count=3), (480, 640), CROPPED, **NYU_PLACES, beyond=5),
    "c3vd": lambda f: Protocol(
        "c3vd",
        of_one_size(write_c3vd(f, ("cecum_t1_a",), frames=3), (480, 640)),
        (480, 640),
        480 * 640,
        **EVERYWHERE,
        beyond=100,
        truth=20,
        planted=40,
    ),
    "sunrgbd": lambda f: Protocol(
        "sunrgbd",
        write_sunrgbd(f, ((90, 120),) * 3),
        (90, 120),
        45 * 79,
        outside=(44, 100),
        inside=(45, 41),
        beyond=0,
        shown=(90, 120),
        measured=(90, 120),
        input_size=(518, 728),
    ),
    "ibims": lambda f: Protocol(
        "ibims", write_ibims(f, ("a", "b", "c")), (480, 640), CROPPED, **NYU_PLACES, beyond=10.001
    ),
    "hypersim": lambda f: Protocol(
        "hypersim", write_hypersim(f, count=3), (96, 128), 96 * 128, **EVERYWHERE, beyond=81, measured=(96, 128)
    ),
    "diode_outdoor": lambda f: Protocol(
        "diode_outdoor",
        write_diode(f, count=3),
        (96, 128),
        56 * 119,
        outside=(38, 60),
        inside=(39, 4),
        beyond=80,
        measured=(96, 128),
    ),
    "simcol": lambda f: Protocol(
        "simcol",
        write_simcol(f, count=3),
        (95, 95),
        95 * 95,
        **EVERYWHERE,
        beyond=100,
        measured=(95, 95),
        truth=20,
        planted=40,
    ),
}


def of_one_size(config: DatasetConfig, size: tuple[int, int]) -> DatasetConfig:
    """The same tree, all its images of (height, width) = size."""
    for record in DATASETS[config.name].records(config, "test", texts=False).records:
        write_image(record.image, np.zeros((*size, 3), np.uint8))
    return config


def without_sizes(err: str) -> str:
    """What stderr says besides that the model takes other sizes than the protocol's."""
    return "".join(line for line in err.splitlines(True) if not line.startswith("tr2m: note: embedded takes multiples"))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_only_errors_inside_crop_range_and_masks_count(evaluate, model, sizes, tmp_path, name):
    """Three images: flat; flat but for pixels that must not count; flat but for one more pixel, which must."""
    if name == "hypersim":
        pytest.importorskip("h5py")
    protocol = PROTOCOLS[name](tmp_path / "data")
    model.depth = protocol.truth / 2
    ignored = {protocol.outside: protocol.planted, protocol.inside: protocol.beyond}
    for number, planted in enumerate(({}, ignored, {protocol.inside: protocol.planted})):
        protocol.write(number, planted)
    code, out, err = evaluate(*options(protocol.config), "-o", tmp_path / "out", "--panels", 0)
    assert (code, without_sizes(err)) == (0, "")

    rows = [row for row in read_csv(tmp_path / "out") if row["method"] == "embedded"]
    assert [int(row["valid_pixels"]) for row in rows] == [protocol.counted, protocol.counted - 1, protocol.counted]
    # An error of half the truth, and of three quarters where twice the truth was planted.
    expected = [0.5, 0.5, (0.5 * (protocol.counted - 1) + 0.75) / protocol.counted]
    exact = 1e-6 if name not in ("ibims", "c3vd", "hypersim") else 2e-4  # their counts do not hit the truth
    assert [float(row["abs_rel"]) for row in rows] == pytest.approx(expected, rel=exact)
    if exact == 1e-6:
        assert float(rows[2]["abs_rel"]) > float(rows[0]["abs_rel"]) + 0.2 / protocol.counted
    assert [float(row["rmse"]) for row in rows[:2]] == pytest.approx([protocol.truth / 2] * 2, rel=1e-3)
    assert [float(row["scale_factor"]) for row in rows] == pytest.approx([2, 2, 2], rel=1e-3)

    (entry,) = read_report(tmp_path / "out")["datasets"]
    assert entry["images"] == 3 and entry["unit"] == ("mm" if protocol.truth == 20 else "m")
    values = [float(row["abs_rel"]) for row in rows]
    first = next(row for row in entry["rows"] if row["method"] == rows[0]["method"] and row["alignment"] == "metric")
    assert first["abs_rel"] == pytest.approx(np.mean(values))
    assert sizes == [nearest_input_size(protocol.input_size, 32)]
    assert entry["input_size"] == list(protocol.input_size)
    assert {(shown, asked) for _, shown, asked in model.seen} == {(protocol.shown, protocol.measured)}
    assert ("published" in out) == (name not in ("void", "c3vd"))
    assert ("in mm" in out) == (protocol.truth == 20)


def test_ibims_is_evaluated_with_and_without_normalisation(evaluate, tmp_path):
    config = write_ibims(tmp_path, ("a",))  # 10/3 m
    code, out, _ = evaluate(*options(config), "-o", tmp_path / "out", "--save-predictions")
    rows = read_csv(tmp_path / "out")
    assert code == 0
    assert [row["method"] for row in rows] == ["embedded, colours not normalised", "embedded"]
    assert [float(row["abs_rel"]) for row in rows] == pytest.approx([0.4, 0.7])
    assert "0.154" in next(line for line in out.splitlines() if "published" in line)
    (saved,) = (tmp_path / "out" / "predictions").iterdir()
    assert saved.name == "ibims_rgb_a.npy"
    assert (np.load(saved, allow_pickle=False) == 2).all()  # of the first row, the published way


def test_diode_is_evaluated_without_and_with_its_mask(evaluate, model, network, tmp_path):
    mask, depth = np.ones((96, 128)), np.full((96, 128), 5.0)
    mask[:, :64], depth[:, :64] = 0, 2.0
    model.depth = 4.0
    config = write_diode(tmp_path / "data", 2, depth, mask)
    write_diode(tmp_path / "data", 1, depth, 0.0)  # the first has no valid depth by its mask
    chosen = [*options(config), "--baseline", "constant", "--baseline", network, "--sentences", "own", "empty"]
    code, out, _ = evaluate(*chosen, "--panels", "1", "--save-predictions", "-o", tmp_path / "out")
    assert code == 0
    (entry,) = read_report(tmp_path / "out")["datasets"]
    plain = [row for row in entry["rows"] if row["alignment"] == "metric"]
    masked, constant = "embedded, validity mask applied", "best constant (1000 pixels per image)"
    assert [(row["method"], row["sentences"], row["images"]) for row in plain] == [
        ("embedded", "own", 2),
        (masked, "own", 1),
        ("embedded", "empty", 2),
        (masked, "empty", 1),
        (constant, "", 2),
    ]
    # Columns 4 to 63 are 2 m away, 64 to 122 are 5 m; prediction 4 m.
    assert plain[0]["abs_rel"] == pytest.approx((60 * 1.0 + 59 * 0.2) / 119)
    assert plain[1]["abs_rel"] == pytest.approx(0.2)
    assert entry["metrics"]["abs_rel"] == plain[0]["abs_rel"] and entry["best_constant"] == pytest.approx(2)
    others = {row["method"]: row["images"] for row in entry["rows"] if str(network) in row["method"]}
    assert others == {str(network): 2, f"{network}, validity mask applied": 1}
    assert sum(masked in line for line in out.splitlines()) == 6
    assert len(list((tmp_path / "out" / "predictions").iterdir())) == 2
    best, worst = sorted((tmp_path / "out" / "panels").iterdir())
    assert np.asarray(Image.open(best)).std() > 10 and worst.name.startswith("worst1")


def test_all_of_simcol_says_the_same_so_there_is_nothing_to_shuffle(evaluate, model, tmp_path):
    code, out, _ = evaluate(*options(write_simcol(tmp_path)), "--sentences", "own", "shuffled", "--json")
    assert code == 0
    assert {description for description, *_ in model.seen} == {
        "The image shows a medical scene of a cecum with texture type one."
    }
    assert {row["sentences"] for row in json.loads(out)["datasets"][0]["rows"]} == {"own"}


def test_predictions_are_saved_before_clamp_and_mask(evaluate, model, tmp_path):
    model.depth = 100.0
    config = write_kitti(tmp_path, count=2, unmeasured=1)
    assert evaluate(*options(config), "-o", tmp_path / "out", "--save-predictions", "--panels", 1)[0] == 0
    folder = "2011_09_26_2011_09_26_drive_0048_sync_image_02_data"
    saved = sorted((tmp_path / "out" / "predictions").iterdir())
    assert [path.name for path in saved] == [f"kitti_{folder}_{n:010d}.npy" for n in range(2)]
    prediction = np.load(saved[0], allow_pickle=False)
    assert prediction.dtype == np.float32 and prediction.shape == (352, 1216) and (prediction == 100).all()
    images = sorted(path.name for path in (tmp_path / "out" / "panels").iterdir())
    assert [name.split("_")[0] for name in images] == ["best1", "worst1"]
    (entry,) = read_report(tmp_path / "out")["datasets"]
    assert entry["without_ground_truth"] == 1 and entry["problems"] == []
    assert entry["crop"] == "garg" and entry["depth_range"] == [0.001, 80.0]


# ---- what is compared ----


def test_a_row_for_every_method_sentence_and_alignment(evaluate, model, network, tmp_path):
    config = write_sunrgbd(tmp_path / "data", ((90, 120), (106, 146)))
    said = ["--sentences", "own", "shuffled", "empty", "--text", "A hall."]
    compared = ["--baseline", "constant", "--baseline", network]
    code, out, _ = evaluate(*options(config), *said, *compared, "-o", tmp_path / "out")
    assert code == 0
    (entry,) = read_report(tmp_path / "out")["datasets"]
    labels = [(row["method"], row["sentences"], row["alignment"]) for row in entry["rows"]]
    aligned = ("metric", "scale", "affine")
    told = ("own", "shuffled", "empty", '"A hall."')
    constant = "best constant (1000 pixels per image)"
    assert labels == [
        *(("embedded", sentences, alignment) for sentences in told for alignment in aligned),
        (str(network), "", "affine"),
        *((constant, "", alignment) for alignment in aligned),
    ]
    assert entry["best_constant"] == pytest.approx(2)
    rows = read_csv(tmp_path / "out")
    assert len(rows) == 2 * 6
    own, shuffled = "Sentence 1 about bedroom 0.", "Sentence 1 about bedroom 1."
    assert [row["description"] for row in rows[:6]] == [own, shuffled, "", "A hall.", "", ""]
    constants = [float(row["abs_rel"]) for row in rows if row["method"] == constant]
    assert constants == pytest.approx([0, 0], abs=1e-6)
    blank = next(row for row in rows if row["method"] == str(network))
    assert blank["abs_rel"] == blank["scale_abs_rel"] == blank["scale_factor"] == ""
    assert float(blank["affine_abs_rel"]) == pytest.approx(0, abs=0.05)  # the depth is flat
    assert next(line for line in out.splitlines() if "best constant (" in line).split()[-9:-7] == ["0", "0"]


def test_the_ramp_brings_the_models_relative_depth(evaluate, tmp_path):
    config = write_nyu(tmp_path, count=1)
    code, out, _ = evaluate(*options(config), "--baseline", "ramp", "--json")
    report = json.loads(out)
    assert code == 0 and "mean_of_sources" not in report
    rows = [(row["method"], row["sentences"], row["alignment"]) for row in report["datasets"][0]["rows"]]
    assert rows[3:] == [("embedded, relative depth", "", "affine"), ("vertical ramp", "", "affine")]


def test_a_fixed_sentence_needs_no_text_files(evaluate, model, tmp_path):
    config = write_nyu(tmp_path, count=1)
    given = ["nyu", "--root", config.root, "--split", config.split]
    code, out, _ = evaluate(*given, "--text", "A kitchen.", "--text", "A hall.", "--json")
    assert code == 0
    assert [description for description, *_ in model.seen] == ["A kitchen.", "A hall."]
    (entry,) = json.loads(out)["datasets"]
    assert entry["metrics"]["abs_rel"] == pytest.approx(0.5)
    assert evaluate(*given)[0] == 2  # its own sentences are looked for beside the images


def test_another_model_as_baseline_and_another_size(evaluate, sizes, tiny_paper, tmp_path):
    config = write_nyu(tmp_path, count=1)
    code, out, _ = evaluate(*options(config), "--baseline", tiny_paper, "--size", "28x42", "--json")
    report = json.loads(out)
    assert (code, report["model"], report["precision"], report["antialias"]) == (0, "embedded", "fp32", False)
    assert {row["method"] for row in report["datasets"][0]["rows"]} == {"embedded", str(tiny_paper)}
    assert sizes == [(28, 42), (28, 42)] and report["datasets"][0]["input_size"] == [28, 42]


# ---- several sets ----


def test_several_data_sets_from_one_file(evaluate, sizes, tmp_path):
    nyu, simcol = write_nyu(tmp_path / "nyu", count=1), write_simcol(tmp_path / "simcol", count=2)
    keys = ("name", "root", "text_root", "split")
    entries = [{key: getattr(config, key) for key in keys} for config in (nyu, simcol)]
    (tmp_path / "two.yaml").write_text(yaml.safe_dump({"datasets": entries}))
    code, _, _ = evaluate(tmp_path / "two.yaml", "--set", "datasets.1.input_size=[28, 42]", "-o", tmp_path / "out")
    assert code == 0 and sizes == [(448, 576), (32, 32)]
    report = read_report(tmp_path / "out")
    assert [(entry["dataset"], entry["images"]) for entry in report["datasets"]] == [("nyu", 1), ("simcol", 2)]
    assert [row["dataset"] for row in read_csv(tmp_path / "out")] == ["nyu", "simcol", "simcol"]
    code, _, err = evaluate(tmp_path / "two.yaml", "--set", "datasets.0.root=/nowhere")
    assert code == 2 and "/nowhere" in err and sizes == [(448, 576), (32, 32)]  # before a model is loaded
    for arguments, words in (
        (("--root", tmp_path), "say roots and splits there"),
        (("--set", "datasets.5.root=x"), "no such place"),
        (("--set", "datasets.1.name=nyu"), "nyu is named twice"),
        (("--set", "datasets.0.rot=x"), "unknown setting 'datasets.0.rot'"),
        (("--set", "datasets=[]"), "none is named"),
    ):
        code, _, err = evaluate(tmp_path / "two.yaml", *arguments)
        assert code == 2 and words in err and err.count("\n") == 1


def test_the_papers_file_names_all_data_sets(evaluate, tmp_path, monkeypatch):
    path = ROOT / "config" / "eval" / "paper.yaml"
    assert [entry["name"] for entry in yaml.safe_load(path.read_text())["datasets"]] == list(DATASETS)
    monkeypatch.chdir(tmp_path)
    code, _, err = evaluate(path)
    assert code == 2 and err.startswith("tr2m: error: nyu: no such") and err.count("\n") == 1


def test_list(evaluate):
    code, out, _ = evaluate("--list")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()[2:]}
    assert list(lines) == [*DATASETS, "frames", "procedural"]
    for words in ("350x1204", "0.001 to 80", "garg", "--split"):
        assert words in lines["kitti"]
    assert " mm " in lines["simcol"] and " mm " in lines["c3vd"] and " mm " not in lines["nyu"]


# ---- what goes wrong ----


def test_unusable_records_are_told_and_the_rest_is_measured(evaluate, tmp_path):
    config = write_nyu(tmp_path, count=3)
    scene = tmp_path / "sync" / "kitchen_0028b"
    (scene / "rgb_00000.jpg").unlink()
    damaged = scene / "sync_depth_00001.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    code, out, err = evaluate(*options(config), "-o", tmp_path / "out", "--panels", 0)
    assert code == 1
    assert "1 missing image" in err and "rgb_00000.jpg" in err and "sync_depth_00001.png" in err
    (entry,) = read_report(tmp_path / "out")["datasets"]
    assert entry["images"] == 1 and len(entry["problems"]) == 3
    assert "published" in out


def test_an_image_without_valid_depth_is_counted(evaluate, tmp_path):
    config = write_nyu(tmp_path, count=2)
    write_image(tmp_path / "sync/kitchen_0028b/sync_depth_00000.png", np.full((480, 640), 10_000, np.uint16))
    code, out, err = evaluate(*options(config), "-o", tmp_path / "out", "--panels", 0)
    assert (code, without_sizes(err)) == (0, "")
    assert "nyu: 1 images without a valid depth" in out
    (entry,) = read_report(tmp_path / "out")["datasets"]
    assert (entry["images"], entry["without_valid_depth"]) == (1, 1)


def test_nothing_usable_is_bad_input(evaluate, tmp_path):
    config = write_nyu(tmp_path, count=2)
    for path in Path(config.root).rglob("*.jpg"):
        path.unlink()
    code, _, err = evaluate(*options(config))
    assert code == 2
    assert err.startswith("tr2m: error: nyu: 0 of 2 records usable, 2 missing image") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a data set"),
        (["nowhere"], "unknown data set 'nowhere'"),
        (["nyu"], "root is not set"),
        (["none.yaml"], "none.yaml: no such configuration file"),
        (["nyu", "--max-depth", "5"], "a published protocol has its own range"),
        (["nyu", "--batch-size", "0"], "--batch-size 0: must be at least 1"),
        (["nyu", "--panels", "-1"], "--panels -1: must be at least 0"),
        (["nyu", "--save-predictions"], "--save-predictions needs -o"),
        (["nyu", "--text", " "], "description is empty"),
        (["nyu", "--text", "A hall.", "--text", "senteces.txt"], "'senteces.txt' looks like a file, and there is none"),
        (["frames", "--text", "/"], "'/' is a folder"),
        (["frames"], "needs --root"),
        (["frames", "--root", "/nowhere"], "/nowhere: no such folder"),
        (["procedural", "--count", "0"], "--count 0: must be at least 1"),
        (["procedural", "--text", "A hall."], "procedural has sentences"),
    ],
)
def test_bad_usage_is_one_line(evaluate, arguments, words):
    code, out, err = evaluate(*arguments)
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_a_model_cannot_be_its_own_baseline(evaluate, tmp_path):
    code, _, err = evaluate(*options(write_nyu(tmp_path, count=1)), "--baseline", "embedded")
    assert code == 2 and "evaluated already" in err


# ---- the same again ----


def test_two_processes_give_what_one_gives(tiny_paper, tmp_path, in_two_processes, capsys):
    config = write_sunrgbd(tmp_path / "data", ((90, 120), (106, 146), (90, 120), (90, 120), (90, 120)))
    for number, path in enumerate(sorted(Path(config.root).glob("rgb/*.jpg"))):
        image = np.random.default_rng(number).integers(0, 255, (*reversed(Image.open(path).size), 3), np.uint8)
        write_image(path, image)
    (tmp_path / "data" / "gt" / "img-000004.png").write_bytes(b"")
    (tmp_path / "captions.txt").write_text("".join(f"Bedroom {number}.\n" for number in range(1, 6)))
    config = replace(config, text_root="", text_file=str(tmp_path / "captions.txt"))
    chosen = [*options(config), "--model", str(tiny_paper), "--size", "28x42", "--batch-size", "2", "--device", "cpu"]
    chosen += ["--sentences", "own", "shuffled", "--baseline", "constant", "--panels", "1", "--save-predictions"]
    for name in ("one", "again"):
        assert main(["evaluate", *chosen, "-o", str(tmp_path / name)]) == 1  # a depth image is empty
    single = capsys.readouterr()

    ended = in_two_processes("evaluate", *chosen, "-o", str(tmp_path / "two"))
    (code, said, complaints), (other_code, silent, _) = ended
    assert (code, other_code, silent) == (1, 1, ""), complaints
    assert said.splitlines()[:-1] == single.out.splitlines()[: len(said.splitlines()) - 1]
    assert "img-000004.png" in complaints and said.count("written to") == 1
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == 2 + 2 + 4  # report, lines, best and worst, predictions
    own = [row for row in read_csv(tmp_path / "two") if row["sentences"] == "own"]
    assert {row["image"]: row["description"] for row in own} == {
        f"rgb/img-{number:06d}.jpg": f"Bedroom {number}." for number in (1, 2, 3, 5)
    }
    for other in ("again", "two"):
        assert files == sorted(p.relative_to(tmp_path / other) for p in (tmp_path / other).rglob("*") if p.is_file())
        for path in files:
            assert (tmp_path / "one" / path).read_bytes() == (tmp_path / other / path).read_bytes(), (other, path)


# ---- photographs and scenes ----


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "desk"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "a.png")
    Image.fromarray(np.full((6, 8), 2000, np.uint16)).save(folder / "a_depth.png")
    frame = {"rgb": "a.png", "depth": "a_depth.png", "depth_scale": 0.001, "description": "A desk."}
    (folder / "index.json").write_text(json.dumps({"source": "desk", "frames": [frame]}))
    return folder.parent


def test_frames(evaluate, sizes, data, tmp_path):
    code, out, err = evaluate("frames", "--root", data, "-o", tmp_path / "out", "--save-predictions")
    assert (code, err, sizes) == (0, "", [None])
    assert "desk: the best constant is 2 m" in out
    (entry,) = read_report(tmp_path / "out")["datasets"]
    assert entry["dataset"] == "desk" and entry["metrics"]["abs_rel"] == pytest.approx(0.5)
    assert entry["rows"][-3]["method"] == "best constant" and entry["rows"][-3]["delta1"] == 1
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {"report.json", "frames.csv", "panels/desk_a.png", "predictions/desk_a.npy"}


def write_photographs(folder, *depths):
    """A source of black images with the given depth (H, W), metres; returns the depths as stored."""
    folder.mkdir(parents=True)
    frames, stored = [], []
    for i, depth in enumerate(depths):
        counts = np.rint(1000 * depth).astype(np.uint16)
        Image.fromarray(np.zeros((*depth.shape, 3), np.uint8)).save(folder / f"{i}.png")
        Image.fromarray(counts).save(folder / f"{i}_depth.png")
        frames.append({"rgb": f"{i}.png", "depth": f"{i}_depth.png", "depth_scale": 0.001, "description": "A desk."})
        stored.append(counts / 1000)
    (folder / "index.json").write_text(json.dumps({"source": folder.name, "frames": frames}))
    return stored


def aligned_figures(depth, inverse, farthest):
    """abs_rel and delta1 of inverse depth with the best scale and shift, by numpy's own fit."""
    valid = (depth > 0) & (depth < farthest)
    truth, seen = depth[valid], np.broadcast_to(inverse, depth.shape)[valid]
    fitted = np.polyval(np.polyfit(seen, 1 / truth, 1), seen)
    found = 1 / np.maximum(fitted, 1 / farthest)
    return np.mean(abs(found - truth) / truth), np.mean(np.maximum(found / truth, truth / found) < 1.25)


def test_frames_beside_the_ramp_and_the_mean_of_sources(evaluate, tmp_path):
    rows, columns = np.linspace(0, 1, 6)[:, None], np.linspace(0, 1, 8)[None]
    floor, wall = 1 / (0.4 + 0.4 * rows + 0 * columns), 1 / (0.1 + 0.8 * columns + 0 * rows)
    floor[0, :3] = 0  # not measured
    street = 1 / (0.02 + rows**4 + 0.01 * columns)  # fitted, far rows come out behind the camera
    sources = {
        "a_rooms": write_photographs(tmp_path / "data" / "a_rooms", floor, wall),
        "b_street": write_photographs(tmp_path / "data" / "b_street", street),
    }
    given = ["frames", "--root", tmp_path / "data", "--max-depth", 60]
    code, out, err = evaluate(*given, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    expected = {}
    for name, inverse in (("embedded, relative depth", columns), ("vertical ramp", rows)):
        per_source = [
            np.mean([aligned_figures(depth, inverse, 60) for depth in depths], axis=0) for depths in sources.values()
        ]
        expected[name] = [*per_source, np.mean(per_source, axis=0)]
    assert np.polyval(np.polyfit(rows[:, 0], 1 / sources["b_street"][0][:, 0], 1), 0) < 0
    constants = []
    for depths in sources.values():
        truth = np.concatenate([depth[depth > 0] for depth in depths])
        tried = [np.mean(abs(constant - truth) / truth) for constant in truth]
        best = truth[np.argmin(tried)]
        constants.append(np.mean([np.mean(abs(best - depth[depth > 0]) / depth[depth > 0]) for depth in depths]))
    mean = report["mean_of_sources"]
    tables = [entry["rows"] for entry in report["datasets"]] + [mean["rows"]]
    for place, table in enumerate(tables):
        found = {(row["method"], row["alignment"]): row for row in table}
        for name, figures in expected.items():
            assert (name, "metric") not in found and found[name, "affine"]["sentences"] == ""
            row = found[name, "affine"]
            assert [row["abs_rel"], row["delta1"]] == pytest.approx(figures[place], rel=1e-6, abs=1e-9)
        constant = [*constants, np.mean(constants)][place]
        assert found["best constant", "metric"]["abs_rel"] == pytest.approx(constant, rel=1e-6)
        assert found["embedded", "metric"]["images"] == (2, 1, 3)[place]
    metric = [np.mean([np.mean(abs(1 - t[t > 0]) / t[t > 0]) for t in depths]) for depths in sources.values()]
    assert tables[2][0]["abs_rel"] == pytest.approx(np.mean(metric))
    assert mean["sources"] == 2
    assert mean["better_than_constant"] == sum(a < b for a, b in zip(metric, constants, strict=True))
    relative, ramp = ([figures[0] for figures in expected[name][:2]] for name in expected)
    assert mean["better_than_ramp"] == sum(a < b for a, b in zip(relative, ramp, strict=True)) == 1

    code, out, _ = evaluate(*given)
    assert code == 0
    lines = out.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("mean of sources"))
    assert lines[begin].split()[3:7] == ["embedded", "own", "metric", "3"]
    ramp_line = next(line for line in lines[begin:] if "vertical ramp" in line)
    assert float(ramp_line.split()[6]) == pytest.approx(expected["vertical ramp"][2][0], rel=1e-3)
    assert lines[-1] == (
        "affine-aligned relative depth has a lower abs_rel than the affine-aligned ramp on 1 of 2 sources"
    )


def test_a_single_source_has_no_mean_of_sources(evaluate, data):
    code, out, _ = evaluate("frames", "--root", data / "desk", "--json")
    report = json.loads(out)["mean_of_sources"]
    assert (code, report["sources"], report["rows"], report["better_than_constant"]) == (0, 1, [], 0)
    assert "mean of sources" not in evaluate("frames", "--root", data / "desk")[1]


def test_what_one_source_lacks_is_not_in_the_mean_of_sources(evaluate, tmp_path):
    flat = np.full((6, 8), 2.0)
    write_photographs(tmp_path / "a", flat, 2 * flat)
    write_photographs(tmp_path / "b", flat)
    index = tmp_path / "a" / "index.json"
    content = json.loads(index.read_text())
    content["frames"][1]["description"] = "A hall."
    index.write_text(json.dumps(content))
    code, out, _ = evaluate("frames", "--root", tmp_path, "--sentences", "shuffled", "own", "--json")
    report = json.loads(out)
    assert code == 0
    assert {row["sentences"] for row in report["datasets"][0]["rows"]} == {"shuffled", "own", ""}
    assert {row["sentences"] for row in report["mean_of_sources"]["rows"]} == {"own", ""}
    assert report["mean_of_sources"]["better_than_constant"] is None


def test_frames_in_a_range_of_their_own(evaluate, data):
    code, out, _ = evaluate("frames", "--root", data, "--min-depth", 1.5, "--json")
    assert code == 0
    (entry,) = json.loads(out)["datasets"]
    assert entry["metrics"]["abs_rel"] == pytest.approx(0.25) and entry["depth_range"] == [1.5, 80.0]


def test_frames_that_fail_are_reported(evaluate, data):
    (data / "desk" / "a.png").write_text("no")
    code, _, err = evaluate("frames", "--root", data)
    assert code == 1
    assert err.count("\n") == 1
    assert "a.png" in err


def test_procedural(evaluate, monkeypatch, embedded, tmp_path):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: embedded)
    code, out, _ = evaluate("procedural", "--count", "2", "--seed", "16", "-o", tmp_path / "out")
    assert code == 0
    header, _, *lines = out.splitlines()
    assert header.split() == ["sentences", "scenes", *METRIC_NAMES]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    rows = report.pop("rows")
    assert report == {"dataset": "procedural", "model": "embedded", "count": 2, "seed": 16}
    assert lines[-1] == f"written to {tmp_path / 'out'}"
    for line, (kind, row) in zip(lines[:-1], rows.items(), strict=True):
        assert line.startswith(kind)
        assert float(line.removeprefix(kind).split()[2]) == pytest.approx(row["abs_rel"], rel=1e-3)
    assert rows["training wording"]["scenes"] == 2
    assert rows["training wording, place named"]["scenes"] == 1


def test_procedural_as_json(evaluate, monkeypatch, embedded):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: embedded)
    code, out, _ = evaluate("procedural", "--count", "1", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["seed"] == HELD_OUT_SEED
    assert "other size" not in report["rows"]  # there is no other scene to take the sentence from
