"""What a step is given: which samples, at which size, at which learning rate."""

from collections import Counter
from itertools import pairwise

import pytest

from tr2m_core.errors import InputError
from tr2m_core.train.config import OptimizerConfig, Phase, TrainConfig
from tr2m_core.train.optim import learning_rate
from tr2m_core.train.sampling import Request, RequestSampler, Schedule
from tr2m_core.train.seeds import generator


def requests(config: TrainConfig, lengths: list[int]) -> list[Request]:
    schedule = Schedule(config, lengths)
    return [request for step in range(schedule.steps) for request in schedule.requests(step)]


def keys(requests: list[Request], source: int) -> list[tuple[int, int]]:
    """(pass, index) of every sample of a source, in order."""
    return [(key.epoch, key.index) for request in requests if request.source == source for key in request.keys]


def test_sets_take_turns_and_an_epoch_is_one_pass_over_the_longest():
    schedule = Schedule(TrainConfig(batch_size=4, epochs=3), [10, 3, 4])
    assert schedule.steps_per_epoch == 9  # 3 batches of 4 cover 10 samples, and as many of the other two
    assert schedule.steps == 27
    assert [schedule.requests(step)[0].source for step in range(6)] == [0, 1, 2, 0, 1, 2]
    assert [schedule.epoch(step) for step in (0, 8, 9, 26)] == [0, 0, 1, 2]
    assert all(len(request.keys) == 4 for step in range(27) for request in schedule.requests(step))


def test_every_sample_comes_once_per_pass_in_an_order_of_the_pass():
    taken = requests(TrainConfig(batch_size=4, epochs=6), [12, 8])
    long, short = keys(taken, 0), keys(taken, 1)
    assert len(long) == len(short) == 72
    for passes, length in ((long, 12), (short, 8)):
        whole = [passes[first : first + length] for first in range(0, len(passes) - length + 1, length)]
        assert len(whole) == len(passes) // length >= 6
        for number, samples in enumerate(whole):
            assert {epoch for epoch, _ in samples} == {number}
            assert sorted(index for _, index in samples) == list(range(length))
        orders = {tuple(index for _, index in samples) for samples in whole}
        assert len(orders) == len(whole)


def test_the_seed_decides_the_order_and_sets_of_one_length_have_different_ones():
    def order(seed: int, source: int) -> list[tuple[int, int]]:
        return keys(requests(TrainConfig(batch_size=4, epochs=1, seed=seed), [12, 12]), source)

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_shares_of_processes_are_disjoint_and_make_up_the_batch(accumulation):
    config = TrainConfig(batch_size=12, steps=5, accumulation=accumulation)
    schedule = Schedule(config, [40, 7])
    whole = list(RequestSampler(schedule, 0, 0, 1))
    shares = [list(RequestSampler(schedule, 0, process, 3)) for process in range(3)]
    assert len(whole) == len(RequestSampler(schedule, 0, 0, 3)) == 5 * accumulation
    for request, *parts in zip(whole, *shares, strict=True):
        assert [len(part.keys) for part in parts] == [12 // accumulation // 3] * 3
        assert {(part.source, part.size) for part in parts} == {(request.source, request.size)}
        assert Counter(key for part in parts for key in part.keys) == Counter(request.keys)


def test_a_run_resumed_at_any_step_asks_for_the_same():
    config = TrainConfig(
        accumulation=2, phases=(Phase((28, 42), 4, 5), Phase((42, 56), 2, 4), Phase((28, 28), 6, 3)), seed=3
    )
    schedule = Schedule(config, [9, 4, 5])
    straight = list(RequestSampler(schedule, 0, 0, 1))
    for step in range(schedule.steps + 1):
        resumed = list(RequestSampler(Schedule(config, [9, 4, 5]), step, 0, 1))
        assert resumed == straight[2 * step :]


@pytest.mark.parametrize("accumulation", [1, 2])
def test_phases_change_size_and_batch_and_go_on_counting(accumulation):
    phases = (Phase((28, 42), 4, 3), Phase((42, 56), 2, 5), Phase((14, 14), 6, 2))
    config = TrainConfig(phases=phases, accumulation=accumulation)
    taken = requests(config, [7, 5])
    assert Schedule(config, [7, 5]).steps == 10
    sizes = [request.size for request in taken]
    assert sizes == [phase.input_size for phase in phases for _ in range(phase.steps * accumulation)]
    counts = [len(request.keys) for request in taken]
    assert counts == [phase.batch_size // accumulation for phase in phases for _ in range(phase.steps * accumulation)]
    for source, length in ((0, 7), (1, 5)):
        passes = [epoch for epoch, _ in keys(taken, source)]
        assert passes == [place // length for place in range(len(passes))]
        repeated = Counter(keys(taken, source))
        assert max(repeated.values()) == 1  # no sample twice in one pass, across phases too


def test_without_phases_a_source_has_its_own_size():
    assert {request.size for request in requests(TrainConfig(batch_size=2, steps=3), [4])} == {None}


def test_accumulation_takes_as_many_samples_in_smaller_batches():
    config = TrainConfig(batch_size=6, accumulation=3, steps=4)
    schedule = Schedule(config, [30, 30])
    step = schedule.requests(1)
    assert [request.source for request in step] == [1, 0, 1]  # turns go on within a step
    assert [len(request.keys) for request in step] == [2, 2, 2]
    assert len({(r.source, key) for n in range(4) for r in schedule.requests(n) for key in r.keys}) == 24


def test_batches_that_cannot_be_divided_are_rejected():
    with pytest.raises(InputError, match="batch_size 6 is not divisible by accumulation 4"):
        Schedule(TrainConfig(batch_size=6, accumulation=4), [8])
    with pytest.raises(InputError, match="batch_size 3 is not divisible by accumulation 2"):
        Schedule(TrainConfig(accumulation=2, phases=(Phase(batch_size=4, steps=1), Phase(batch_size=3, steps=1))), [8])
    schedule = Schedule(TrainConfig(batch_size=6, accumulation=2, steps=1), [8])
    with pytest.raises(InputError, match="batch_size 6 is not divisible by 2 processes times accumulation 2"):
        RequestSampler(schedule, 0, 0, 2)


def test_a_run_without_steps_is_rejected():
    with pytest.raises(InputError, match="at least one step"):
        Schedule(TrainConfig(epochs=0), [8])


def test_the_papers_rate_falls_by_a_tenth_after_each_epoch():
    config = OptimizerConfig()
    schedule = Schedule(TrainConfig(batch_size=8, epochs=20), [24, 16])
    assert schedule.steps_per_epoch == 6
    rates = [learning_rate(config, step, schedule.steps, schedule.epoch(step)) for step in range(schedule.steps)]
    for epoch in range(20):
        assert rates[6 * epoch : 6 * epoch + 6] == pytest.approx([1e-5 * 0.9**epoch] * 6, rel=1e-12)


def test_rate_rises_linearly_in_the_warm_up():
    config = OptimizerConfig(learning_rate=1.0, warmup_steps=4)
    assert [learning_rate(config, step, 100, 0) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert learning_rate(config, 50, 100, 2) == pytest.approx(0.81)


def test_cosine_ends_at_a_hundredth():
    config = OptimizerConfig(learning_rate=2.0, schedule="cosine", warmup_steps=10, decay_per_epoch=0.5)
    rates = [learning_rate(config, step, 1010, step // 100) for step in range(1010)]
    assert rates[9] == rates[10] == 2.0
    assert rates[510] == pytest.approx(2.0 * (0.01 + 0.99 / 2))  # half way
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))
    assert rates[-1] == pytest.approx(0.02, rel=1e-3)
    assert learning_rate(config, 1010, 1010, 10) == pytest.approx(0.02)


def test_random_numbers_depend_on_the_given_ones_for_good():
    assert generator(1, 2, 3).initial_seed() == 12997252459554536576
    assert len({generator(*numbers).initial_seed() for numbers in ((0,), (1,), (1, 2), (2, 1), (1, 2, 1))}) == 5
