"""Features of procedural scenes on disk."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_pyramid import TinyBackbone

from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.errors import InputError
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.train import scene_store
from tr2m_core.train.config import SceneStoreConfig
from tr2m_core.train.scene_store import TARGET, SceneDescriber, SceneStore, open_store, relative_target

SIZE = (32, 64)
COUNT = 25


class Interrupted(Exception):
    pass


def silent(done: int, total: int) -> None:
    pass


def settings(folder: Path, **changes) -> SceneStoreConfig:
    return replace(SceneStoreConfig(count=COUNT, seed=3, size=SIZE, folder=str(folder), workers=2), **changes)


def make(folder: Path, progress=silent, seed: int = 0, **changes) -> SceneStore:
    return open_store(TinyBackbone(seed), EMBEDDED, settings(folder, **changes), progress)


def whole(store: SceneStore, index: int, name: str) -> np.ndarray:
    return store.window(index, name, slice(0, SIZE[0]), slice(0, SIZE[1]))


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.npy"))}


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(scene_store, "SCENES_PER_SHARD", 10)
    monkeypatch.setattr(scene_store, "SCENES_AT_ONCE", 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene_store, "SCENES_PER_SHARD", 10)
        patch.setattr(scene_store, "SCENES_AT_ONCE", 5)
        path = tmp_path_factory.mktemp("scenes")
        make(path)
    return path


def test_a_store_holds_what_the_backbone_says_of_every_scene(folder):
    store = make(folder, progress=pytest.fail)  # nothing is rendered again
    assert len(store) == COUNT
    assert [store.shape(name) for name in store.levels] == [(8, 16, 4), (4, 8, 6), (2, 4, 8), (1, 2, 10)]
    scenes = ProceduralScenes(SIZE, seed=3, varied=True)
    normalize = Normalizer(EMBEDDED, torch.device("cpu"))
    for index in (0, 9, 10, 24):
        scene = scenes.batch([index])
        for name, level in zip(store.levels, TinyBackbone()(normalize(scene.image)), strict=True):
            expected = level[0].permute(1, 2, 0).numpy()
            np.testing.assert_allclose(whole(store, index, name), expected, rtol=2e-3, atol=1e-4)
        expected = relative_target(scene.depth)[0, 0].numpy()
        np.testing.assert_allclose(whole(store, index, TARGET), expected, rtol=2e-3, atol=1e-6)


def test_a_window_is_the_same_place_of_every_level(folder):
    store = make(folder)
    for name, stride in [*zip(store.levels, (4, 8, 16, 32), strict=True), (TARGET, 2)]:
        part = store.window(12, name, slice(0, 32), slice(32, 64))
        assert part.shape[:2] == (32 // stride, 32 // stride)
        assert np.array_equal(part, whole(store, 12, name)[:, 32 // stride :])


def test_statistics_are_those_of_all_scenes(folder):
    store = make(folder)
    for name, mean, std in zip(store.levels, store.means, store.stds, strict=True):
        values = np.stack([whole(store, index, name) for index in range(COUNT)]).astype(np.float64)
        np.testing.assert_allclose(mean, values.mean((0, 1, 2)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(std, values.std((0, 1, 2)), rtol=1e-2, atol=1e-3)


def test_an_interrupted_store_goes_on_and_equals_an_uninterrupted_one(folder, tmp_path):
    def interrupt(done: int, total: int) -> None:
        assert total == COUNT
        if done >= 15:
            raise Interrupted

    with pytest.raises(Interrupted):
        make(tmp_path, interrupt, workers=1)
    finished = hashes(tmp_path)
    assert finished and len(finished) < len(hashes(folder))
    assert not list(tmp_path.rglob("*.partial"))
    begun = []
    make(tmp_path, lambda done, total: begun.append(done))
    assert begun[0] == 10 and begun[-1] == COUNT  # what was finished is not rendered again
    assert hashes(tmp_path) == hashes(folder)


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tiny_pyramid import TinyBackbone
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.train import scene_store
from tr2m_core.train.config import SceneStoreConfig

if __name__ == "__main__":
    scene_store.SCENES_PER_SHARD = 10
    config = SceneStoreConfig(count=100_000, seed=3, size=(32, 64), folder=sys.argv[1], workers=2)
    try:
        scene_store.open_store(TinyBackbone(), EMBEDDED, config, lambda done, total: print(done, flush=True))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start_rendering(folder: Path) -> subprocess.Popen:
    """A process, with a group of its own as in a terminal, that has rendered some scenes."""
    script = folder / "render.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder), str(Path(__file__).resolve().parents[1])]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while (line := process.stdout.readline()) and int(line) < 20:
        pass
    return process


def processes_of(group: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def wait_for_none_of(pid: int) -> None:
    """What multiprocessing tidies up with outlives the rest by a moment."""
    deadline = time.monotonic() + 20
    while processes_of(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(pid) == []


def test_control_c_ends_everything_soon(tmp_path):
    process = start_rendering(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=300)  # begun chunks are finished
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    wait_for_none_of(process.pid)
    assert not list(tmp_path.rglob("*.partial"))
    assert list(tmp_path.rglob("*.npy"))


def test_no_process_outlives_one_that_was_killed(tmp_path):
    process = start_rendering(tmp_path)
    process.kill()
    process.communicate(timeout=30)
    wait_for_none_of(process.pid)


def test_other_weights_seeds_or_sizes_have_a_store_of_their_own(folder, tmp_path):
    def name(backbone_seed: int = 0, **changes) -> str:
        config = settings(tmp_path, **changes)
        describer = SceneDescriber(TinyBackbone(backbone_seed), EMBEDDED, config.seed, config.size)
        return scene_store._identity(describer, config)[0].name

    assert name() == name(count=7) == make(folder).folder.name
    assert len({name(), name(backbone_seed=1), name(seed=4), name(size=(64, 64))}) == 4


def test_a_larger_store_begins_with_a_smaller_one(folder, tmp_path):
    begun = []
    make(tmp_path, count=10, workers=1)
    store = make(tmp_path, lambda done, total: begun.append((done, total)), count=15, workers=1)
    assert begun[0] == (10, 15)
    assert np.array_equal(whole(store, 14, "level_0"), whole(make(folder), 14, "level_0"))


def test_the_target_is_inverse_depth_in_units_of_its_median():
    depth = torch.full((1, 1, 4, 8), 2.0)
    depth[..., :2, :2] = 0  # sky
    depth[..., :2, 2:4] = 0.1  # very near
    depth[..., 2:, :2] = torch.tensor([[1.0, 1.0], [4.0, 0.0]])
    target = relative_target(depth)
    assert target.shape == (1, 1, 2, 4)
    # The median of 1 / depth is 1 / 2.
    assert target[0, 0].tolist() == [[0.0, 8.0, 1.0, 1.0], [pytest.approx((2 + 2 + 0.5 + 0) / 4), 1.0, 1.0, 1.0]]
    torch.testing.assert_close(relative_target(100 * depth), target)
    assert relative_target(torch.zeros(1, 1, 4, 8)).tolist() == torch.zeros(1, 1, 2, 4).tolist()


def test_a_scene_depends_on_nothing_but_its_index():
    describer = SceneDescriber(TinyBackbone(), EMBEDDED, 3, SIZE)
    first = describer(5)
    describer(6)
    again = SceneDescriber(TinyBackbone(), EMBEDDED, 3, SIZE)(5)
    for a, b in zip([*first[0], first[1]], [*again[0], again[1]], strict=True):
        assert a.dtype == np.float16 and np.array_equal(a, b)


def test_no_room_and_no_scenes_are_said(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(
        InputError, match=r"0\.\d GB are needed, 0\.0 GB are free; choose another relative.scenes.folder"
    ):
        make(tmp_path, count=50_000)
    with pytest.raises(InputError, match=r"relative\.scenes\.count: 0 must be at least 1"):
        make(tmp_path, count=0)


def test_a_second_process_waits_for_the_first(folder, capsys):
    path, said = make(folder).folder, ""
    with (path / "lock").open("w") as file, ThreadPoolExecutor(1) as pool:
        fcntl.flock(file, fcntl.LOCK_EX)
        second = pool.submit(make, folder, pytest.fail)
        while f"{path}: another process renders these scenes; waiting for it" not in said:
            assert not second.done()
            time.sleep(0.05)
            said += capsys.readouterr().err
        assert not second.done()
        fcntl.flock(file, fcntl.LOCK_UN)
        second.result(timeout=60)
