from __future__ import annotations

import json

import pytest
from tiny_runs import HOSTILE, TEXT, measured_run, unmeasured_run

from tr2m_core.cli.main import main
from tr2m_core.files.images import write_json
from tr2m_core.metrics.depth import METRIC_NAMES


@pytest.fixture
def written(tmp_path):
    """Writes the report of a run into a folder of that name."""

    def written(name, run, **changes):
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / "report.json", run.report() | changes)
        return tmp_path / name

    return written


def evaluated(errors, precision="fp32"):
    """A report of data sets: abs_rel by data set, method and sentences."""
    rows = [
        {"method": method, "sentences": sentences, "alignment": alignment, "images": 5}
        | dict.fromkeys(METRIC_NAMES, error if alignment == "metric" else 0.001)
        for (_, method, sentences), error in errors.items()
        for alignment in ("metric", "scale")
    ]
    names = dict.fromkeys(name for name, _, _ in errors)
    sets = [
        {
            "dataset": n,
            "rows": [r for r, (m, *_) in zip(rows, [k for k in errors for _ in "12"], strict=True) if m == n],
        }
        for n in names
    ]
    return {"model": "embedded", "precision": precision, "datasets": sets}


def test_replays_side_by_side(written, capsys):
    first = written("first", measured_run([1.5, 1.5]))
    second = written("second", measured_run([1.2, 1.3]), model="paper", precision="bf16")
    assert main(["compare", str(first), str(second / "report.json"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    one, two = report["results"]
    assert (one["label"], one["data"], one["model"], one["precision"]) == ("first", "desk", "embedded", "fp32")
    assert (two["label"], two["model"], two["precision"], two["description"]) == ("second", "paper", "bf16", TEXT)
    assert (one["frames"], one["numbers"]["abs_rel"], one["numbers"]["scale_std"]) == (2, pytest.approx(0.5), 0.0)
    assert one["numbers"]["p50_ms"] == pytest.approx(15)
    assert two["differences"]["abs_rel"] == pytest.approx(0.25 - 0.5)
    assert two["differences"]["delta1"] == pytest.approx(0.5)  # 1.2 is within 1.25, 1.3 and 1.5 are not
    assert two["differences"]["scale_std"] == pytest.approx((1 / 1.2 - 1 / 1.3) / 2)
    assert (report["best"]["abs_rel"], report["best"]["delta1"], report["best"]["scale_std"]) == ([1], [1], [0])
    assert report["best"]["p50_ms"] == []


def test_tables(written, capsys):
    folders = [written("first", measured_run([1.5])), written("second", measured_run([1.25], HOSTILE + "\n\033[31m"))]
    assert main(["compare", *map(str, folders)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        *("report", "data", "model", "precision", "description", "frames"),
        *(*METRIC_NAMES, "scale_std", "p50_ms", "p95_ms"),
    ]
    assert "0.5 " in lines[2]
    assert " 0.25* " in lines[3]
    assert lines[3].startswith("2  second  desk  embedded  fp32       A </script><script>hacked = 1</…       1  ")
    assert lines[5] == "differences:"
    assert lines[8].split()[:6] == ["2", "-", "1", "second", "0", "-0.25"]
    assert not any("\033" in line for line in lines)


def test_unmeasured_runs_compare_by_time_only(written, tmp_path, capsys):
    folders = [written(name, unmeasured_run(), bag="a\033[31m") for name in ("first", "second")]
    page = tmp_path / "page.html"
    assert main(["compare", *map(str, folders), "-o", str(page)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split()[6:] == ["p50_ms", "p95_ms"]
    assert "\033" not in out
    assert 'id="plot-comparison"' not in page.read_text("utf-8")


def test_different_recordings_get_a_warning(written, capsys):
    first = written("first", measured_run([1.5]))
    second = written("second", measured_run([1.25]), bag="elsewhere/corridor")
    assert main(["compare", str(first), str(second), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["results"][1]["differences"]["abs_rel"] == pytest.approx(-0.25)
    assert err == (
        "tr2m: warning: the reports are about different data (desk; corridor): "
        "their differences are not the models' alone\n"
    )


def test_evaluations_are_compared_data_set_by_data_set(tmp_path, capsys):
    keys = [("nyu", "embedded", "own"), ("nyu", "constant", ""), ("kitti", "embedded", "own")]
    for name, errors, precision in (("a", (0.3, 0.5, 0.2), "fp32"), ("b", (0.25, 0.5, 0.4), "bf16")):
        write_json(tmp_path / f"{name}.json", evaluated(dict(zip(keys, errors, strict=True)), precision))
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    about = [[r["label"], r["data"], r["model"], r["precision"], r["description"]] for r in report["results"]]
    assert about[:3] == [
        ["a", "nyu", "embedded", "fp32", "own"],
        ["a", "nyu", "constant", None, None],
        ["a", "kitti", "embedded", "fp32", "own"],
    ]
    assert [r["compared_with"] for r in report["results"]] == [0, 0, 2, 0, 0, 2]
    assert [r["differences"]["abs_rel"] for r in report["results"]] == pytest.approx([0, 0.2, 0, -0.05, 0.2, 0.2])
    assert report["best"]["abs_rel"] == [2, 3]
    assert report["results"][0]["frames"] == 5


def test_a_page(written, tmp_path, capsys):
    first = written("first", measured_run([1.5]))
    second = written("second", measured_run([1.25], HOSTILE), model=HOSTILE, bag="corridor")
    page = tmp_path / "new" / "comparison.html"
    assert main(["compare", str(first), str(second), "-o", str(page)]) == 0
    assert capsys.readouterr().out.endswith(f"written to {page}\n")
    html = page.read_text("utf-8")
    assert '<td class="best">0.25</td>' in html
    assert 'id="plot-comparison"' in html
    assert "<td>-0.25</td>" in html
    assert "The reports are about different data (desk; corridor)" in html
    assert "<script>hacked" not in html


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"metrics": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "not a report that can be compared"),
        (b"[]", "not a report that can be compared"),
        (b'{"datasets": [3]}', "not a report that can be compared"),
        (b'{"dataset": "procedural", "rows": {}}', "not a report that can be compared"),
    ],
)
def test_what_is_no_report(written, tmp_path, capsys, content, words):
    file = tmp_path / "other.json"
    file.write_bytes(content)
    assert main(["compare", str(written("first", measured_run())), str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tr2m: error: {file}: ")
    assert words in err
    assert err.count("\n") == 1


def test_bad_usage(written, tmp_path, capsys):
    first = str(written("first", measured_run()))
    for arguments, words in (
        ([first], "at least two"),
        ([first, str(tmp_path / "nowhere")], "nowhere: cannot be read (No such file"),
        ([first, str(tmp_path)], "report.json: cannot be read"),
        ([first, first, "-o", "page.pdf"], "must end in .html"),
    ):
        assert main(["compare", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_folders_whose_names_are_not_utf8(written, tmp_path):
    name = "caf\udce9"
    first, second = written(name, measured_run([1.5])), written("second", measured_run([1.2]), bag=name)
    assert main(["compare", str(first), str(second), "-o", str(tmp_path / "page.html")]) == 0
    assert "caf\\udce9" in (tmp_path / "page.html").read_text("utf-8")
