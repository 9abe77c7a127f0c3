"""`tr2m download texts` against a local server, and what `evaluate` and `train` find afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from hub_server import Server
from tiny_datasets import write_ibims, write_nyu

from tr2m_core.cli.main import main
from tr2m_core.data.texts_archive import COMMIT, URL
from tr2m_core.weights.ledger import recorded_files

NYU_SPLIT = "data_splits/nyudepthv2/nyudepthv2_{}_files_with_gt.txt"
IBIMS = "text/text_all/ibims1/ibims1_all.txt"


def packed(files, commit=COMMIT):
    """As GitHub packs a repository."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"TR2M-{commit}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture
def data(tmp_path):
    """NYUv2 and iBims-1, whose own texts lie elsewhere."""
    return write_nyu(tmp_path / "nyu"), write_ibims(tmp_path / "ibims", ("office_07", "corridor_01"))


@pytest.fixture
def texts(data):
    """What the authors' repository has of the two."""
    nyu, _ = data
    files = {NYU_SPLIT.format(part): Path(nyu.split).read_bytes() for part in ("train", "test")}
    for number in range(2):
        for part, words in (("train", b"In training"), ("test", b"In tests")):
            name = f"text/text_all/nyu/{part}/kitchen_0028b/rgb_{number:05d}.txt"
            files[name] = b"%s, kitchen %d.\nAnother.\n" % (words, number)
    return files | {IBIMS: b"An office.\nA corridor.\n"}


@pytest.fixture
def server(texts):
    server = Server()
    server.files["/texts.tar.gz"] = packed(texts | {"options.py": b"code", "weights/da_s_vitl_vitl.pth": b"weights"})
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def download(server, home, capsys):
    """Runs `tr2m download texts` from the local server; returns exit code, stdout, stderr and requests."""

    def run(*arguments, url=f"{server.url}/texts.tar.gz"):
        before = len(server.requests)
        given = ["--texts-url", url] if url else []
        code = main(["download", "texts", *given, *map(str, arguments)])
        return code, *capsys.readouterr(), len(server.requests) - before

    return run


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_texts_are_fetched_recorded_and_checked(download, server, home, texts):
    code, out, err, requests = download()
    assert (code, requests) == (0, 1)
    assert tree(home / "texts") == texts
    assert f"{server.url}/texts.tar.gz: licence: none stated by its authors" in err
    rows = [line.split() for line in out.splitlines()[2:]]
    assert ["nyu", "test", NYU_SPLIT.format("test"), "2", "files"] in rows
    assert ["ibims", "test", "-", "2", "lines"] in rows and ["hypersim", "test", "-", "-"] in rows
    assert "7 files fetched" in out.splitlines()[-1]
    record = json.loads((home / "texts.json").read_text())
    entries = {entry["file"]: entry for entry in record["files"]}
    assert set(entries) == set(texts)
    assert entries[IBIMS]["size"] == len(texts[IBIMS])
    assert entries[IBIMS]["sha256"] == hashlib.sha256(texts[IBIMS]).hexdigest()
    assert entries[IBIMS]["revision"] == COMMIT and entries[IBIMS]["source"] == f"{server.url}/texts.tar.gz"
    assert str(home / "texts" / IBIMS) in recorded_files()
    for url in (None, f"{server.url}/texts.tar.gz"):  # the second time there is nothing to ask for
        code, out, err, requests = download(url=url)
        assert (code, err, requests) == (0, "", 0) and "nothing to download: 7 files are here" in out


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("changed")])
def test_what_is_missing_or_changed_is_fetched_again(download, home, texts, damage):
    download()
    damage(home / "texts" / IBIMS)
    code, _, err, requests = download()
    assert (code, requests) == (0, 1) and tree(home / "texts") == texts
    assert ("changed on disk since" in err) == ("all are fetched again" in err)


def test_another_folder(download, home, texts, tmp_path):
    code, out, _, requests = download("--texts", tmp_path / "elsewhere")
    assert (code, requests) == (0, 1) and tree(tmp_path / "elsewhere") == texts
    assert "find them with --texts" in out.splitlines()[-1]
    assert not (home / "texts").exists()


def test_as_json(download, texts):
    code, out, _, _ = download("--json")
    report = json.loads(out)
    assert code == 0 and report["fetched"] == 7 and {entry["file"] for entry in report["files"]} == set(texts)
    assert {entry["state"] for entry in json.loads(download("--json")[1])["files"]} == {"verified"}


def test_a_broken_connection_is_gone_on_with(download, server, home, texts):
    whole = server.files["/texts.tar.gz"]
    (home / "texts").mkdir(parents=True)
    partial = home / "texts" / "texts.tar.gz.partial"
    partial.write_bytes(whole[:100])
    tag = f'"{hashlib.sha256(whole).hexdigest()}"'
    note = {"url": f"{server.url}/texts.tar.gz", "validator": tag, "total": len(whole)}
    partial.with_name(f"{partial.name}.json").write_text(json.dumps(note))
    assert download()[0] == 0
    assert server.requests[-1][2] == "bytes=100-" and tree(home / "texts") == texts


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"<html>sign in</html>", 2, "the server sent a web page"),
        (packed({"README.md": b"x"}), 2, "no text file below data_splits/ or text/text_all/ in it"),
        (packed({IBIMS: b"A hall.\n"})[:-20], 2, "not an archive (.tar.gz) that can be read to its end"),
        (None, 1, "HTTP 404"),
    ],
)
def test_what_is_no_archive_leaves_nothing(download, server, home, content, code, words):
    if content is None:
        server.files.clear()
    else:
        server.files["/texts.tar.gz"] = content
    found, out, err, _ = download()
    assert (found, out) == (code, "") and words in err.splitlines()[-1]
    assert tree(home) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["texts", "--texts-url", "file:///etc/passwd"], "file:///etc/passwd: not a URL to download from"),
        (["texts", "--head-url", "https://example.org/head.pth"], "texts have no rescale head"),
        (["texts", "--texts", __file__], "is a file; choose another --texts"),
        (["paper", "--texts", "x"], "--texts and --texts-url are for `tr2m download texts`"),
    ],
)
def test_bad_usage(home, capsys, arguments, words):
    assert main(["download", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1


def test_offline_is_offline_and_the_address_is_pinned(download, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, _, err, _ = download(url=None)
    assert code == 2 and f"{URL}: not downloaded, HF_HUB_OFFLINE=1 forbids it" in err
    assert URL.startswith("https://") and URL.endswith(COMMIT) and len(COMMIT) == 40


# ---- what is found afterwards ----


@pytest.fixture
def evaluate(monkeypatch, tmp_path, capsys):
    """Runs `tr2m evaluate` with a stand-in model; returns stdout and the sentences by image."""
    from stand_ins import FlatModel

    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: FlatModel())

    def run(*arguments):
        import csv

        folder = tmp_path / "out"
        code = main(["evaluate", *map(str, arguments), "-o", str(folder), "--panels", "0"])
        out, err = capsys.readouterr()
        assert code == 0, err
        with (folder / "frames.csv").open(newline="") as file:
            return out, {Path(row["image"]).name: row["description"] for row in csv.DictReader(file)}

    return run


def test_evaluate_finds_them(download, evaluate, data, tmp_path):
    nyu, ibims = data
    download()
    out, told = evaluate("nyu", "--root", nyu.root)
    assert told == {f"rgb_0000{number}.jpg": f"In tests, kitchen {number}." for number in range(2)}
    assert f"nyu: split {NYU_SPLIT.format('test')}, text_root text/text_all/nyu/test, in {tmp_path}/home/texts" in out
    out, told = evaluate("ibims", "--root", ibims.root)
    assert told == {"office_07.png": "An office.", "corridor_01.png": "A corridor."}
    assert f"ibims: text_file {IBIMS}, in {tmp_path}/home/texts" in out
    out, told = evaluate("ibims", "--root", ibims.root, "--text-root", ibims.text_root)
    assert told["office_07.png"] == "Sentence 1 about office_07." and "text_file" not in out


def test_evaluate_takes_a_folder(download, evaluate, data, tmp_path):
    download("--texts", tmp_path / "elsewhere")
    out, told = evaluate("nyu", "--root", data[0].root, "--texts", tmp_path / "elsewhere")
    assert told["rgb_00000.jpg"] == "In tests, kitchen 0." and f"in {tmp_path}/elsewhere" in out
    assert main(["evaluate", "nyu", "--root", data[0].root, "--texts", str(tmp_path)]) == 2


def test_train_finds_them(download, data, tmp_path, capsys):
    download()
    config = tmp_path / "nyu.yaml"
    config.write_text(f"datasets: [{{name: nyu, root: {data[0].root}}}]\nmodel: {{base: embedded}}\n")
    code = main(["train", str(config), "--check"])
    out, err = capsys.readouterr()
    assert code == 0 and "datasets: nyu: 2 of 2 records usable" in out
    assert f"nyu, train part: split {NYU_SPLIT.format('train')}, text_root text/text_all/nyu/train, in" in err
