"""Accuracy of a model on a data set.

NAME        a published data set by the paper's protocol: nyu, kitti and the others of --list.
FILE.yaml   several of them, see config/eval/paper.yaml.
frames      photographs with measured depth in folders with an index.json (--root): a source, or a folder of sources,
            each beside its best constant and the ramp, and the mean of the sources
procedural  held-out generated scenes; with -o: report.json.

With -o: report.json, frames.csv (a line per image, method and description) and panels/. The nine metrics are of
depth as predicted ("metric"), with one factor per image ("scale"), and with scale and shift of inverse depth fitted per
image ("affine"); the last two take their numbers from the ground truth. Errors of c3vd and simcol are in millimetres.
Under `accelerate launch` or torchrun the images are shared among processes; numbers do not change.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr2m_core.cli.common import check_depth_range, describe_model, load_predictor, nearest_size
from tr2m_core.cli.evaluate_arguments import FRAMES, PANELS, PROCEDURAL, add_arguments
from tr2m_core.console import format_table, print_json, progress_bar
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output

if TYPE_CHECKING:
    from tr2m_core.eval.contenders import Load
    from tr2m_core.eval.file_samples import FileSamples
    from tr2m_core.eval.samples import SampleSet
    from tr2m_core.eval.suite import SuiteOptions
    from tr2m_core.eval.summary import SetResult, SourcesMean
    from tr2m_core.inference.predictor import DepthPredictor

HELP = "accuracy on a data set"
EXAMPLES = """examples:
  tr2m evaluate --list
  tr2m evaluate nyu --root nyu/test --split nyu_test.txt --text-root nyu/text --model paper -o out/nyu
  tr2m evaluate ibims --root ibims1_core_raw --text-file captions.txt --model paper -o out/ibims
  tr2m evaluate simcol --root SimCol --model paper --sentences own shuffled empty --baseline constant -o out/simcol
  tr2m evaluate kitti --root raw --gt-root gt --split eigen_test.txt --text "A street." --baseline models/other
  tr2m evaluate config/eval/paper.yaml --set datasets.0.root=/data/nyu --model paper -o out/paper
  tr2m evaluate frames --root measured_frames/ -o out/frames
  tr2m evaluate frames --root measured_frames/ --scale-from depth:50
  tr2m evaluate procedural --count 500 --seed 7 --json
  accelerate launch --num_processes 4 -m tr2m_core evaluate config/eval/paper.yaml --model paper -o out/paper
"""
DEFAULT_RANGE = (0.001, 80.0)  # metres

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    if args.list:
        print_list()
        return 0
    if args.dataset is None:
        raise InputError("name a data set; `tr2m evaluate --list` shows all")
    if args.dataset in (FRAMES, PROCEDURAL) and (args.text_file or args.texts):
        raise InputError(f"--text-file and --texts are for published data sets; {args.dataset} has its own sentences")
    if args.dataset == PROCEDURAL:
        return run_procedural(args)
    return run_sets(args)


def print_list() -> None:
    """A line per data set."""
    from tr2m_core.data.registry import DATASETS
    from tr2m_core.eval.file_samples import unit_of

    rows = []
    for name, dataset in DATASETS.items():
        height, width = dataset.input_size
        low, high = dataset.protocol.min_depth, dataset.protocol.max_depth
        layout = f"--root {dataset.layout}" if dataset.layout else "--root and --split"
        rows.append([name, f"{height}x{width}", f"{low:g} to {high:g}", unit_of(name), dataset.crop, layout])
    own, given = "the model's", "--min-depth, --max-depth"
    rows.append([FRAMES, own, given, "m", None, "--root photographs in folders with an index.json"])
    rows.append([PROCEDURAL, own, "0.001 and more", "m", None, "generated, --count and --seed"])
    print(format_table(["data set", "model input", "depth", "unit", "crop", "data"], rows))


def run_sets(args: argparse.Namespace) -> int:
    """Every data set; a table of means, and the files of -o."""
    from tr2m_core.eval.baselines import BLIND
    from tr2m_core.eval.contenders import Contenders
    from tr2m_core.eval.suite import evaluate_set
    from tr2m_core.processes import join_processes

    if args.dataset == FRAMES:
        args.baseline = [*args.baseline, *BLIND]
    options = make_options(args)
    sets = frame_sets(args) if args.dataset == FRAMES else file_sets(args, options.needs_texts)
    processes = join_processes(args.device)
    args.device = processes.device or args.device
    about: dict[str, Any] = {}
    contenders = Contenders(args.model, args.baseline, model_loader(args, about), args.device)
    output = make_output(args.output) if args.output else None
    results = []
    for samples in sets:
        with progress_bar(samples.name) if processes.is_main else contextlib.nullcontext() as on_progress:
            corrected = f"{options.reference_pixels} measured pixels" if options.reference_pixels else ""
            methods = contenders.methods(samples, args.size, corrected)
            results.append(evaluate_set(samples, methods, options, output, processes, on_progress))
    problems = [problem for result in results for problem in result.problems()]
    if processes.is_main:
        tell(args, about, results, problems, output)
    return 1 if problems else 0


def tell(
    args: argparse.Namespace,
    about: dict[str, Any],
    results: Sequence[SetResult],
    problems: Sequence[str],
    output: Path | None,
) -> None:
    """Writes the files and prints the table. about: the head of report.json."""
    from tr2m_core.eval.suite import write_results
    from tr2m_core.eval.summary import MEAN_OF_SOURCES, TABLE_HEADERS, block, mean_of_sources, table_rows

    report = about | {"datasets": [result.report() for result in results]}
    mean = mean_of_sources(results) if args.dataset == FRAMES else None
    if mean is not None:
        report["mean_of_sources"] = asdict(mean)
    if output:
        write_results(output, report, results)
    for problem in problems:
        print(f"tr2m: error: {problem}", file=sys.stderr)
    if args.json:
        print_json(report)
    else:
        print(format_table(TABLE_HEADERS, table_rows(results) + block(MEAN_OF_SOURCES, mean.rows if mean else ())))
        print_notes(results)
        if mean is not None:
            print_comparison(mean)
        print_written(output)


def make_options(args: argparse.Namespace) -> SuiteOptions:
    """The checked options of an evaluation."""
    from tr2m_core.caption.wording import MOST_SENTENCES
    from tr2m_core.description import description_for_all
    from tr2m_core.eval.baselines import CONSTANT
    from tr2m_core.eval.conditions import DESCRIBED, Wordings
    from tr2m_core.eval.suite import SuiteOptions

    frames = args.dataset == FRAMES
    for name, value, least in (("panels", args.panels, 0), ("batch-size", args.batch_size, 1)):
        if value is not None and value < least:
            raise InputError(f"--{name} {value}: must be at least {least}")
    if args.save_predictions and args.output is None:
        raise InputError("--save-predictions needs -o, the folder to write to")
    sentences = tuple(dict.fromkeys(args.sentences or (() if args.text else ("own",))))
    if args.wordings is not None and (DESCRIBED not in sentences or not 1 <= args.wordings <= MOST_SENTENCES):
        raise InputError(f"--wordings {args.wordings}: for --sentences {DESCRIBED}, 1 to {MOST_SENTENCES}")
    panels = args.panels if args.panels is not None else None if frames else PANELS
    return SuiteOptions(
        sentences=sentences,
        wordings=Wordings(args.captioner, args.device, args.wordings or 1) if DESCRIBED in sentences else None,
        texts=tuple(dict.fromkeys(map(description_for_all, args.text))),
        seed=args.seed or 0,
        batch_size=args.batch_size,
        panels=panels,
        save_predictions=args.save_predictions,
        reference_pixels=reference_pixels(args.scale_from),
        constant=CONSTANT in args.baseline,
    )


def reference_pixels(scale_from: str | None) -> int:
    """The N of depth:N; 0 without --scale-from. Raises InputError for all else."""
    from tr2m_core.scale.scale_from import PIXELS, parse_scale_from

    if scale_from is None:
        return 0
    parsed = parse_scale_from(scale_from)
    if parsed.kind != PIXELS:
        raise InputError(f"--scale-from {scale_from}: photographs have measured depth only, depth:N; bags have more")
    return parsed.count


def frame_sets(args: argparse.Namespace) -> Sequence[SampleSet]:
    """A set per source. Raises InputError when there are no frames."""
    from tr2m_core.data.frames import read_frames
    from tr2m_core.eval.frames import by_source

    if args.root is None:
        raise InputError("evaluate frames needs --root, the folder with the data")
    args.min_depth = DEFAULT_RANGE[0] if args.min_depth is None else args.min_depth
    args.max_depth = DEFAULT_RANGE[1] if args.max_depth is None else args.max_depth
    check_depth_range(args)
    return by_source(read_frames(args.root), (args.min_depth, args.max_depth))


def file_sets(args: argparse.Namespace, texts: bool) -> Sequence[FileSamples]:
    """The published data sets that are named. Raises InputError for one without a usable record."""
    from tr2m_core.data.base import DatasetConfig
    from tr2m_core.data.published_texts import find_folder, with_published_texts
    from tr2m_core.eval.config import read_config
    from tr2m_core.eval.file_samples import FileSamples

    if args.min_depth is not None or args.max_depth is not None:
        raise InputError(f"--min-depth and --max-depth are for {FRAMES}; a published protocol has its own range")
    folder = find_folder(args.texts)
    given = [str(path or "") for path in (args.root, args.gt_root, args.text_root, args.split, args.text_file)]
    if Path(args.dataset).suffix in (".yaml", ".yml"):
        if any(given):
            raise InputError(f"{args.dataset}: say roots and splits there or with --set datasets.0.root=...")
        configs = read_config(Path(args.dataset), args.set).datasets
    else:
        root, gt_root, text_root, split, text_file = given
        configs = (DatasetConfig(args.dataset, root, gt_root, text_root, split, text_file),)
    sets = []
    for config in configs:
        config, taken = with_published_texts(config, folder, "test") if folder else (config, "")
        told = [taken] if taken else []
        config = replace(config, input_size=args.size or config.input_size)
        with progress_bar(f"{config.name}: files") as on_progress:
            samples = FileSamples(config, texts=texts, on_progress=on_progress)
        if not len(samples):
            raise InputError("; ".join(line.strip() for line in [*samples.check.lines(), *told]))
        samples.notes = [*told, *samples.notes]
        sets.append(samples)
    return sets


def model_loader(args: argparse.Namespace, about: dict[str, Any]) -> Load:
    """Loads the model of the options, and baselines as they are. about: is told what was loaded, for the report."""
    whole = {"checkpoint": None, "relative_depth": None, "image_encoder": None, "text_encoder": None}

    def load(name: str, size: tuple[int, int] | None) -> DepthPredictor:
        parts = {} if name == args.model else whole
        chosen = argparse.Namespace(**vars(args) | parts | {"model": name, "size": size})
        if size != args.size:  # a protocol's
            chosen.size = nearest_size(chosen)
        predictor = load_predictor(chosen)
        if name == args.model:
            about.update(describe_model(args, predictor))
        return predictor

    return load


def print_notes(results: Sequence[SetResult]) -> None:
    """What the table does not say."""
    for result in results:
        samples = result.samples
        for note in samples.notes:
            print(f"{samples.name}: {note}")
        if samples.unit != "m":
            unit = samples.unit
            print(f"{samples.name}: rmse and sq_rel are in {unit}; a TR2M model is taken to predict {unit}, as trained")
        if result.best_constant is not None:
            print(f"{samples.name}: the best constant is {result.best_constant:.3g} {samples.unit}")
        if (spread := result.wording_spread()) is not None:
            quartiles = "upper quartile of the scale factor of an image's wordings over the lower"
            print(f"{samples.name}: {quartiles}: {spread['median']:.3f}, at worst {spread['worst']:.3f}")
        if result.found.empty:
            print(f"{samples.name}: {len(result.found.empty)} images without a valid depth are not in the means")


def print_comparison(mean: SourcesMean) -> None:
    """Whether the model is worth more, source by source, than what never looks at the image."""
    for count, what, other in (
        (mean.better_than_constant, "metric depth", "the source's best constant"),
        (mean.better_than_ramp, "affine-aligned relative depth", "the affine-aligned ramp"),
    ):
        if count is not None:
            print(f"{what} has a lower abs_rel than {other} on {count} of {mean.sources} sources")


def run_procedural(args: argparse.Namespace) -> int:
    """Generated scenes; a line per kind of sentence."""
    if args.count < 1:
        raise InputError(f"--count {args.count}: must be at least 1")
    if args.sentences or args.text or args.baseline or args.save_predictions or args.scale_from:
        raise InputError(
            f"{PROCEDURAL} has sentences and a baseline of its own, saves no predictions, and takes no --scale-from"
        )
    from tr2m_core.eval.procedural import HELD_OUT_SEED, evaluate_procedural
    from tr2m_core.files.images import write_json
    from tr2m_core.processes import join_processes

    processes = join_processes(args.device)
    args.device = processes.device or args.device
    output = make_output(args.output) if args.output else None
    seed = HELD_OUT_SEED if args.seed is None else args.seed
    predictor = load_predictor(args)
    with progress_bar("scenes") if processes.is_main else contextlib.nullcontext() as on_progress:
        rows = evaluate_procedural(predictor, args.count, seed, on_progress, processes=processes)
    if not processes.is_main:
        return 0
    report = {"dataset": PROCEDURAL, "model": args.model, "count": args.count, "seed": seed, "rows": rows}
    if output:
        write_json(output / "report.json", report)
    if args.json:
        print_json(report)
    else:
        names = list(next(iter(rows.values())))
        print(format_table(["sentences", *names], [[kind, *metrics.values()] for kind, metrics in rows.items()]))
        print_written(output)
    return 0


def print_written(output: Path | None) -> None:
    if output:
        print(f"written to {output}")
