"""The ablation: means and spreads in table and plot, and one tiny run from configuration to report."""

import json
from pathlib import Path

import pytest
import yaml

from tr2m_core.train import ablation
from tr2m_core.train.ablation import (
    BENT,
    METRICS,
    STRAIGHT,
    VARIANTS,
    Result,
    format_values,
    main,
    render_markdown,
    render_plot,
)

CONFIG = Path(__file__).resolve().parents[2] / "config" / "train" / "ablation.yaml"


CONSTANT = "one depth for all scenes"


def made_up(variant, seed, abs_rel, kept=None):
    right = dict.fromkeys(METRICS, abs_rel)
    metrics = {
        "training wording": right,
        "other size": {"abs_rel": 2 * abs_rel},
        "best constant": dict.fromkeys(METRICS, 0.9),
    }
    return Result(variant, seed, 600, 200, metrics, kept, "A CPU, 2 CPU cores, torch 2.4")


RESULTS = [
    *(made_up("one factor pair", seed, value) for seed, value in ((1, 0.1), (2, 0.2), (3, 0.6))),
    *(made_up("maps + L_tp-si", seed, value, kept) for seed, value, kept in ((1, 0.1, 0.5), (2, 0.2, 0.7))),
    made_up("maps", 1, 0.25),
]


def cells(markdown, variant):
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {variant} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_values_are_mean_and_sample_deviation():
    assert format_values([0.1, 0.2, 0.6]) == "0.300 ± 0.265"  # sqrt((0.04 + 0.01 + 0.09) / 2)
    assert format_values([0.25]) == "0.250"
    assert format_values([]) == "-"


def test_table_has_means_spreads_and_the_papers_figures():
    text = render_markdown(RESULTS, "python -m this --seeds 1 2 3")
    pair = ["0.300 ± 0.265"] * 3 + ["0.600 ± 0.529", "-", "0.118", "0.566", "0.225"]
    assert cells(text, "one factor pair") == pair
    assert cells(text, "maps + L_tp-si")[3:5] == ["0.300 ± 0.141", "0.60 ± 0.14"]
    assert cells(text, "maps")[0] == "0.250"
    assert cells(text, "maps without text") == ["-"] * 8
    assert cells(text, "one depth for all scenes")[:3] == ["0.900"] * 3
    assert "seeds 1, 2, 3;" in text and "600 optimiser steps" in text and "200 procedural scenes" in text
    assert "`python -m this --seeds 1 2 3`" in text and "A CPU, 2 CPU cores, torch 2.4" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert rows == [f"| {name}" for part in (STRAIGHT, BENT) for name in ("variant", *(v.name for v in part), CONSTANT)]


def test_plot_shows_every_seed_and_the_mean():
    figure = render_plot(RESULTS)
    assert len(figure.axes) == len(METRICS)
    dots = sorted(tuple(line.get_xdata()) for line in figure.axes[0].lines)
    assert dots == [(0.1, 0.2), (0.1, 0.2, 0.6), (0.25,)]
    means = sorted(segment[0][0] for lines in figure.axes[0].collections for segment in lines.get_segments())
    assert means == pytest.approx([0.15, 0.25, 0.3])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [variant.name for variant in VARIANTS]


def test_every_variant_has_a_folder_of_its_own():
    assert len({variant.folder for variant in VARIANTS}) == len(VARIANTS)
    assert VARIANTS[2].folder == "maps_L_tp_si"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Arguments of an ablation of seconds: three variants, four scenes, two steps."""
    monkeypatch.setattr(ablation, "VARIANTS", (VARIANTS[0], VARIANTS[3], BENT[3]))
    values = yaml.safe_load(CONFIG.read_text())
    values["features"] |= {"scenes": 4, "sentences": 80, "folder": str(tmp_path / "features")}
    values |= {"phases": [{"input_size": [64, 96], "batch_size": 4, "steps": 2}], "log_every": 1}
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(values))
    return [
        str(config),
        "-o",
        str(tmp_path / "runs"),
        "--docs",
        str(tmp_path / "docs"),
        "--seeds",
        "1",
        "--scenes",
        "2",
    ]


@pytest.mark.slow
def test_finished_runs_are_reported_and_not_repeated(tiny, tmp_path, capsys):
    assert main(tiny) == 0
    results = json.loads((tmp_path / "runs" / "results.json").read_text())["results"]
    full, bent = "maps + L_tp-si + L_soc", "maps + L_tp-si + L_soc, bent"
    assert [result["variant"] for result in results] == ["one factor pair", full, bent]
    # The bend is there in training, for the gate, and when the finished model is measured.
    assert results[1]["metrics"] != results[2]["metrics"]
    assert results[1]["metrics"]["best constant"] == results[2]["metrics"]["best constant"]
    assert all(result["steps"] == 2 and result["metrics"]["training wording"]["abs_rel"] > 0 for result in results)
    assert results[0]["pseudo_kept"] is None and 0 <= results[1]["pseudo_kept"] <= 1
    text = (tmp_path / "docs" / "ablation.md").read_text()
    assert f"{results[0]['metrics']['training wording']['abs_rel']:.3f}" in text
    assert (tmp_path / "docs" / "ablation.png").read_bytes().startswith(b"\x89PNG")

    # Cut short between training and measuring, one run is measured again and gives the same; none is trained again.
    (tmp_path / "runs" / "one_factor_pair_seed1" / "result.json").unlink()
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*/checkpoints/*.pt")}
    assert main(tiny) == 0
    assert json.loads((tmp_path / "runs" / "results.json").read_text())["results"] == results
    assert written == {path: path.stat().st_mtime_ns for path in written} and len(written) == 6

    assert main([*tiny, "--set", "optimizer.learning_rate=0.5"]) == 2
    assert "a run of another configuration" in capsys.readouterr().err
