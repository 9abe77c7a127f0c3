"""The five domains of procedural scenes: facts in; shell, things, camera and light out, in metres as in life."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tr2m_core.data.procedural import textures, things
from tr2m_core.data.procedural.descriptions import COLOURS, ObjectFact, SceneFacts
from tr2m_core.data.procedural.layout import Array, Frame, Layout, turn_x, turn_y
from tr2m_core.data.procedural.raycast import SHELL_FACES
from tr2m_core.data.procedural.shading import Light

CEILING, FLOOR = 2, 3  # of the shell's faces


def build_layout(facts: SceneFacts, rng: np.random.Generator) -> Layout:
    """The scene that the facts describe; everything they leave open is random, place and size change nothing."""
    s = Layout(rng)
    _BUILDERS[facts.domain](s, facts)
    return s


# ---- Indoors ----


def _room(s: Layout, facts: SceneFacts) -> None:
    w, length, h = s.uniform(1.3, 3.2), s.uniform(1.5, 4.0), s.uniform(2.2, 3.2)
    if s.chance(0.15):
        w, length, h = 2 * w, 2 * length, s.uniform(2.8, 6.0)
    s.shell(
        (0, -h / 2, length), (w, h / 2, length), turn_y(s.uniform(-0.6, 0.6) if s.chance(0.6) else s.uniform(-0.1, 0.1))
    )
    _interior(s, h)
    s.fov = math.radians(s.uniform(45, 85))
    s.clearance = 0.45
    eye = s.uniform(0.9, 1.7) if s.chance(0.8) else s.uniform(0.25, 0.9)
    z = s.uniform(0.05, 0.9) * length
    if s.chance(0.05):  # close before a wall, with little to hold on to
        z = 2 * length - s.uniform(0.4, 1.2)
    pitch = s.uniform(-5, 30) if s.chance(0.8) else s.uniform(25, 60)
    s.look(
        np.array([s.uniform(-0.5, 0.5) * w, -min(eye, h - 0.3), z]),
        s.uniform(-0.6, 0.6),
        math.radians(pitch),
        s.rng.normal(0, 0.03),
    )
    reach = 2 * length - z
    _stand(s, facts.objects, near=max(0.8, 0.25 * reach), far=0.9 * reach, spread=0.9 * w)
    for _ in range(s.pick(2, 7)):  # along the walls
        build = things.FURNITURE[s.pick(0, len(things.FURNITURE) - 1)]
        side = s.pick(-1, 1)
        if side == 0:
            build(_wall(s, s.uniform(-0.9, 0.9) * w, 2 * length - s.uniform(0.2, 0.5), 0.0), None)
        else:
            build(_wall(s, side * (w - s.uniform(0.2, 0.5)), z + s.uniform(0.1, 1.0) * reach, side * math.pi / 2), None)
    for _ in range(s.pick(0, 4)):  # in the middle
        build = things.FURNITURE[s.pick(0, len(things.FURNITURE) - 1)]
        _ahead(s, build, s.uniform(0.25, 0.8) * reach, 0.7 * w)
    if s.chance(0.25):  # rows of seats, desks, racks
        build = (things.chair, things.desk, things.shelf, things.table)[s.pick(0, 3)]
        gap = s.uniform(0.9, 1.6)
        for i in range(s.pick(2, 4)):
            for j in range(s.pick(2, 3)):
                build(s.at((i - 1.5) * gap, 0, z + 1.2 + j * gap * 1.2, s.uniform(-0.1, 0.1)), None)
    _walls(s, w, length, h, z)
    if s.chance(0.5):
        rug = s.material(textures.WOVEN, 1.0)
        s.at(s.uniform(-0.5, 0.5) * w, 0, z + s.uniform(0.3, 0.7) * reach, s.uniform(-0.3, 0.3)).box(
            (0, -0.006, 0), (s.uniform(0.4, 1.3), 0.006, s.uniform(0.4, 1.1)), rug
        )
    if s.chance(0.4):
        things.clutter(s.at(0, 0, z + 0.5 * reach), 0.8 * w, 0.45 * reach, s.pick(1, 8))


def _corridor(s: Layout, facts: SceneFacts) -> None:
    w, h, length = s.uniform(0.6, 1.6), s.uniform(2.1, 3.4), s.uniform(4.0, 18.0)
    turn = turn_y(s.uniform(-0.1, 0.1))
    s.shell(turn @ np.array([0.0, -h / 2, length - 0.8]), (w, h / 2, length), turn)
    _interior(s, h)
    s.fov = math.radians(s.uniform(45, 85))
    s.clearance = 0.25
    eye = np.array([s.uniform(-0.6, 0.6) * w, -s.uniform(0.5, 1.8), 0.0])
    s.look(eye, s.uniform(-0.35, 0.35), math.radians(s.uniform(-5, 20)), s.rng.normal(0, 0.03))
    _stand(s, facts.objects, near=1.5, far=min(9.0, 1.6 * length), spread=0.75 * w)
    wood, dark = s.material(textures.WOODEN, 0.8), s.material(period=0.5)
    strip = s.material(textures.GRAINY, 1.0, np.array([0.8, 0.8, 0.75]), glow=1.5)
    style = s.pick(0, 3)
    for side in (-1, 1):
        z = s.uniform(0.3, 2.0)
        while z < min(2 * length, 26.0) and len(s.kinds) < 260:
            f = _wall(s, side * w, z, side * math.pi / 2)
            if style == 3 and s.chance(0.8):
                things.shelf(f.at(0, 0, -0.2), None)
            elif style == 2 and s.chance(0.4):
                f.box((0, -h / 2, 0), (0.15, h / 2, s.uniform(0.1, 0.3)), dark)
            elif s.chance(0.6):
                for x in (-0.5, 0.5):
                    f.box((x, -1.05, -0.02), (0.05, 1.05, 0.06), dark)
                f.box((0, -1.02, s.uniform(-0.02, 0.06)), (0.45, 1.02, 0.03), wood)
                f.box((0.36, -1.0, -0.08), (0.05, 0.015, 0.02), dark)
            elif s.chance(0.3):
                things.FURNITURE[s.pick(0, len(things.FURNITURE) - 1)](f.at(0, 0, -0.3, 0, 0.8), None)
            else:
                f.box(
                    (0, -s.uniform(1.3, 1.7), -0.02),
                    (s.uniform(0.15, 0.5), s.uniform(0.15, 0.4), 0.02),
                    s.material(textures.PRINTED, 0.6),
                )
            z += s.uniform(0.9, 3.0)
    for i in range(min(int(length / 1.5), 10)):
        s.at(0, 0, 1.0 + 3.0 * i).box((0, -h + 0.03, 0), (0.12, 0.03, 0.6), strip)
    if s.chance(0.3):
        for side in (-1, 1):
            s.at(side * (w - 0.08), 0, length).rod((0, -0.95, -length), (0, -0.95, length), 0.025, dark)
    if s.chance(0.3):
        s.at(s.uniform(-0.6, 0.6) * w, 0, length).rod(
            (0, -h + 0.15, -length), (0, -h + 0.15, length), s.uniform(0.04, 0.12), dark
        )
    for _ in range(s.pick(0, 3)):
        things.person(s.at(s.uniform(-0.7, 0.7) * w, 0, s.uniform(1.5, 9.0), s.uniform(-3, 3)), None)


def _interior(s: Layout, h: float) -> None:
    """Walls, floor, ceiling and lamp of a closed room."""
    wall = s.material(textures.WALLED, s.uniform(0.5, 3), contrast=0.3 if s.chance(0.7) else 0.9, gloss=0.05)
    for face in range(SHELL_FACES):
        s.shell_material[face] = wall if s.chance(0.8) else s.material(textures.WALLED, s.uniform(0.5, 3), contrast=0.3)
    s.shell_material[FLOOR] = s.material(
        (*textures.TILED, *textures.WOODEN, *textures.GRAINY), s.uniform(0.4, 1.6), contrast=0.6, gloss=0.4
    )
    bright = np.array([0.75, 0.75, 0.72]) * s.uniform(0.5, 1.1)
    s.shell_material[CEILING] = s.material(textures.GRAINY, 1.0, bright, 0.15, glow=s.uniform(0, 0.2))
    s.lamp = (s.uniform(-2, 2), -s.uniform(1.5, max(1.6, h - 0.1)), s.uniform(0.5, 6), 1.0)
    if s.chance(0.35):
        s.lamp = (*_direction(s, 0.25), 0.0)
    _light(s, s.uniform(0.3, 0.8), corners=s.uniform(0.1, 0.6))


def _walls(s: Layout, w: float, length: float, h: float, z: float) -> None:
    """Windows, doors, curtains, framed prints."""
    frame = s.material(textures.WOODEN, 0.4)
    for _ in range(s.pick(0, 5)):
        side = s.pick(-1, 1)
        if side == 0:
            f = _wall(s, s.uniform(-0.85, 0.85) * w, 2 * length, 0.0)
        else:
            f = _wall(s, side * w, s.uniform(z, 2 * length), side * math.pi / 2)
        style = s.pick(0, 3)
        if style == 0:
            high, wide, y = s.uniform(0.4, 0.8), s.uniform(0.3, 0.9), -s.uniform(1.3, 1.6)
            pane = s.material(
                (*textures.GLAZED, *textures.GRAINY), 2.0, np.array([0.7, 0.8, 0.9]), glow=s.uniform(0.5, 3.0)
            )
            f.box((0, y, 0), (wide, high, 0.02), pane)
            for x in (-wide, 0, wide):
                f.box((x, y, -0.02), (0.03, high, 0.04), frame)
            for level in (-high, high):
                f.box((0, y + level, -0.02), (wide, 0.03, 0.05), frame)
            if s.chance(0.5):
                cloth = s.material(textures.WOVEN, 0.4)
                for x in (-1, 1):
                    for fold in range(5):
                        f.cylinder((x * (wide + 0.05 + 0.07 * fold), y + 0.1, -0.1), 0.045, high + 0.2, cloth)
        elif style == 1:
            f.box((0, -1.02, 0), (0.45, 1.02, 0.03), s.material(textures.WOODEN, 0.8))
            for x in (-0.5, 0.5):
                f.box((x, -1.05, -0.02), (0.05, 1.05, 0.05), frame)
        else:
            f.box(
                (0, -s.uniform(1.3, 1.8), -0.01),
                (s.uniform(0.1, 0.6), s.uniform(0.1, 0.45), 0.02),
                s.material(textures.PRINTED, 0.8),
            )


# ---- Table tops ----


def _table(s: Layout, facts: SceneFacts) -> None:
    floor, room = s.uniform(0.6, 1.0), s.uniform(1.2, 3.5)
    w, d = s.uniform(0.35, 1.2), s.uniform(0.25, 0.6)
    back = d + (s.uniform(0.0, 0.1) if s.chance(0.35) else s.uniform(0.2, 3.0))
    s.shell((0, floor - 1.4, back - room), (room, 1.4, room), turn_y(s.uniform(-0.2, 0.2)))
    _interior(s, 2.0)
    s.ground = floor
    s.lamp = (s.uniform(-1.2, 1.2), -s.uniform(0.6, 1.6), s.uniform(-1.2, 0.8), 1.0) if s.lamp[3] else s.lamp
    turn = s.uniform(-0.5, 0.5)
    top = s.material(
        (*textures.WOODEN, *textures.GRAINY, *textures.WOVEN), s.uniform(0.3, 1.2), contrast=0.6, gloss=0.4
    )
    f = s.at(0, 0, 0, turn)
    thick = s.uniform(0.01, 0.04)
    if s.chance(0.2):
        w = d = max(w, d) * 0.75
        f.cylinder((0, thick, 0), w, thick, top)
        f.cylinder((0, floor / 2, 0), 0.06, floor / 2, top)
    elif s.chance(0.7):
        f.box((0, thick, 0), (w, thick, d), top)
        for x in (-0.9, 0.9):
            for z in (-0.9, 0.9):
                f.box((x * w, floor / 2, z * d), (0.03, floor / 2, 0.03), top)
    else:
        f.box((0, thick, 0), (w, thick, d), top)
        f.box((0, floor / 2 + thick, 0), (w * 0.97, floor / 2, d * 0.97), s.material(textures.WOODEN, 0.5))
    s.fov = math.radians(s.uniform(40, 80))
    s.clearance = 0.05
    distance = s.uniform(0.45, 1.5)
    pitch = math.radians(s.rng.choice([s.uniform(8, 35), s.uniform(25, 60), s.uniform(55, 90)]))
    yaw = s.uniform(-0.7, 0.7)
    target = np.array([s.uniform(-0.3, 0.3) * w, -0.05, s.uniform(-0.4, 0.4) * d])
    back_off = np.array([-math.sin(yaw) * math.cos(pitch), -math.sin(pitch), -math.cos(yaw) * math.cos(pitch)])
    s.look(target + distance * back_off, yaw, pitch, s.rng.normal(0, 0.06))
    style = s.rng.random()
    if style < 0.15:  # a bin, seen from above or aside
        side = min(w, d)
        things.box_of_things(
            f.at(0, 0, 0, s.uniform(-0.5, 0.5)),
            None,
            s.uniform(0.5, 0.95) * side,
            s.uniform(0.5, 0.95) * side,
            s.uniform(0.08, 0.25),
            s.pick(5, 30),
        )
    elif style < 0.3:
        things.screen(f.at(s.uniform(-0.4, 0.4) * w, 0, s.uniform(0.2, 0.8) * d, s.uniform(-0.4, 0.4)), None)
        things.keyboard(f.at(s.uniform(-0.2, 0.2) * w, 0, s.uniform(-0.4, 0.1) * d, s.uniform(-0.2, 0.2)), None)
    elif style < 0.36:
        shelf = s.material(textures.WOODEN, 0.5)
        f.box((0, -0.45, d), (w, 0.45, 0.02), shelf)
        for level in (0.25, 0.55):
            f.box((0, -level, d - 0.12), (w, 0.012, 0.12), shelf)
            things.row(f.at(0, -level - 0.012, d - 0.12), 0.9 * w, 0.1, 0.22)
    _lay(s, f, facts.objects, min(w, 0.5), min(d, 0.35))
    things.clutter(f, min(w, 0.8), d, s.pick(0, 6) if s.chance(0.4) else s.pick(5, 24))
    for _ in range(s.pick(0, 4)):  # the room behind and around
        x, z = s.uniform(-1, 1) * room, s.uniform(-0.5, 1.0) * max(back - 0.3, d + 0.3)
        if abs(x) > w + 0.4 or z > d + 0.3:
            things.FURNITURE[s.pick(0, len(things.FURNITURE) - 1)](s.at(x, floor, z, s.uniform(-3, 3)), None)
    if s.chance(0.3):
        things.chair(s.at(s.uniform(-1, 1) * w, floor, d + s.uniform(0.1, 0.4), s.uniform(-0.4, 0.4)), None)
    if s.chance(0.5):
        for _ in range(s.pick(1, 3)):
            poster = s.material(textures.PRINTED, 0.6)
            s.at(s.uniform(-1, 1), 0, back).box(
                (0, -s.uniform(0.1, 0.9), -0.01), (s.uniform(0.1, 0.5), s.uniform(0.1, 0.4), 0.01), poster
            )


# ---- Outdoors ----


def _street(s: Layout, facts: SceneFacts) -> None:
    length = s.uniform(60.0, 140.0)
    s.shell((0, -60.0, length - 12.0), (140.0, 60.0, length))
    s.sky = [True, True, True, False, True, True]
    ground = s.rng.choice(["road", "road", "road", "grass", "paved"])
    grey = np.array([0.16, 0.16, 0.17]) * s.uniform(0.4, 2.0)
    green = np.array([0.1, 0.16, 0.04]) * s.uniform(0.5, 1.8)
    side = s.material(
        (*textures.TILED, *textures.GRAINY), 1.5, None if s.chance(0.5) else (green if s.chance(0.5) else grey), 0.5
    )
    s.shell_material[:] = side
    s.lamp = (*_direction(s, 0.35), 0.0)
    _light(s, s.uniform(0.25, 0.85), haze=s.uniform(0.0, 0.01) if s.chance(0.25) else 0.0, outside=True)
    s.fov = math.radians(s.uniform(40, 95))
    s.clearance = 0.9
    half = math.exp(s.uniform(math.log(2.0), math.log(11.0)))
    eye = s.uniform(1.1, 2.0) if s.chance(0.8) else s.uniform(0.4, 3.5)
    x = s.uniform(-0.6, 0.6) * half
    s.look(np.array([x, -eye, 0.0]), s.rng.normal(0, 0.15), math.radians(s.rng.normal(2, 5)), s.rng.normal(0, 0.02))
    # The road itself, its markings, kerbs and pavements.
    colour = {"road": grey, "grass": green, "paved": None}[str(ground)]
    road = s.material(
        textures.GRAINY if ground != "paved" else textures.TILED, s.uniform(0.5, 4), colour, 0.4, gloss=0.1
    )
    bend = s.at(0, 0, 0, s.rng.normal(0, 0.03))
    bend.box((0, -0.01, length - 4), (half, 0.01, length), road)
    if s.chance(0.6):
        white = s.material(textures.GRAINY, 0.5, np.array([0.7, 0.7, 0.65]))
        lane = s.rng.choice([0.0, half / 3])
        for i in range(s.pick(6, 16)):
            bend.box((lane, -0.022, 1.5 + i * s.uniform(3.0, 5.0)), (0.06, 0.004, s.uniform(0.8, 1.5)), white)
        if s.chance(0.5):
            for edge in (-1, 1):
                bend.box((edge * (half - 0.3), -0.022, length - 4), (0.06, 0.004, length), white)
        if s.chance(0.2):
            for i in range(8):
                bend.box(((i - 3.5) * half / 4, -0.022, s.uniform(5, 14)), (half / 12, 0.004, 1.4), white)
    if s.chance(0.7):
        kerb = s.material((*textures.TILED, *textures.GRAINY), 1.0)
        for edge in (-1, 1):
            bend.box((edge * (half + 1.5), -0.06, length - 4), (1.5, 0.07, length), kerb)
    _stand(s, facts.objects, near=3.5, far=30.0, spread=half + 1.0)
    for edge in (-1, 1):
        _roadside(s, bend, edge, half)
    for _ in range(s.pick(0, 4)):
        things.car(
            bend.at(
                s.uniform(-0.8, 0.8) * half, 0, s.uniform(6, 45), s.rng.choice([0.0, math.pi]) + s.rng.normal(0, 0.1)
            ),
            None,
        )
    for _ in range(s.pick(0, 5)):
        things.person(bend.at(s.uniform(-1.3, 1.3) * half, 0, s.uniform(3, 25), s.uniform(-3, 3)), None)
    if s.chance(0.5):  # what closes the view
        z = s.uniform(25, 110)
        for _ in range(s.pick(1, 6)):
            if s.chance(0.5):
                things.house(
                    s.at(s.rng.normal(0, 20), 0, z + s.uniform(0, 20)), s.uniform(3, 15), s.uniform(2, 12), 3.0
                )
            else:
                things.tree(s.at(s.rng.normal(0, 15), 0, z, 0, s.uniform(1, 2.5)), None)
    if s.chance(0.5):
        hill = s.material(textures.LEAFY, 8.0, green, 0.6)
        s.at(s.rng.normal(0, 60), 0, 130).ball((0, 0, 0), (s.uniform(60, 150), s.uniform(4, 25), 30), hill)


def _roadside(s: Layout, bend: Frame, edge: int, half: float) -> None:
    """Houses, parked cars, trees, fences, poles and people along one side."""
    setback = half + s.uniform(0.0, 3.5) if s.chance(0.7) else half + s.uniform(3.0, 15.0)
    built, parked, planted = s.rng.random(), s.rng.random() ** 2, s.rng.random() ** 2
    facing = -edge * math.pi / 2  # its front, -z, looks at the road
    z = s.uniform(-4.0, 4.0)
    tall = s.uniform(2.5, 9.0)
    while z < 90 and len(s.kinds) < 230:
        along, deep = s.uniform(3.0, 12.0), s.uniform(2.0, 5.0)
        if s.chance(built):
            things.house(
                bend.at(edge * (setback + deep + s.uniform(0, 1.5)), 0, z + along, -facing),
                along,
                tall * s.uniform(0.6, 1.4) / 2,
                deep,
            )
        elif s.chance(0.5):
            for _ in range(s.pick(1, 3)):
                things.tree(
                    bend.at(edge * (setback + s.uniform(0, 8)), 0, z + s.uniform(0, 2) * along, 0, s.uniform(0.8, 2.0)),
                    None,
                )
        z += 2 * along + (s.uniform(0, 1) if s.chance(0.6) else s.uniform(1, 10))
    z = s.uniform(2.0, 8.0)
    while z < 50 and len(s.kinds) < 300:
        if s.chance(parked):
            things.car(bend.at(edge * (half - s.uniform(0.6, 1.2)), 0, z, s.rng.choice([0.0, math.pi])), None)
        z += s.uniform(5.0, 7.0)
    for _ in range(s.pick(0, 6)):
        things.pole(bend.at(edge * (half + s.uniform(0.3, 1.0)), 0, s.uniform(3, 50), s.uniform(-0.4, 0.4)), None)
    for _ in range(s.pick(0, int(1 + 7 * planted))):
        build = things.tree if s.chance(0.6) else things.bush
        build(bend.at(edge * (half + s.uniform(0.5, 3.0)), 0, s.uniform(2.5, 45)), None)
    if s.chance(0.3):
        length = s.uniform(3, 12)
        things.fence(bend.at(edge * (half + s.uniform(0.5, 2.5)), 0, s.uniform(1, 12) + length, math.pi / 2), length)


# ---- Tubes ----


def _tube(s: Layout, facts: SceneFacts) -> None:
    length, squash = s.uniform(1.5, 9.0), s.uniform(0.8, 1.0)
    bend = turn_y(s.uniform(-0.25, 0.25)) @ turn_x(math.pi / 2 + s.uniform(-0.25, 0.25))
    s.shell(bend @ np.array([0.0, length - 0.5, 0.0]), (1.0, length, squash), bend, is_round=True)
    tissue = np.array([0.5, 0.18, 0.13]) * s.uniform(0.5, 1.4) if s.chance(0.5) else None
    s.shell_material[:] = s.material((*textures.GRAINY, *textures.WALLED), s.uniform(0.4, 2.0), tissue, gloss=0.6)
    s.fov = math.radians(s.uniform(60, 110))
    s.look(
        np.array([s.uniform(-0.4, 0.4), s.uniform(-0.35, 0.35), 0.0]),
        s.uniform(-0.35, 0.35),
        s.uniform(-0.35, 0.35),
        s.uniform(-0.3, 0.3),
    )
    s.lamp = (*s.position, 1.0)
    _light(s, s.uniform(0.05, 0.4))
    s.light.headlight = s.uniform(0.5, 1.0)
    f = Frame(s, np.zeros(3), bend)
    if s.chance(0.5):  # rings: folds, joints
        ring, z = s.material(textures.GRAINY, 0.5, tissue), s.uniform(0.5, 1.5)
        while z < 1.8 * length and len(s.kinds) < 120:
            for k in range(10):
                angle = 2 * math.pi * k / 10
                place = (1.02 * math.cos(angle), z, 1.02 * squash * math.sin(angle))
                f.ball(
                    place,
                    (0.33, s.uniform(0.06, 0.12), s.uniform(0.1, 0.22)),
                    ring,
                    turn_y(math.pi / 2 - angle),
                )
            z += s.uniform(0.6, 1.6)
    bumps: list[ObjectFact | None] = [o for o in facts.objects for _ in range(o.count)]
    bumps += [None] * s.pick(2, 8)
    for thing in bumps:  # polyps, stones: half sunk into the wall
        angle, z, r = s.uniform(0, 2 * math.pi), s.uniform(0.6, min(6.0, 1.8 * length)), s.uniform(0.06, 0.3)
        place = (0.95 * math.cos(angle), z, 0.95 * squash * math.sin(angle))
        extent = tuple(r * s.rng.uniform(0.6, 1.3, 3))
        m = s.material(textures.GRAINY, 0.4, tissue if thing is None else named_colour(thing), gloss=0.6)
        solid = f.box if thing is not None and thing.shape == "box" else f.ball
        solid(place, extent, m, turn_y(s.uniform(-1, 1)))


_BUILDERS: dict[str, Callable[[Layout, SceneFacts], None]] = {
    "room": _room,
    "corridor": _corridor,
    "street": _street,
    "table": _table,
    "tube": _tube,
}


# ---- What all share ----


def _light(s: Layout, ambient: float, *, haze: float = 0.0, corners: float = 0.0, outside: bool = False) -> None:
    warmth = np.array([1.0, s.uniform(0.8, 1.0), s.uniform(0.6, 1.0)]) if s.chance(0.7) else np.ones(3)
    zenith = np.array([0.35, 0.5, 0.85]) * s.uniform(0.6, 2.0) if s.chance(0.6) else np.full(3, s.uniform(0.6, 2.2))
    horizon = 0.5 * zenith + np.full(3, s.uniform(0.2, 0.6))
    sky = np.stack((zenith, horizon)) if outside else np.stack((np.full(3, 0.8), np.full(3, 0.6)))
    clouds = s.uniform(0.2, 1.0) if s.chance(0.6) else 0.0
    s.light = Light(
        ambient, 0.0, haze, sky.astype(np.float32), warmth.astype(np.float32), corners, clouds, s.pick(5, 9)
    )


def _direction(s: Layout, lowest: float) -> tuple[float, float, float]:
    """A unit vector towards the sun, at least `lowest` high."""
    up, turn = s.uniform(lowest, 1.0), s.uniform(0, 2 * math.pi)
    flat = math.sqrt(1 - up * up)
    return flat * math.cos(turn), -up, flat * math.sin(turn)


def _wall(s: Layout, x: float, z: float, yaw: float) -> Frame:
    """A frame on the floor of the shell, whose -z looks into it."""
    base = s.shell_turn @ np.array([x, 0.0, z - s.shell_centre[2]])
    return Frame(s, base + np.array([s.shell_centre[0], 0.0, s.shell_centre[2]]), s.shell_turn @ turn_y(yaw))


def _ahead(
    s: Layout,
    build: things.Builder,
    distance: float,
    spread: float,
    colour: Array | None = None,
    side: float | None = None,
) -> None:
    """Builds a thing at a distance within the view, at `side` (-1 left .. 1 right) of it."""
    yaw = math.atan2(s.rotation[0, 2], s.rotation[2, 2])
    angle = yaw + 0.5 * s.fov * (s.uniform(-0.9, 0.9) if side is None else side)
    x = float(np.clip(s.position[0] + distance * math.sin(angle), -spread, spread))
    build(s.at(x, 0, s.position[2] + distance * math.cos(angle), s.uniform(-3.1, 3.1)), colour)


_SIDES = {"left": (-0.85, -0.25), "centre": (-0.2, 0.2), "right": (0.25, 0.85)}


def _stand(s: Layout, objects: tuple[ObjectFact, ...], *, near: float, far: float, spread: float) -> None:
    """Stands the objects on the floor in front of the camera, left, right or in the middle as the facts say."""
    for thing in objects:
        build = things.named(thing.name) or _plain(thing)
        for _ in range(thing.count):
            distance = math.exp(s.uniform(math.log(near), math.log(max(far, near * 1.1))))
            _ahead(s, build, distance, spread, named_colour(thing), s.uniform(*_SIDES[thing.position]))


def _lay(s: Layout, f: Frame, objects: tuple[ObjectFact, ...], w: float, d: float) -> None:
    """Lays the objects on the table top."""
    for thing in objects:
        build = things.named(thing.name)
        if build is None or build not in things.SMALL:
            build = things.carton if thing.shape == "box" else things.ball if thing.shape == "sphere" else things.can
        for _ in range(thing.count):
            place = f.at(
                w * s.uniform(*_SIDES[thing.position]),
                0,
                s.uniform(-0.9, 0.9) * d,
                s.uniform(-3, 3),
                s.uniform(0.8, 1.5),
            )
            build(place, named_colour(thing))


def _plain(thing: ObjectFact) -> things.Builder:
    """A thing that is only known to be a box, a ball or a cylinder."""

    def build(f: Frame, colour: Array | None) -> None:
        s = f.layout
        extent = 0.3 * np.exp(0.4 * s.rng.standard_normal(3))
        m = s.material(period=0.5, colour=colour)
        if thing.shape == "box":
            f.box((0, -extent[1], 0), tuple(extent), m)
        elif thing.shape == "sphere":
            f.ball((0, -extent[0], 0), (extent[0],) * 3, m)
        else:
            f.cylinder((0, -2 * extent[1], 0), 0.6 * extent[0], 2 * extent[1], m)

    return build


def named_colour(thing: ObjectFact) -> Array | None:
    return None if thing.colour is None else np.array(COLOURS[thing.colour])
