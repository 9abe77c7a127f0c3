"""The paper's ablation on procedural scenes: two tables of variants, several seeds each, and a plot.

python -m tr2m_core.train.ablation config/train/ablation.yaml -o runs/ablation --docs docs

Runs that are finished in the output folder are not repeated; one that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr2m_core.console import BAD_INPUT
from tr2m_core.errors import InputError
from tr2m_core.files.images import write_json
from tr2m_core.metrics.depth import LARGER_IS_BETTER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEST_SCENES = 100
RESULT = "result.json"
ALL_RESULTS = "results.json"
NAME = "ablation"  # of the table and the plot
METRICS = ("abs_rel", "delta1", "rmse_log")
# Rows of eval.procedural that are reported
RIGHT_SENTENCE, WRONG_SENTENCE, CONSTANT = "training wording", "other size", "best constant"


@dataclass(frozen=True)
class Variant:
    """What is changed in the full recipe; `paper` is what the paper reports for it (NYUv2 abs_rel, iBims-1 delta1,
    DIODE delta1), where it does."""

    name: str
    changes: tuple[str, ...] = ()
    paper: tuple[float, float, float] | None = None

    @property
    def folder(self) -> str:
        """The name in letters that a folder's name may have."""
        return "_".join("".join(c if c.isalnum() else " " for c in self.name).split())


_NO_PSEUDO, _NO_CONTRAST = ("loss.pseudo_depth=0",), ("loss.contrast=0", "loss.smoothness=0")
_PAPERS = (
    Variant("one factor pair", ("head.kind=single_factor", *_NO_PSEUDO, *_NO_CONTRAST), (0.118, 0.566, 0.225)),
    Variant("maps", (*_NO_PSEUDO, *_NO_CONTRAST), (0.084, 0.657, 0.237)),
    Variant("maps + L_tp-si", _NO_CONTRAST, (0.085, 0.708, 0.243)),
    Variant("maps + L_tp-si + L_soc", (), (0.082, 0.736, 0.274)),
)
STRAIGHT = (
    *_PAPERS,
    Variant("maps without text", ("head.use_text=false",)),
    # sqrt(mean d^2 - 1.0 mean(d)^2) is the log loss with a mean weight of 0.
    Variant("full, old log loss", ("features.mean_weight=0",)),
)
BENT = tuple(Variant(f"{each.name}, bent", (*each.changes, "model.bend=true"), each.paper) for each in _PAPERS)
VARIANTS = (*STRAIGHT, *BENT)


@dataclass(frozen=True)
class Result:
    """A finished run."""

    variant: str
    seed: int
    steps: int
    """Number of optimiser steps."""
    scenes: int
    """Number of held-out scenes that the metrics were measured on."""
    metrics: dict[str, dict[str, float]]
    """Rows of eval.procedural, over the held-out scenes."""
    pseudo_kept: float | None
    """Share of pseudo depths that passed the gate; None where there were none."""
    machine: str
    """What the run was made on."""


def run_all(config: Path, output: Path, seeds: Sequence[int], scenes: int, overrides: Sequence[str]) -> list[Result]:
    """Every variant with every seed, those in `output` as they are. Raises InputError."""
    output.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for seed in seeds:
        for variant in VARIANTS:
            directory = output / f"{variant.folder}_seed{seed}"
            print(f"{variant.name}, seed {seed}: {directory}", file=sys.stderr)
            results.append(run_one(variant, seed, config, directory, scenes, overrides))
            write_json(output / ALL_RESULTS, {"results": [asdict(result) for result in results]})
    return results


def run_one(
    variant: Variant, seed: int, config_file: Path, directory: Path, scenes: int, overrides: Sequence[str]
) -> Result:
    """Trains and measures one variant, unless `directory` holds its result.

    Raises InputError where `directory` holds a run of another configuration.
    """
    from tr2m_core.train.checkpoint import FOLDER, LAST
    from tr2m_core.train.config import read_config, resolved
    from tr2m_core.train.record import CONFIG
    from tr2m_core.train.trainer import train

    config = read_config(config_file, [*overrides, *variant.changes, f"seed={seed}"])
    used = directory / CONFIG
    if used.is_file() and used.read_text(encoding="utf-8") != resolved(config):
        raise InputError(f"{directory}: a run of another configuration; remove it, or choose another folder with -o")
    if (directory / RESULT).is_file():
        result = Result(**json.loads((directory / RESULT).read_text(encoding="utf-8")))
        if result.scenes == scenes:
            return result
    train(config, directory, resume=(directory / FOLDER / LAST).is_file())
    result = measure(variant, seed, directory, scenes, config.device, config.model.bend)
    write_json(directory / RESULT, asdict(result))
    return result


def measure(variant: Variant, seed: int, directory: Path, scenes: int, device: str, bent: bool) -> Result:
    """What the finished run in `directory` has learnt. bent: see bent_depth.py."""
    from tr2m_core.eval.procedural import evaluate_procedural
    from tr2m_core.inference.predictor import DepthPredictor
    from tr2m_core.inference.torch_backend import TorchBackend
    from tr2m_core.model.tr2m import load_model
    from tr2m_core.train.bent_depth import BentRelativeDepth
    from tr2m_core.train.record import ENVIRONMENT, SCALARS, read_lines

    model = load_model(directory / "model")
    if bent:
        model.relative_depth = BentRelativeDepth(model.relative_depth)
    predictor = DepthPredictor(TorchBackend(model, device=device, precision="fp32"))
    log = read_lines(directory / SCALARS)
    # The gate compares relative depth with ground truth. Neither changes, so every step counts alike.
    kept = [entry["pseudo_kept"] for entry in log if "pseudo_kept" in entry]
    return Result(
        variant=variant.name,
        seed=seed,
        steps=log[-1]["step"],
        scenes=scenes,
        metrics=evaluate_procedural(predictor, scenes, kinds=(RIGHT_SENTENCE, WRONG_SENTENCE)),
        pseudo_kept=sum(kept) / len(kept) if kept else None,
        machine=describe_machine(json.loads((directory / ENVIRONMENT).read_text(encoding="utf-8"))),
    )


def describe_machine(environment: dict[str, Any]) -> str:
    return f"{environment['device']}, {environment['cores']} CPU cores, torch {environment['torch']}"


# ---- table and plot ----


def values_of(results: Sequence[Result], variant: str, metric: str, row: str = RIGHT_SENTENCE) -> list[float]:
    """One value per seed."""
    return [result.metrics[row][metric] for result in results if result.variant == variant]


def format_values(values: Sequence[float], digits: int = 3) -> str:
    """Mean and, of two values or more, their standard deviation; a dash for none."""
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def render_table(results: Sequence[Result], variants: Sequence[Variant]) -> str:
    """Means and spreads beside the paper's figures, and the best constant."""
    headers = ["variant", *METRICS, "abs_rel, wrong sentence", "pseudo depths kept"]
    headers += ["paper: NYUv2 abs_rel", "iBims-1 delta1", "DIODE delta1"]
    rows = []
    for variant in variants:
        mine = [result for result in results if result.variant == variant.name]
        kept = [result.pseudo_kept for result in mine if result.pseudo_kept is not None]
        paper = ["-"] * 3 if variant.paper is None else [f"{value:.3f}" for value in variant.paper]
        figures = [format_values(values_of(mine, variant.name, metric)) for metric in METRICS]
        wrong = format_values(values_of(mine, variant.name, "abs_rel", WRONG_SENTENCE))
        rows.append([variant.name, *figures, wrong, format_values(kept, 2), *paper])
    constant = results[0].metrics[CONSTANT]
    rows.append(["one depth for all scenes", *(f"{constant[metric]:.3f}" for metric in METRICS), *["-"] * 5])
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render_markdown(results: Sequence[Result], command: str) -> str:
    """The report: tables of means and spreads beside the paper's figures, and how they came about."""
    seeds, steps, scenes, machines = (
        ", ".join(dict.fromkeys(str(getattr(result, name)) for result in results))
        for name in ("seed", "steps", "scenes", "machine")
    )
    return f"""# Ablation: what each part of the recipe contributes

{render_table(results, STRAIGHT)}

The same with relative depth bent on purpose, by a warp and by bumps that follow what the image shows: the error that
maps can mend and one factor pair cannot ([bent_depth.py](../tr2m_core/train/bent_depth.py)).

{render_table(results, BENT)}

![the same as a plot]({NAME}.png)

Mean ± standard deviation over the seeds {seeds}; each run took {steps} optimiser steps from a new head.
Measured on {scenes} procedural scenes of a seed that no part of the training has seen, at the weights of the last step.
The wrong sentence is one about a scene at least twice as near or far. L_soc comes with the smoothness of the maps, as
in the paper's full loss; the variant without text has the full loss too. The log loss is
sqrt(var d + w mean(d)^2) with the paper's w = 0.6 for rooms. The old one is sqrt(mean d^2 - focus mean(d)^2),
as this project had it before, with the focus of 1.0 that KITTI and C3VD were given. The one depth for all scenes is
the constant with the least abs_rel on the scenes measured.

The paper's figures are for the paper's networks on photographs: compare the order of the rows, not the values.

Command: `{command}`
Machine: {machines}
"""


def render_plot(results: Sequence[Result]) -> Figure:
    """A panel per metric: the mean of each variant as a line, its seeds as dots."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    panels = figure.subplots(1, len(METRICS), sharey=True)
    for axes, metric in zip(panels, METRICS, strict=True):
        for place, variant in enumerate(VARIANTS):
            values = values_of(results, variant.name, metric)
            if values:
                axes.plot(values, [place] * len(values), "o", color="tab:blue", alpha=0.7)
                axes.vlines(statistics.fmean(values), place - 0.3, place + 0.3, color="black")
        if metric == "abs_rel":
            axes.set_xscale("log")  # what cannot see size is off by tens
        better = "larger" if metric in LARGER_IS_BETTER else "smaller"
        axes.set_title(f"{metric} ({better} is better)", fontsize=10)
        axes.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(VARIANTS)), [variant.name for variant in VARIANTS])
    panels[0].invert_yaxis()
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml", help="the full recipe, which the variants change")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the runs")
    parser.add_argument(
        "--docs", type=Path, metavar="DIR", help=f"where {NAME}.md and .png go (default: with the runs)"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N", help="(default: 1 2 3)")
    parser.add_argument(
        "--scenes", type=int, default=TEST_SCENES, metavar="N", help=f"held-out scenes (default: {TEST_SCENES})"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of tr2m train")
    args = parser.parse_args(arguments)
    try:
        results = run_all(args.config, args.output, args.seeds, args.scenes, args.set)
        docs = args.docs or args.output
        docs.mkdir(parents=True, exist_ok=True)
    except InputError as error:
        print(f"ablation: error: {error}", file=sys.stderr)
        return BAD_INPUT
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "tr2m_core.train.ablation", *given])
    (docs / f"{NAME}.md").write_text(render_markdown(results, command), encoding="utf-8")
    render_plot(results).savefig(docs / f"{NAME}.png", dpi=120)
    print(f"written to {docs / NAME}.md and .png; every run is in {args.output / ALL_RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
