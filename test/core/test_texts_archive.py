"""The archive of the authors' texts: what is taken out of it, and archives that cannot be."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from tr2m_core.data.texts_archive import check_archive, extract_texts
from tr2m_core.errors import InputError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOP = f"TR2M-{COMMIT}/"
NYU = "data_splits/nyudepthv2/nyudepthv2_test_files_with_gt.txt"


def pack(path, files, commit=COMMIT, top=TOP):
    """A .tar.gz as git makes it: the commit in a header, everything in one folder."""
    headers = {"comment": commit} if commit else {}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        for name, content in files.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(f"{top}{name}")
            if isinstance(content, bytes):
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


def link(name, target):
    member = tarfile.TarInfo(f"{TOP}{name}")
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("top", [TOP, ""])
def test_splits_and_captions_are_taken_and_nothing_else(tmp_path, top):
    texts = {NYU: b"a.jpg a.png\n", "text/text_all/nyu/test/a.txt": b"A hall.\n"}
    others = {
        "weights/da_s_vitl_vitl.pth": b"x",
        "options.py": b"x",
        "text/notes.txt": b"x",
        "data_splits/run.sh": b"x",
    }
    archive = pack(tmp_path / "a.tar.gz", texts | others, top=top)
    check_archive(archive, COMMIT)
    assert extract_texts(archive, tmp_path / "out") == sorted(texts)
    assert tree(tmp_path / "out") == texts


def test_nothing_leads_out_of_the_folder(tmp_path):
    bad = {
        f"{TOP}data_splits/../../../out.txt": b"x",
        "/etc/data_splits/absolute.txt": b"x",
        "link": link("data_splits/link.txt", "/etc/passwd"),
    }
    archive = pack(tmp_path / "a.tar.gz", {TOP + NYU: b"x"} | bad, top="")
    assert extract_texts(archive, tmp_path / "out" / "texts") == [NYU]
    assert set(tree(tmp_path / "out")) == {f"texts/{NYU}"}


def test_files_that_are_there_are_replaced(tmp_path):
    (tmp_path / "out" / NYU).parent.mkdir(parents=True)
    (tmp_path / "out" / NYU).write_text("old, and longer")
    extract_texts(pack(tmp_path / "a.tar.gz", {NYU: b"new"}), tmp_path / "out")
    assert tree(tmp_path / "out") == {NYU: b"new"}


def cut(data):
    return data[: len(data) // 2]


def cut_within(data):
    """Whole as gzip, ended within the file."""
    return gzip.compress(gzip.decompress(data)[:2000])


@pytest.mark.parametrize("damage", [cut, cut_within, lambda data: b"", lambda data: b"A page.", gzip.decompress])
def test_archives_that_are_not_whole(tmp_path, damage):
    archive = pack(tmp_path / "a.tar.gz", {NYU: bytes(range(256)) * 40})
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(InputError, match=r"not an archive \(\.tar\.gz\) that can be read to its end"):
        check_archive(archive, None)


def test_archives_of_something_else(tmp_path):
    with pytest.raises(InputError, match="no text file below data_splits/ or text/text_all/ in it"):
        check_archive(pack(tmp_path / "a.tar.gz", {"README.md": b"x"}), None)
    for commit in (None, "f" * 40):
        archive = pack(tmp_path / "a.tar.gz", {NYU: b"x"}, commit=commit)
        with pytest.raises(InputError, match=f"it is of commit {commit}, not of {COMMIT}"):
            check_archive(archive, COMMIT)
        check_archive(archive, None)


def test_no_file_may_be_larger_than_texts_are(tmp_path, monkeypatch):
    archive = pack(tmp_path / "a.tar.gz", {NYU: b"x" * 101})
    monkeypatch.setattr("tr2m_core.data.texts_archive.MAX_BYTES", 100)
    with pytest.raises(InputError, match="101 bytes is no text of a data set"):
        check_archive(archive, None)
