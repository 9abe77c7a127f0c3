"""Captioning models of transformers, loaded from a folder. Imports transformers, which takes seconds, only in load."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from tr2m_core.caption.wording import OBJECTS, SENTENCE, counted
from tr2m_core.errors import InputError
from tr2m_core.model.pretrained import quiet_transformers
from tr2m_core.model.tensors import misfit

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

CONFIG, PREPROCESSOR, PROCESSOR = "config.json", "preprocessor_config.json", "processor_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
LOCAL = {"local_files_only": True, "trust_remote_code": False}  # no network, and no code out of a folder
BOXES = "<OD>"  # Florence-2's task of finding objects
# What neither greedy nor beam search reads, with the values that transformers does not warn of.
UNREAD = {"temperature": None, "top_p": None, "top_k": None, "early_stopping": False, "length_penalty": 1.0}
REQUESTS = {
    SENTENCE: (
        "Describe this scene in one short sentence: what place it is and what is in it.",
        "What kind of place is this, and which things stand out? Answer in one sentence.",
        "Write a one-sentence caption that names the place and how large it seems.",
    ),
    OBJECTS: (
        "List the main objects in this image in one sentence that begins with 'An image with'.",
        "Which objects are in this image, and how many of each? Answer in one sentence.",
        "Name the largest objects in this image in one sentence that begins with 'An image with'.",
    ),
}


class Family:
    """A kind of captioning model: its classes, its prompts and what they need."""

    name: ClassVar[str]
    model_type: ClassVar[str]
    hub_id: ClassVar[str]
    licence: ClassVar[str]
    needs: ClassVar[str]  # the lowest version of transformers
    files: ClassVar[tuple[str, ...]] = (CONFIG, PREPROCESSOR, "tokenizer.json", "tokenizer_config.json")
    optional: ClassVar[tuple[str, ...]] = (
        "generation_config.json",
        PROCESSOR,
        "special_tokens_map.json",
        "added_tokens.json",
        "chat_template.*",
        "vocab.*",
        "merges.txt",
        "tokenizer.model",
    )
    network_class: ClassVar[str]
    processor_class: ClassVar[str]
    prompts: ClassVar[Mapping[str, tuple[str, ...]]] = REQUESTS
    tokens: ClassVar[dict[str, int]] = {SENTENCE: 64, OBJECTS: 96}  # the most of an answer
    echoes: ClassVar[bool] = False  # its output begins with the prompt, which is no part of the answer

    def __init__(self, network: Any, processor: Any) -> None:
        self.network, self.processor = network, processor

    @classmethod
    def load(cls, folder: Path, device: torch.device, dtype: torch.dtype) -> Family:
        """The model in `folder`, in the transformers format, of numbers of `dtype`.

        Raises InputError, naming the folder, when transformers is too old, and for missing, damaged or unfitting files.
        """
        import transformers

        version = _release(transformers.__version__)
        if version < _release(cls.needs):
            raise InputError(
                f"{folder}: {cls.name} needs transformers {cls.needs}, and {transformers.__version__} is installed; "
                f"run pip install -U 'transformers>={cls.needs}'"
            )
        missing = cls.missing(folder)
        if missing:
            raise InputError(f"{folder}: lacks {', '.join(missing)}; run `tr2m download captioner {cls.name}`")
        precision = {"dtype" if version >= (4, 56) else "torch_dtype": dtype}
        with quiet_transformers():
            try:
                network, info = getattr(transformers, cls.network_class).from_pretrained(
                    folder, use_safetensors=True, output_loading_info=True, **LOCAL, **precision
                )
                family = cls(network.to(device).eval(), cls._read_processor(folder))
                family._prepare()
            except Exception as error:  # tokenizers raises no narrower one for a damaged file
                reason = " ".join(str(error).split())
                raise InputError(f"{folder}: cannot be loaded as {cls.name} ({reason[:200]})") from None
        parameters = {name for name, _ in network.named_parameters()}  # what else is missing is computed, not learnt
        problems = [f"missing {name}" for name in sorted(parameters.intersection(info["missing_keys"]))]
        problems += [f"{entry[0]} has another shape" for entry in sorted(info["mismatched_keys"])]
        if problems:
            raise misfit(folder, cls.network_class, problems)
        return family

    @torch.inference_mode()
    def generate(self, images: Sequence[Pixels], style: str, count: int) -> list[list[str]]:
        """`count` texts about each image (H, W, 3) uint8 RGB, as the model has them; the same for the same images.

        style: SENTENCE or OBJECTS. The prompts take turns; one that has several turns is answered by beam search.
        Raises InputError when jinja2, which fills in the templates of chats, is too old.
        """
        prompts = self.prompts[style][:count]
        turns = [len(range(place, count, len(prompts))) for place in range(len(prompts))]
        pictures = [_picture(image) for image in images]
        with quiet_transformers():
            answers = [
                self._answers(pictures, *asked, self.tokens[style]) for asked in zip(prompts, turns, strict=True)
            ]
        order = [(turn % len(prompts), turn // len(prompts)) for turn in range(count)]
        return [[answers[prompt][at][beam] for prompt, beam in order] for at in range(len(images))]

    def _answers(self, pictures: Sequence[Image.Image], prompt: str, beams: int, tokens: int) -> list[list[str]]:
        """`beams` answers about each picture, at most `tokens` long."""
        inputs = {name: value.to(self.network.device) for name, value in self._inputs(pictures, prompt).items()}
        inputs["pixel_values"] = inputs["pixel_values"].to(self.network.dtype)
        found = self.network.generate(
            **inputs, do_sample=False, num_beams=beams, num_return_sequences=beams, max_new_tokens=tokens
        )
        texts = self._texts(found[:, inputs["input_ids"].shape[1] :] if self.echoes else found, prompt)
        return [texts[first : first + beams] for first in range(0, len(texts), beams)]

    def _inputs(self, pictures: Sequence[Image.Image], prompt: str) -> dict[str, Tensor]:
        """What the network takes, in the processor's precision."""
        texts = [prompt] * len(pictures) if prompt else None
        return dict(self.processor(images=pictures, text=texts, padding=bool(texts), return_tensors="pt"))

    def _texts(self, found: Tensor, prompt: str) -> list[str]:
        """Token numbers (N, L) in words."""
        texts: list[str] = self._tokenizer.batch_decode(found, skip_special_tokens=True)
        return texts

    @property
    def _tokenizer(self) -> Any:
        return self.processor.tokenizer

    @classmethod
    def missing(cls, folder: Path) -> list[str]:
        """Files that the folder lacks. transformers 5 writes what prepares images into the processor's file."""
        names = [name for name in cls.files if not (folder / name).is_file()]
        if PREPROCESSOR in names and (folder / PROCESSOR).is_file():
            names.remove(PREPROCESSOR)
        return names + [name for name in shards(folder) if not (folder / name).is_file()]

    @classmethod
    def _read_processor(cls, folder: Path) -> Any:
        import transformers

        return getattr(transformers, cls.processor_class).from_pretrained(folder, **LOCAL)

    def _prepare(self) -> None:
        """Settings of search and padding that files do not have, or have otherwise."""
        tokenizer = self._tokenizer
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"  # answers follow the padding
        for part in self.network.modules():
            settings = getattr(part, "generation_config", None)
            if settings is not None:
                settings.update(**UNREAD)
                if settings.pad_token_id is None:
                    settings.pad_token_id = tokenizer.pad_token_id

    def _chat(self, speaker: Any, request: str, otherwise: str) -> str:
        """The request about one image as the chat template of `speaker` has it, or else `otherwise` filled in."""
        if not speaker.chat_template:
            return otherwise.format(request)
        content = [{"type": "image"}, {"type": "text", "text": request}]
        talk = [{"role": "user", "content": content}]
        try:
            return str(speaker.apply_chat_template(talk, add_generation_prompt=True, tokenize=False))
        except ImportError as error:
            raise InputError(f"{self.name}: {error} Run pip install -U jinja2") from None


class Florence(Family):
    """Florence-2: a prompt is the name of a task alone. It finds objects one by one, which are then counted."""

    name, model_type, hub_id = "florence", "florence2", "florence-community/Florence-2-base"
    licence, needs = "MIT", "4.56"
    network_class, processor_class = "Florence2ForConditionalGeneration", "Florence2Processor"
    prompts: ClassVar = {SENTENCE: ("<CAPTION>", "<DETAILED_CAPTION>", "<MORE_DETAILED_CAPTION>"), OBJECTS: (BOXES,)}
    tokens: ClassVar = {SENTENCE: 64, OBJECTS: 256}  # a box takes six or so

    def generate(self, images: Sequence[Pixels], style: str, count: int) -> list[list[str]]:
        """As `Family.generate`; the sentences about objects differ in their order alone."""
        if style != OBJECTS:
            return super().generate(images, style, count)
        labels = []
        for image, (text,) in zip(images, super().generate(images, style, 1), strict=True):
            height, width = image.shape[:2]
            read = self.processor.post_process_generation(text, task=BOXES, image_size=(width, height))
            labels.append(read[BOXES]["labels"])
        return [counted(of_image, count) for of_image in labels]

    def _texts(self, found: Tensor, prompt: str) -> list[str]:
        texts: list[str] = self._tokenizer.batch_decode(found, skip_special_tokens=prompt != BOXES)
        return texts


class Parts(NamedTuple):
    """What a processor is made of."""

    image_processor: Any
    tokenizer: Any


class SmolVLM(Family):
    """SmolVLM2. Its processor demands torchvision and num2words, for videos; images need neither, so it is not used."""

    name, model_type, hub_id = "smolvlm", "smolvlm", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
    licence, needs = "Apache-2.0", "4.50"
    network_class, processor_class = "SmolVLMForConditionalGeneration", "AutoImageProcessor"
    echoes = True

    @classmethod
    def _read_processor(cls, folder: Path) -> Any:
        from transformers import AutoTokenizer

        return Parts(super()._read_processor(folder), AutoTokenizer.from_pretrained(folder, **LOCAL))

    def _inputs(self, pictures: Sequence[Image.Image], prompt: str) -> dict[str, Tensor]:
        """The image whole, in 64 tokens: in parts, as files have it, it takes 1,088."""
        prepare = self.processor.image_processor
        single = {"do_image_splitting": False, "size": dict(prepare.max_image_size)}
        images = prepare([[picture] for picture in pictures], **single, return_tensors="pt")
        asked = self._chat(self._tokenizer, prompt, "<|im_start|>User:<image>{}<end_of_utterance>\nAssistant:")
        config = self.network.config
        tokens = (config.vision_config.image_size // config.vision_config.patch_size // config.scale_factor) ** 2
        frame = "<fake_token_around_image>"
        asked = asked.replace("<image>", f"{frame}<global-img>{'<image>' * tokens}{frame}")
        words = self._tokenizer([asked] * len(pictures), return_tensors="pt", return_token_type_ids=False)
        return {**words, "pixel_values": images["pixel_values"], "pixel_attention_mask": images["pixel_attention_mask"]}

    def _texts(self, found: Tensor, prompt: str) -> list[str]:
        return [text.strip().removeprefix("Assistant:") for text in super()._texts(found, prompt)]


class Blip(Family):
    """BLIP: continues the words it is given, or none."""

    name, model_type, hub_id = "blip", "blip", "Salesforce/blip-image-captioning-large"
    licence, needs = "BSD-3-Clause", "4.45"
    network_class, processor_class = "BlipForConditionalGeneration", "BlipProcessor"
    prompts: ClassVar = {SENTENCE: ("",), OBJECTS: ("an image with",)}


class Llava(Family):
    """LLaVA-NeXT, also known as LLaVA 1.6."""

    name, model_type, hub_id = "llava", "llava_next", "llava-hf/llava-v1.6-vicuna-7b-hf"
    licence, needs = "LLaMA 2 Community License", "4.45"
    network_class, processor_class = "LlavaNextForConditionalGeneration", "LlavaNextProcessor"
    echoes = True

    def _inputs(self, pictures: Sequence[Image.Image], prompt: str) -> dict[str, Tensor]:
        return super()._inputs(pictures, self._chat(self.processor, prompt, "USER: <image>\n{} ASSISTANT:"))


FAMILIES: dict[str, type[Family]] = {family.name: family for family in (Florence, SmolVLM, Blip, Llava)}


def family_of(folder: Path) -> type[Family]:
    """The family of the model in `folder`. Raises InputError when its config.json names none of FAMILIES."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else error
        raise InputError(f"{path}: {reason}; run `tr2m download captioner NAME`") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    model_type = config.get("model_type") if isinstance(config, dict) else None
    known = {family.model_type: family for family in FAMILIES.values()}
    if not isinstance(model_type, str) or model_type not in known:
        raise InputError(f"{path}: model_type '{model_type}' is none of {', '.join(known)}")
    return known[model_type]


def shards(folder: Path) -> list[str]:
    """The files that the weights are in: those of the index, where the folder has one. Raises InputError."""
    path = folder / INDEX
    if not path.is_file():
        return [WEIGHTS]
    try:
        names = {str(name) for name in json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: no index of weights; run `tr2m download captioner NAME`") from None
    if any(Path(name).name != name for name in names):
        raise InputError(f"{path}: names files outside the folder")
    return sorted(names)


def _picture(image: Pixels) -> Image.Image:
    """For processors, which take a height of 1 or 3 for the channels: enlarged where it is less than 4 pixels."""
    picture = Image.fromarray(image)
    return picture.resize((max(4, picture.width), max(4, picture.height)))


def _release(version: str) -> tuple[int, ...]:
    """(5, 23) of "5.23.0"."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
