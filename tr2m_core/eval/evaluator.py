"""The one loop that measures: methods under conditions on samples, over one process or several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.errors import InputError
from tr2m_core.eval.baselines import BEST_CONSTANT, thinned
from tr2m_core.eval.conditions import Condition
from tr2m_core.eval.methods import Method
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.metrics.depth import best_constant_depth, mean_metrics
from tr2m_core.metrics.measurement import ALIGNMENTS, METRIC, Measurement, Metrics, measure_depth
from tr2m_core.processes import ALONE, Processes

FloatArray = npt.NDArray[np.floating[Any]]

CHUNK = 4  # samples predicted at once; chunks, not samples, are shared out, so that numbers do not depend on processes
NO_DESCRIPTION = ""  # name of the condition of methods that read none
MASKED = "validity mask applied"  # of rows that count less of the ground truth than the protocol does


@dataclass(frozen=True)
class Outcome:
    """What one method, named as the report does, made of one sample under one condition, named by `sentences`."""

    number: int
    image: str
    method: str
    sentences: str
    description: str
    measurement: Measurement

    @property
    def metrics(self) -> Metrics | None:
        """The nine of the prediction as it is."""
        return self.measurement.metrics.get(METRIC)


@dataclass
class Evaluation:
    """What was measured on one sample set."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    """(method, name of the condition) in the order given."""
    outcomes: list[Outcome] = field(default_factory=list)
    """By sample, then in the order of pairs."""
    truths: list[tuple[int, FloatArray]] = field(default_factory=list)
    """(number of the sample, some or all of its valid depths), where these were asked for."""
    empty: list[tuple[int, str]] = field(default_factory=list)
    """(number of the sample, name of its image) of those without a valid depth."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    """(number of the sample, why it could not be measured)."""

    def of(self, method: str, sentences: str) -> list[Outcome]:
        """The outcomes of one method under one condition."""
        return [each for each in self.outcomes if each.method == method and each.sentences == sentences]

    def mean(self, method: str, sentences: str, alignment: str = METRIC) -> Metrics | None:
        """Mean over the images that have such metrics; None when none has."""
        rows = [outcome.measurement.metrics.get(alignment) for outcome in self.of(method, sentences)]
        known = [row for row in rows if row is not None]
        return mean_metrics(known) if known else None


# Called with number, sample (with the sentence told), prediction and measurement, for the first method and condition.
OnPrediction = Callable[[int, Sample, FloatArray, Measurement], None]


def evaluate(
    samples: SampleSet,
    methods: Sequence[Method],
    conditions: Sequence[Condition],
    *,
    alignments: Collection[str] = ALIGNMENTS,
    chunk: int = CHUNK,
    keep_truths: bool = False,
    reference_pixels: int = 0,
    processes: Processes = ALONE,
    on_prediction: OnPrediction | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measures every method under every condition on every sample; methods that read none once.

    The result is the same in every process, and the same as one process gives; on_prediction is told of this process's
    samples only. keep_truths: for the best constant depth, see `SampleSet.truth_pixels`. reference_pixels: so many
    random pixels of each ground truth are its reference and do not count, the same whatever is evaluated.
    """
    pairs = list(_pairs(methods, conditions))
    names = [(_row_name(method, masked), each.name) for method, each in pairs for masked in samples.masking]
    found = Evaluation(names)
    chunks = [range(i, min(i + chunk, len(samples))) for i in range(0, len(samples), chunk)]
    mine = chunks[processes.index :: processes.count]
    done, total = 0, sum(map(len, mine))
    for numbers in mine:
        usable = _usable(samples, numbers, found)
        if reference_pixels:
            usable = {number: sample.with_reference(reference_pixels, number) for number, sample in usable.items()}
        if keep_truths:
            found.truths += [(n, thinned(s.depth[s.valid], samples.truth_pixels)) for n, s in usable.items()]
        for place, (method, condition) in enumerate(pairs):
            first = on_prediction if place == 0 else None
            found.outcomes += _measure(samples, usable, method, condition, alignments, first)
        done += len(numbers)
        if on_progress:
            on_progress(done, total)
    return _gathered(found, processes)


def add_constant(samples: SampleSet, found: Evaluation) -> float | None:
    """Adds the one depth with the least mean abs_rel over the kept truths, measured on these, and returns it.

    None, and nothing added, when no truths were kept.
    """
    if not found.truths:
        return None
    constant = best_constant_depth(np.concatenate([truth for _, truth in found.truths]))
    name = constant_name(samples)
    found.pairs.append((name, NO_DESCRIPTION))
    for number, truth in found.truths:
        measurement = measure_depth(truth[None], np.full((1, truth.size), constant), samples.limits)
        if measurement is not None:
            found.outcomes.append(Outcome(number, samples.image(number), name, NO_DESCRIPTION, "", measurement))
    found.outcomes.sort(key=lambda outcome: outcome.number)
    return constant


def constant_name(samples: SampleSet) -> str:
    """What a report calls the best constant depth."""
    sampled = "" if np.isinf(samples.truth_pixels) else f" ({samples.truth_pixels:g} pixels per image)"
    return f"{BEST_CONSTANT}{sampled}"


def _pairs(methods: Sequence[Method], conditions: Sequence[Condition]) -> Iterator[tuple[Method, Condition]]:
    silent = Condition(NO_DESCRIPTION, lambda number: "")
    for method in methods:
        for condition in conditions if method.reads_description else [silent]:
            yield method, condition


def _usable(samples: SampleSet, numbers: range, found: Evaluation) -> dict[int, Sample]:
    """The samples by number; what is wrong with the others goes into `found`."""
    from tr2m_core.inference.predictor import MIN_FRAME_SIDE  # torch takes seconds to load

    usable = {}
    for number, sample in zip(numbers, samples.read(numbers), strict=True):
        if isinstance(sample, InputError):
            found.problems.append((number, f"{samples.image(number)}: {sample}"))
        elif min(sample.rgb.shape[:2]) < MIN_FRAME_SIDE:
            height, width = sample.rgb.shape[:2]
            found.problems.append(
                (number, f"{samples.image(number)}: {width}x{height} pixels; at least 2x2 are needed")
            )
        elif not sample.valid.any():
            found.empty.append((number, samples.image(number)))
        else:
            usable[number] = sample
    return usable


def _measure(
    samples: SampleSet,
    usable: dict[int, Sample],
    method: Method,
    condition: Condition,
    alignments: Collection[str],
    on_prediction: OnPrediction | None,
) -> Iterator[Outcome]:
    said = {number: condition.sentence(number, sample) for number, sample in usable.items()}
    told = {number: description for number, description in said.items() if description is not None}
    chosen = [usable[number] for number in told]
    predictions = method.predict(chosen, list(told.values()))
    for (number, description), sample, prediction in zip(told.items(), chosen, predictions, strict=True):
        for place, masked in enumerate(samples.masking):
            area = sample.area(masked)
            measurement = measure_depth(
                sample.depth, prediction, sample.limits, area, relative=method.relative, alignments=alignments
            )
            if measurement is None:
                continue
            if on_prediction and place == 0:
                on_prediction(number, sample._replace(description=description), prediction, measurement)
            name = _row_name(method, masked)
            yield Outcome(number, samples.image(number), name, condition.name, description, measurement)


def _row_name(method: Method, masked: bool) -> str:
    """What a report calls the method where the ground truth counts in this way."""
    return f"{method.name}, {MASKED}" if masked else method.name


def _gathered(found: Evaluation, processes: Processes) -> Evaluation:
    """The findings of all processes in the order of one."""
    place = {pair: i for i, pair in enumerate(found.pairs)}
    outcomes = processes.gather(found.outcomes)
    return Evaluation(
        found.pairs,
        sorted(outcomes, key=lambda each: (each.number, place[each.method, each.sentences])),
        sorted(processes.gather(found.truths), key=lambda truth: truth[0]),
        sorted(processes.gather(found.empty)),
        sorted(processes.gather(found.problems)),
    )
