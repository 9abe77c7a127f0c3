"""Captioning models of transformers: every adapter with its real classes, small and untrained, in the Hub's layout."""

import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_captioners import CHAT, FORMAT, IMAGE_TOKEN, WRITERS, write

from tr2m_core.caption.families import FAMILIES, Family, family_of
from tr2m_core.caption.wording import OBJECTS, SENTENCE, STYLES
from tr2m_core.errors import InputError
from tr2m_core.model.pretrained import quiet_transformers

CPU = torch.device("cpu")
INSTALLED = transformers.__version__
SHORT = {SENTENCE: 24, OBJECTS: 32}


def admitted(name: str) -> bool:
    """Whether the transformers that is installed has this family."""
    return tuple(map(int, INSTALLED.split(".")[:2])) >= tuple(map(int, FAMILIES[name].needs.split(".")))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small take many times as long on threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """The families that the installed transformers has, each in a folder."""
    made = {}
    for name, writer in WRITERS.items():
        if admitted(name):
            made[name] = tmp_path_factory.mktemp(name)
            writer(made[name])
    return made


@pytest.fixture(scope="module")
def loaded(folders) -> dict[str, Family]:
    """With short answers, to save time."""
    families = {name: family_of(folder).load(folder, CPU, torch.float32) for name, folder in folders.items()}
    for family in families.values():
        vars(family)["tokens"] = SHORT
    return families


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Of two sizes, one dark, one bright."""
    random = np.random.default_rng(0)
    return [
        random.integers(*levels, (*size, 3), dtype=np.uint8)
        for size, levels in (((30, 44), (0, 60)), ((70, 41), (120, 256)))
    ]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_describes_images(loaded, images, name, tmp_path):
    if not admitted(name):
        return too_old(name, tmp_path)
    family = loaded[name]
    assert isinstance(family, FAMILIES[name])
    for style in STYLES:
        for count in (1, 3):
            texts = family.generate(images, style, count)
            assert [len(of_image) for of_image in texts] == [count, count]
            assert all(isinstance(text, str) for of_image in texts for text in of_image)
            assert family.generate(images, style, count) == texts
            assert [family.generate([image], style, count)[0] for image in images] == texts
    first, second = family.generate(images, SENTENCE, 3)
    assert first != second and len({*first, *second}) > 3


def test_slivers_are_images_too(loaded):
    """Processors would take a height of 1 or 3 for the channels."""
    for family in loaded.values():
        for size in ((1, 1), (3, 5), (1, 90), (90, 2)):
            assert len(family.generate([np.full((*size, 3), 90, np.uint8)], SENTENCE, 1)[0]) == 1


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_runs_in_half_the_precision(folders, images, name):
    if admitted(name):
        family = family_of(folders[name]).load(folders[name], CPU, torch.bfloat16)
        assert family.network.dtype == torch.bfloat16
        assert [len(of_image) for of_image in family.generate(images, SENTENCE, 2)] == [2, 2]


@pytest.mark.parametrize("name", FAMILIES)
def test_what_transformers_saves_again_is_read_the_same(loaded, images, name, tmp_path):
    """Version 5 leaves out the preprocessor's file, and the parameters that share values with others."""
    if not admitted(name):
        return
    with quiet_transformers():
        loaded[name].network.save_pretrained(tmp_path)
        processor = loaded[name].processor
        for part in processor if name == "smolvlm" else [processor]:
            part.save_pretrained(tmp_path)
    again = family_of(tmp_path).load(tmp_path, CPU, torch.float32)
    vars(again)["tokens"] = SHORT
    assert again.generate(images, SENTENCE, 2) == loaded[name].generate(images, SENTENCE, 2)


def test_only_what_is_new_is_an_answer(loaded, images):
    """Of BLIP the start is part of the sentence."""
    for name, family in loaded.items():
        (text,) = family.generate(images[:1], OBJECTS, 1)[0]
        assert text.startswith("an image with") == (name == "blip")
        assert "USER" not in text and "User" not in text


def test_florence_counts_what_it_finds(loaded, images, monkeypatch):
    if not admitted("florence"):
        return
    family = loaded["florence"]
    boxes = [f"{name}{''.join(f'<loc_{place}>' for place in range(4))}" for name in ("lamp", "chair", "chair")]
    answer = family.processor.tokenizer("</s><s>" + "".join(boxes) + "</s><pad>", add_special_tokens=False)["input_ids"]
    monkeypatch.setattr(family.network, "generate", lambda **_: torch.tensor([answer, answer]))
    wanted = ["An image with two chairs and a lamp."]
    assert family.generate(images, OBJECTS, 1) == [wanted, wanted]
    assert [len(of_image) for of_image in family.generate(images, OBJECTS, 4)] == [4, 4]


def test_smolvlm_takes_the_image_whole(loaded, images, monkeypatch):
    """Its prompt is what its own processor makes, which runs only with torchvision and num2words."""
    if not admitted("smolvlm"):
        return
    from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

    family, asked = loaded["smolvlm"], []

    def generate(**inputs: Any) -> torch.Tensor:
        asked.append(inputs)
        answer = family.processor.tokenizer([" Assistant: a hall"] * len(images), return_tensors="pt")["input_ids"]
        return torch.cat([inputs["input_ids"], answer], dim=1)

    monkeypatch.setattr(family.network, "generate", generate)
    assert family.generate(images, SENTENCE, 1) == [[" a hall"]] * 2
    assert asked[0]["pixel_values"].shape == (2, 1, 3, 32, 32)
    image = get_image_prompt_string(0, 0, 4, "<fake_token_around_image>", IMAGE_TOKEN, "<global-img>")
    prompt = family.processor.tokenizer.decode(asked[0]["input_ids"][0])
    assert prompt == f"<|im_start|>User:{image}{family.prompts[SENTENCE][0]}<end_of_utterance>\nAssistant:"


def test_llava_asks_by_the_template_of_its_folder(folders, images, monkeypatch, tmp_path):
    folder = copied(folders["llava"], tmp_path)
    write(folder, "chat_template.json", {"chat_template": CHAT})
    family, asked = family_of(folder).load(folder, CPU, torch.float32), []

    def generate(**inputs: Any) -> torch.Tensor:
        asked.append(inputs)
        return torch.repeat_interleave(inputs["input_ids"], inputs["num_beams"], dim=0)

    monkeypatch.setattr(family.network, "generate", generate)
    if tuple(map(int, version("jinja2").split(".")[:2])) < (3, 1):
        with pytest.raises(InputError, match=r"llava: .*jinja2>=3\.1.* Run pip install -U jinja2"):
            family.generate(images, SENTENCE, 1)
        return
    family.generate(images, SENTENCE, 5)
    prompts = [family.processor.tokenizer.decode(of["input_ids"][0], skip_special_tokens=True) for of in asked]
    assert prompts == [f"ASK: {prompt} SAY:" for prompt in family.prompts[SENTENCE]]
    assert [of["num_beams"] for of in asked] == [of["num_return_sequences"] for of in asked] == [2, 2, 1]
    assert {(of["do_sample"], of["max_new_tokens"]) for of in asked} == {(False, 64)}


def test_nothing_but_search_decides(loaded):
    """Settings of files that sampling alone reads are cleared, and a number to pad with is there."""
    for family in loaded.values():
        parts = [part for part in family.network.modules() if getattr(part, "generation_config", None) is not None]
        assert parts
        for part in parts:
            assert part.generation_config.temperature is None and part.generation_config.top_p is None
            assert part.generation_config.pad_token_id is not None


@pytest.mark.parametrize("lost", ["preprocessor_config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folders, tmp_path, lost):
    folder = copied(folders["blip"], tmp_path)
    (folder / lost).unlink()
    with pytest.raises(InputError, match=rf"{folder}: lacks {lost}; run `tr2m download captioner blip`"):
        family_of(folder).load(folder, CPU, torch.float32)


@pytest.mark.parametrize("damaged", ["model.safetensors", "tokenizer.json", "preprocessor_config.json"])
def test_a_damaged_file_is_one_line(folders, tmp_path, damaged):
    folder = copied(folders["blip"], tmp_path)
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:40])
    with pytest.raises(InputError, match=rf"^{folder}: cannot be loaded as blip \(.+\)$"):
        family_of(folder).load(folder, CPU, torch.float32)


def test_weights_of_another_network_are_rejected(folders, tmp_path):
    lacking, wider = copied(folders["blip"], tmp_path / "lacking"), copied(folders["blip"], tmp_path / "wider")
    tensors = load_file(folders["blip"] / "model.safetensors")  # not those that are written: they are mapped
    name = next(name for name in tensors if name.endswith("encoder.layers.1.mlp.fc1.weight"))
    save_file({key: value for key, value in tensors.items() if key != name}, lacking / "model.safetensors", FORMAT)
    with pytest.raises(InputError, match=rf"does not fit BlipForConditionalGeneration: missing {name} \(1 in all\)"):
        family_of(lacking).load(lacking, CPU, torch.float32)
    save_file({**tensors, name: torch.zeros(3, 3)}, wider / "model.safetensors", FORMAT)
    with pytest.raises(InputError, match=f"{wider}: "):
        family_of(wider).load(wider, CPU, torch.float32)


def test_pickled_weights_are_not_read(folders, tmp_path):
    folder = copied(folders["blip"], tmp_path)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"lacks model\.safetensors"):
        family_of(folder).load(folder, CPU, torch.float32)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"config\.json: no such file or directory; run `tr2m download captioner NAME`"),
        ("{", r"config\.json: not JSON"),
        ("[1]", "model_type 'None' is none of florence2, smolvlm, blip, llava_next"),
        ('{"model_type": "bert"}', "model_type 'bert' is none of florence2, smolvlm, blip, llava_next"),
        ('{"model_type": ["blip"]}', "is none of"),
    ],
)
def test_a_folder_of_no_family_is_told(tmp_path, content, message):
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        family_of(tmp_path)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_transformers_too_old_is_told(monkeypatch, tmp_path, name):
    monkeypatch.setattr("transformers.__version__", "4.9.2")  # of the module that is imported now
    too_old(name, tmp_path)


def copied(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target, dirs_exist_ok=True))


def too_old(name: str, folder: Path) -> None:
    """What a user hears whose transformers has no such family."""
    write(folder, "config.json", {"model_type": FAMILIES[name].model_type})
    needs = FAMILIES[name].needs
    remedy = rf"{name} needs transformers {needs}, and .* is installed; run pip install -U 'transformers>={needs}'"
    with pytest.raises(InputError, match=remedy):
        family_of(folder).load(folder, CPU, torch.float32)
