"""Sentences from strangers: how they are cleaned, what reads as one, and files of them."""

from __future__ import annotations

import html
import os
import random
import subprocess
import sys
import time

import ftfy
import pytest

from tr2m_core.description import (
    check_description,
    clean_description,
    description_for_all,
    descriptions_for,
    why_no_description,
)
from tr2m_core.errors import InputError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A small office with two desks.", "A small office with two desks."),
        ("A desk \ud83d with a lamp.", "A desk with a lamp."),  # half of an emoji
        ("\ufeffA\u00a0work\u00adbench,\u200b with\ttools.\r\n", "A workbench, with tools."),
        (
            "A\x00desk\x1b[31m \x85and\u2028a\x0cchair",
            "A desk …and a chair",
        ),  # no code of a colour; U+0085 as Windows meant it
        ("desk \u202egnidliub\u2066\u061c", "desk gnidliub"),
        ("می\u200cروم 👩\u200d🍳", "می\u200cروم 👩\u200d🍳"),  # joiners spell
        ("Ein Büro \u2013 日本の部屋 e\u0301 ❤\ufe0f", "Ein Büro \u2013 日本の部屋 é ❤\ufe0f"),
        ("A desk \ud83d\udc53.", "A desk 👓."),  # both halves
    ],
)
def test_sentences_are_cleaned(text, wanted):
    assert clean_description(text) == check_description(text) == wanted
    assert clean_description(wanted) == wanted


# As CLIP's reference cleans them, in full.
AS_CLIP = {
    "A desk &amp; a chair.": "A desk & a chair.",
    "A desk &amp;amp; a chair.": "A desk & a chair.",
    "A &lt;small&gt; desk": "A <small> desk",
    "<b>A desk</b> &amp; more": "<b>A desk</b> & more",
    "A desk&#39;s edge": "A desk's edge",
    "A desk&#x2019;s edge": "A desk's edge",
    "Ｔｗｏ　ｄｅｓｋｓ．": "Two desks.",  # noqa: RUF001
    "ｱｲｳ in a room": "アイウ in a room",
    "An oﬃce with a ﬂoor and a ﬁsh": "An office with a floor and a fish",
    "A \u201csmall\u201d desk": 'A "small" desk',
    "A desk\u2019s edge": "A desk's edge",
    "A \u201elow\u201c desk": 'A "low" desk',
    "CafÃ© with two chairs": "Café with two chairs",
    "A deskâ\x80\x99s edge": "A desk's edge",
    "âœ” a desk": "✔ a desk",
    "Cafe\u0301 with chairs": "Café with chairs",
    "\x1b[1mA desk\x1b[0m": "A desk",
    "A desk\r\nand\u2029a chair": "A desk and a chair",
    "A\u00a0desk": "A desk",
    "\ufeffA desk": "A desk",
    "小さなオフィスに机が二つある。": "小さなオフィスに机が二つある。",
    "โต๊ะสองตัวในห้อง": "โต๊ะสองตัวในห้อง",
    "Ein Büro, drei Stühle \u2013 hell": "Ein Büro, drei Stühle \u2013 hell",
    "👩\u200d🍳 in a kitchen ❤\ufe0f": "👩\u200d🍳 in a kitchen ❤\ufe0f",
    "AT&T desk, R&D": "AT&T desk, R&D",
    "A desk, 3 × 2 m": "A desk, 3 × 2 m",  # noqa: RUF001
    "A desk &copy; me": "A desk © me",
    "½ of a desk…": "½ of a desk…",
    "&quot;A desk&quot;": '"A desk"',
}
# Where more is done than that: what does not show is dropped, and no words are joined. The reference, then ours.
BEYOND_CLIP = {
    "A work\u00adbench": ("A work\u00adbench", "A workbench"),
    "A desk\u200b.": ("A desk\u200b.", "A desk."),
    "A\x00desk": ("Adesk", "A desk"),
    "A desk \u202eknalb": ("A desk \u202eknalb", "A desk knalb"),
    "A desk \ud83d.": ("A desk \ufffd.", "A desk ."),
    "<b>A desk</b> &amp;amp;amp; a chair": (
        "<b>A desk</b> &amp; a chair",
        "<b>A desk</b> & a chair",
    ),  # clean stays clean
}


def as_clip(text):
    """The reference's formula."""
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())


@pytest.mark.parametrize(("text", "wanted"), AS_CLIP.items())
def test_sentences_are_cleaned_as_clip_does(text, wanted):
    assert clean_description(text) == as_clip(text) == wanted
    assert clean_description(wanted) == wanted


@pytest.mark.parametrize(("text", "both"), BEYOND_CLIP.items())
def test_what_is_cleaned_beyond_clip(text, both):
    reference, wanted = both
    assert (as_clip(text), clean_description(text)) == both
    assert reference != wanted and clean_description(wanted) == wanted


def test_what_is_clean_stays_as_it_is():
    pieces = [
        "A desk ",
        "&amp;",
        "amp;",
        "&#38;",
        "lt;",
        "<",
        "not",
        "\u200b",
        "\u00ad",
        "Ã",
        "©",
        "â",
        "€",
        "œ",
        "\x80",
        "\x99",
    ]
    pieces += [
        "\uff26",
        "\uff06",
        "\uff1b",
        "\ufb01",
        "\u201c",
        "\u0301",
        "\u1112",
        "\u1161",
        "\x1b[1m",
        "\n",
        "\ud83d",
        "\x00",
    ]
    chance = random.Random(1)
    for _ in range(2000):
        description = clean_description("".join(chance.choices(pieces, k=6)))
        assert clean_description(description) == description


@pytest.mark.parametrize("escape", ["amp;", "#38;", "#x026;", "AMP;"])
def test_entities_escaped_without_end_take_no_time(escape):
    started = time.monotonic()
    assert clean_description(f"é &{escape * 20_000}lt; 3") == "é < 3"  # minutes, level by level
    assert time.monotonic() - started < 10


def test_plain_sentences_do_not_wait_for_the_library():
    code = (
        "import sys; from tr2m_core.description import clean_description;"
        "clean_description('A desk.'); print('ftfy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"]


def test_what_a_text_is_does_not_depend_on_entities():
    assert why_no_description("&lt;robot name='arm'&gt; has two desks") is None
    assert why_no_description("A desk &amp; a chair") is None
    assert why_no_description("<robot name='a &amp; b'/>") == "XML"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "&nbsp;&shy;",
        " \t\n",
        "\u200b",
        "\ufeff",
        "\u00ad\u2060",
        "\ufe0f\u034f",
        "\u3164 \u2800",
        "\ud83d",
        "\u200d\u200c",
        "\x00\x1b",
        "\u0301",
    ],
)
def test_what_shows_nothing_is_empty(text):
    assert clean_description(text) == ""
    for read in (check_description, description_for_all, lambda text: descriptions_for(text, 2)):
        with pytest.raises(InputError, match="the scene description is empty"):
            read(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("A desk.", None),
        ("a photo of 2 desks/chairs in room 3.14", None),
        ("Scene: a small office with two desks.", None),
        ("A desk: two mugs", None),
        ("A small office\nwith two desks", None),
        ("The scene contains:\n- two desks\n- a chair", None),
        ("小さなオフィスに机が二つある。", None),
        ("\ufeff \n<?xml version='1.0'?><robot name='a robot arm'/>", "XML"),
        ("<sdf version='1.7'><model name='a'/></sdf>", "XML"),
        ('{"objects": ["a small desk", "a chair"]}', "JSON"),
        ('[{"a": "b c"}]', "JSON"),
        ("mode: automatic driving\nstate: all is well\n", "YAML"),
        ("---\n- a small desk\n- two chairs\n", "YAML"),
        ("battery=87%", "YAML"),
        ("IDLE", "a single word"),
        ("NAVIGATING_TO_GOAL", "a single word"),
        ("1.0 2.5 3.25 x", "numbers"),
        ("word " * 1000, "4999 characters"),
        ("\u200b", "nothing"),
    ],
)
def test_what_reads_as_a_sentence(text, what):
    assert why_no_description(text) == what


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "senteces.txt",
        "Sentences.TXT",
        "texts/sentences",
        "./sentences",
        "../texts",
        "~/sentences.md",
        "/nowhere/at all/a b.txt",
        "C:\\texts\\a.txt",
        "texts\\a",
        "my sentences.txt",
        "photo.jpg",
        "indoor/outdoor",
        "@sentences.txt",
    ],
)
def test_names_of_files_that_are_not_there(folder, text):
    for read in (description_for_all, lambda text: descriptions_for(text, 1)):
        with pytest.raises(InputError, match="looks like a file, and there is none; give a text file that is there"):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "A desk.",
        "office",
        "Büro.",
        "A kitchen/living room.",
        "A screen that shows notes.txt",
        "A room of 3.5 x 4/2 m",
        "An office, w/o windows.",
        "小さな部屋/書斎",
        "no",
        "A C:\\ prompt on a screen",
        "~ 3 m wide room",
        "...a desk",
        "A wall that says open www.example.com/index.html",
        "x" * 300,
        "Hall (approx. 20m/30m).",
    ],
)
def test_sentences_are_no_files(folder, text):
    assert description_for_all(text) == text
    assert descriptions_for(text, 2) == [text, text]


def test_a_folder_is_no_sentence(folder):
    (folder / "office").mkdir()
    for text in ("office", ".", str(folder)):
        with pytest.raises(InputError, match=r"is a folder; give a text file .* or the sentence itself"):
            descriptions_for(text, 1)


def test_one_line_for_all(folder, monkeypatch):
    (folder / "one.txt").write_text("A desk.\n\n")
    (folder / "two.txt").write_text("A desk.\nA chair.\n")
    monkeypatch.setenv("HOME", str(folder))
    assert description_for_all("one.txt") == description_for_all("~/one.txt") == "A desk."
    with pytest.raises(InputError, match=r"two\.txt: 2 lines; one sentence for all is needed here"):
        description_for_all("two.txt")


@pytest.mark.parametrize(
    "data",
    [
        b"A desk.\nB\xc3\xbcro.\n",
        b"\xef\xbb\xbfA desk.\r\nB\xc3\xbcro.\r\n\r\n",
        b"A desk.\rB\xc3\xbcro.\r",
        b"A desk.\nB\xc3\xbcro.",
        b"A\x0cdesk.\n \x1cB\xc3\xbcro.\n \n\t\n\xe2\x80\x8b\n",
        "A\u2028desk.\nBüro.\n".encode(),
        "A desk.\r\nBüro.\r\n".encode("utf-16"),
        b"\xfe\xff" + "A desk.\nBüro.\n".encode("utf-16-be"),
        "A desk.\nBüro.\n".encode("utf-32"),
    ],
)
def test_lines_of_files_as_editors_leave_them(folder, data):
    (folder / "a.txt").write_bytes(data)
    assert descriptions_for("a.txt", 2) == ["A desk.", "Büro."]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"A desk.\n\nA chair.\n", "a.txt: line 2: the scene description is empty"),
        (b"A desk.\r\n\xe2\x80\x8b\r\nA chair.", "a.txt: line 2: the scene description is empty"),
        (b"A desk.\n" + b"x" * 3000, "a.txt: line 2: the scene description has 3000 characters"),
        (b"A desk.\nB\xfcro.\n", "a.txt: not a readable text file: line 2: byte 0xfc is not UTF-8; save it as UTF-8"),
        (b"\x93A desk.\x94\n", "a.txt: not a readable text file: line 1: byte 0x93 is not UTF-8"),
        ("A desk.\n".encode("utf-16-le"), "a.txt: not a readable text file: line 1: a zero byte; save it as UTF-8"),
        (b"\xff\xfeA\x00\x00", "a.txt: not a readable text file: line 1: byte 0x00 is not UTF-16"),
        (b"\x89PNG\r\n\x1a\n", "a.txt: not a readable text file: line 1: byte 0x89 is not UTF-8"),
        (b"", "a.txt: 0 lines for 2 images"),
        (b"\n\n", "a.txt: 0 lines for 2 images"),
        (b"A desk.\n\n\n", "a.txt: 1 lines for 2 images"),
    ],
)
def test_files_that_are_no_sentences(folder, data, words):
    (folder / "a.txt").write_bytes(data)
    with pytest.raises(InputError) as error:
        descriptions_for("a.txt", 2)
    assert str(error.value).startswith(words)


def test_endless_files_and_pipes(folder, monkeypatch):
    monkeypatch.setattr("tr2m_core.text_files.MAX_BYTES", 1000)
    with pytest.raises(InputError, match="/dev/zero: not a text file: more than 1,000 bytes"):
        description_for_all("/dev/zero")
    read, write = os.pipe()
    os.write(write, b"A desk.\n")
    os.close(write)
    assert description_for_all(f"/dev/fd/{read}") == "A desk."  # as the shell's <(...) names it
    os.close(read)
