"""What procedural scenes are made of: things, patterns, light, and the camera that takes them."""

import numpy as np
import pytest

from tr2m_core.data.procedural import raycast, shading, textures, things
from tr2m_core.data.procedural.descriptions import COLOURS, DOMAINS, ObjectFact, SceneFacts
from tr2m_core.data.procedural.layout import Layout
from tr2m_core.data.procedural.photograph import photograph
from tr2m_core.data.procedural.places import kinds
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.data.procedural.surroundings import build_layout

SIZE = (60, 80)


def facts(domain: str, *objects: ObjectFact) -> SceneFacts:
    return SceneFacts(domain, "somewhere", "", 2.0, objects)


@pytest.mark.parametrize("build", {build for _, build in things._NAMED} | set(things.FURNITURE) | set(things.SMALL))
def test_things_stand_on_their_surface_and_are_as_large_as_in_life(build):
    rng = np.random.default_rng(1)
    for _ in range(20):
        layout = Layout(rng)
        build(layout.at(), None)
        corners = np.concatenate(
            [
                centre + (np.abs(turn) @ extent) * sign
                for centre, extent, turn in zip(layout.centres, layout.extents, layout.turns, strict=True)
                for sign in (np.array([[-1.0, -1, -1], [1, 1, 1]]))[:, None]
            ]
        )
        low, high = corners.min(0), corners.max(0)
        assert -0.05 < high[1] < 0.12, "its foot is at height 0"
        largest = 14 if build in (things.tree, things.car, things.pole) else 3
        assert 0.01 < (high - low).max() < largest


def test_every_kind_of_object_finds_a_form():
    forms = {name: things.named(name) for name in kinds()}
    assert (
        forms["office chair"] is things.chair and forms["lamp post" if "lamp post" in kinds() else "desk"] is not None
    )
    assert sum(form is not None for form in forms.values()) > 0.35 * len(forms)


@pytest.mark.parametrize("domain", DOMAINS)
def test_scenes_are_whole(domain):
    for seed in range(25):
        layout = build_layout(facts(domain), np.random.default_rng(seed))
        scene, material = layout.scene(SIZE)
        assert len(material) == len(scene.kind) + raycast.SHELL_FACES
        rays = scene.rays()
        hits = raycast.cast(scene, rays)
        free = raycast.lit(scene, rays, hits)
        image = shading.shade(scene, material, layout.light, rays, hits, free)
        assert np.isfinite(image).all() and image.min() >= 0
        assert hits.depth.min() > 0.03, "nothing touches the camera"
        seen = hits.depth < raycast.FAR
        assert seen.mean() > 0.2 and (seen.all() or domain == "street")
        assert ((free >= 0) & (free <= 1)).all()


@pytest.mark.parametrize(("position", "side"), [("left", -1), ("right", 1)])
@pytest.mark.parametrize("domain", ["room", "corridor", "street"])
def test_objects_stand_where_the_facts_say(domain, position, side):
    """The ball is on the side of the view that the facts name."""
    ball = facts(domain, ObjectFact("xyzzy", 1, "sphere", "red", position))
    found = []
    for seed in range(30):
        layout = build_layout(ball, np.random.default_rng(seed))
        kinds = [i for i, kind in enumerate(layout.kinds) if kind == raycast.ELLIPSOID]
        colour = np.array(COLOURS["red"])
        red = [i for i in kinds if np.allclose(layout.materials[i][0:3] / colour, layout.materials[i][0] / colour[0])]
        assert red
        offset = layout.centres[red[0]] - layout.position
        found.append(np.sign((offset @ layout.rotation)[0]) == side)
    assert np.mean(found) > (0.7 if domain == "corridor" else 0.9)  # a corridor's walls leave little room


def test_varied_scenes_are_squeezed_into_the_size():
    plain, varied = ProceduralScenes(SIZE, seed=2), ProceduralScenes(SIZE, seed=2, varied=True)
    squares, others = plain.batch(range(12)).intrinsics, varied.batch(range(12)).intrinsics
    assert (squares[:, 0] == squares[:, 1]).all()
    shapes = SIZE[1] / SIZE[0] * others[:, 1] / others[:, 0]  # width over height of what was squeezed
    assert len(set(shapes.tolist())) > 2 and shapes.min() >= 1.0 and shapes.max() <= 3.4


def test_patterns_tile_and_keep_their_mean_at_every_level_of_detail():
    bank = textures.textures()
    u, v = np.meshgrid(np.arange(128) / 128, np.arange(128) / 128)
    for texture in textures.ALL:
        levels = [bank.sample(texture, u, v, np.full(u.shape, level)) for level in range(textures.LEVELS)]
        assert all(level.min() >= 0 and level.max() <= 1 for level in levels)
        assert np.ptp([level.mean() for level in levels]) < 1e-3
        assert np.array_equal(levels[0], bank.sample(texture, u + 3, v - 2, np.zeros(u.shape, int)))
        assert levels[0].std() > 0.05, "a pattern that shows nothing"


def test_photographs_are_exposed_and_stored_in_eight_bits():
    linear = np.random.default_rng(0).random((48, 64, 3), np.float32) * np.linspace(0.01, 0.2, 64)[:, None]
    images = [photograph(linear * 10.0 ** (i % 5 - 2), np.random.default_rng(i)) for i in range(60)]
    for image in images:
        assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1
        assert np.allclose(image * 255, np.round(image * 255), atol=1e-3)
    means = [image.mean() for image in images]
    assert 0.2 < np.median(means) < 0.7 and np.ptp(means) > 0.2  # over- and under-exposed ones among them
    again = photograph(linear, np.random.default_rng(0))
    assert np.array_equal(again, photograph(linear, np.random.default_rng(0)))
