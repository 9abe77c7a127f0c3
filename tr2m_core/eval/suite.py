"""An evaluation of several data sets: which methods, under which sentences, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tr2m_core.eval.conditions import DESCRIBED, EMPTY, OWN, Wordings, conditions_for
from tr2m_core.eval.evaluator import CHUNK, add_constant, evaluate
from tr2m_core.eval.gallery import Gallery
from tr2m_core.eval.methods import Method
from tr2m_core.eval.samples import SampleSet
from tr2m_core.eval.summary import SetResult
from tr2m_core.files.images import write_csv, write_json
from tr2m_core.processes import ALONE, Processes


@dataclass(frozen=True)
class SuiteOptions:
    """What an evaluation of several data sets does."""

    sentences: Sequence[str] = (OWN,)
    """Which of conditions.SENTENCES every image is told."""
    texts: Sequence[str] = ()
    """Further descriptions, each told of every image."""
    wordings: Wordings | None = None
    """Of DESCRIBED."""
    seed: int = 0
    """Of the shuffled descriptions."""
    batch_size: int = CHUNK
    """Number of samples predicted at once."""
    panels: int | None = 3
    """Number of best and number of worst images that get a panel, None for every image."""
    save_predictions: bool = False
    reference_pixels: int = 0
    """Number of pixels of each ground truth that depth is corrected by, and that do not count."""
    constant: bool = False
    """Whether to measure the best constant depth as well."""

    @property
    def needs_texts(self) -> bool:
        """Whether the samples' own sentences are read."""
        return any(name not in (EMPTY, DESCRIBED) for name in self.sentences)


def evaluate_set(
    samples: SampleSet,
    methods: Sequence[Method],
    options: SuiteOptions,
    output: Path | None = None,
    processes: Processes = ALONE,
    on_progress: Callable[[int, int], None] | None = None,
) -> SetResult:
    """Measures the methods on one data set; the result is the same in every process.

    output: folder for panels/ and predictions/ of the first method. Raises InputError for sentences to shuffle that
    cannot be read.
    """
    gallery = Gallery(output, samples, options.panels, options.save_predictions) if output else None
    found = evaluate(
        samples,
        methods,
        conditions_for(samples, options.sentences, options.texts, options.seed, options.wordings),
        chunk=options.batch_size,
        keep_truths=options.constant,
        reference_pixels=options.reference_pixels,
        processes=processes,
        on_prediction=gallery.add if gallery else None,
        on_progress=on_progress,
    )
    if gallery:
        gallery.write(found.of(*found.pairs[0]))
    constant = add_constant(samples, found) if options.constant else None
    return SetResult(samples, found, constant)


def write_results(folder: Path, report: dict[str, Any], results: Sequence[SetResult]) -> None:
    """Writes report.json and frames.csv, a line per image, method and sentence."""
    write_json(folder / "report.json", report)
    write_csv(folder / "frames.csv", [row for result in results for row in result.csv_rows()])
