"""Captioning models of transformers in the Hub's layout: real classes, small, untrained, built from configurations."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import transformers
from tiny_models import randomise
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tr2m_core.model.pretrained import quiet_transformers

IMAGE_TOKEN = "<image>"
CLEAN = {"clean_up_tokenization_spaces": False}
FORMAT = {"format": "pt"}
PIXELS = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_rescale": True, "do_normalize": True, "do_resize": True}
CHAT = (
    "{% for m in messages %}ASK: {% for c in m.content %}{{ '<image>' if c.type == 'image' else c.text }}{% endfor %}"
)
CHAT += "{% endfor %}{% if add_generation_prompt %} SAY:{% endif %}"
LANGUAGE = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {**LANGUAGE, "image_size": 32, "patch_size": 8}


def write(folder: Path, name: str, content: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def write_tokenizer(folder: Path, kind: str, special: Sequence[str], settings: dict[str, Any]) -> dict[str, int]:
    """A tokenizer of single bytes; returns token -> number."""
    tokens = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token in special if not token.startswith("<loc_")])
    tokenizer.add_tokens([token for token in special if token.startswith("<loc_")])
    tokenizer.save(str(folder / "tokenizer.json"))
    write(folder, "tokenizer_config.json", {"tokenizer_class": kind, "model_max_length": 2048, **CLEAN, **settings})
    return numbers


def save(folder: Path, network: Any, seed: int, louder: tuple[str, ...] = ()) -> None:
    """With random weights, those whose names end as `louder` has it ten times as large."""
    randomise(network, seed)
    for name, parameter in network.named_parameters():
        parameter.data *= 10 if name.endswith(louder) else 1
    with quiet_transformers():
        network.save_pretrained(folder)


def write_florence(folder: Path) -> None:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", IMAGE_TOKEN, *(f"<loc_{place}>" for place in range(10))]
    names = {
        "bos_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    extra = {"extra_special_tokens": {"image_token": IMAGE_TOKEN}}
    numbers = write_tokenizer(folder, "BartTokenizerFast", special, {**names, **extra, "cls_token": "<s>"})
    size = {"height": 32, "width": 32}
    kind = {"image_processor_type": "CLIPImageProcessor", "do_center_crop": False, "image_seq_length": 5}
    write(folder, "preprocessor_config.json", {**PIXELS, **kind, "size": size})
    tasks: dict[str, Any] = {"pure_text": {}, "description_with_bboxes": {}}
    write(folder, "processor_config.json", {"processor_class": "Florence2Processor", "post_processor_config": tasks})
    text = {
        "model_type": "bart",
        "vocab_size": len(numbers),
        "d_model": 32,
        "max_position_embeddings": 512,
        **{f"{part}_layers": 1 for part in ("encoder", "decoder")},
        **{f"{part}_attention_heads": 2 for part in ("encoder", "decoder")},
        **{f"{part}_ffn_dim": 32 for part in ("encoder", "decoder")},
        **{"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2},
    }
    vision = {
        "depths": (1, 1, 1, 1),
        "embed_dim": (8, 8, 16, 16),
        "num_heads": (1, 1, 2, 2),
        "num_groups": (1, 1, 2, 2),
        "window_size": 4,
        "projection_dim": 32,
        "patch_stride": (4, 2, 2, 1),
    }
    config = transformers.Florence2Config(
        text_config=text, vision_config=vision, image_token_id=numbers[IMAGE_TOKEN], bos_token_id=0, eos_token_id=2
    )
    save(
        folder,
        transformers.Florence2ForConditionalGeneration(config),
        0,
        louder=("image_proj_norm.weight", "encoder_attn.out_proj.weight"),
    )


def write_smolvlm(folder: Path) -> None:
    special = ["<pad>", "<|im_start|>", "<end_of_utterance>", IMAGE_TOKEN, "<fake_token_around_image>", "<global-img>"]
    names = {"bos_token": "<|im_start|>", "pad_token": "<pad>", "eos_token": "<end_of_utterance>"}
    numbers = write_tokenizer(folder, "GPT2TokenizerFast", special, {**names, "unk_token": "<pad>"})
    kind = {"image_processor_type": "SmolVLMImageProcessor", "do_image_splitting": True, "do_pad": True}
    size = {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 32}}
    write(folder, "preprocessor_config.json", {**PIXELS, **kind, **size})
    write(folder, "processor_config.json", {"processor_class": "SmolVLMProcessor", "image_seq_len": 4})
    text = {**LANGUAGE, "model_type": "llama", "vocab_size": len(numbers), "max_position_embeddings": 1024}
    text |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = transformers.SmolVLMConfig(
        text_config=text, vision_config=VISION, scale_factor=2, image_token_id=numbers[IMAGE_TOKEN], pad_token_id=0
    )
    save(folder, transformers.SmolVLMForConditionalGeneration(config), 1)


def write_blip(folder: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), "[DEC]"]
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocab=numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    ends = [("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    write(
        folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 64, **CLEAN, **names}
    )
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    kind = {"image_processor_type": "BlipImageProcessor", "processor_class": "BlipProcessor"}
    write(folder, "preprocessor_config.json", {**PIXELS, **kind, "size": {"height": 32, "width": 32}})
    text = {**LANGUAGE, "vocab_size": len(tokens), "encoder_hidden_size": 32, "max_position_embeddings": 128}
    text |= {"bos_token_id": numbers["[DEC]"], "sep_token_id": 3, "pad_token_id": 0, "eos_token_id": 2}
    config = transformers.BlipConfig(text_config=text, vision_config=VISION, projection_dim=16)
    save(folder, transformers.BlipForConditionalGeneration(config), 2)


def write_llava(folder: Path) -> None:
    special = ["<unk>", "<s>", "</s>", "<pad>", IMAGE_TOKEN]
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    inputs = {"model_input_names": ["input_ids", "attention_mask"]}
    numbers = write_tokenizer(folder, "PreTrainedTokenizerFast", special, {**names, **inputs})
    grid = [[32, 64], [64, 32], [64, 64]]
    kind = {"image_processor_type": "LlavaNextImageProcessor", "do_center_crop": True, "do_pad": True}
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}, "image_grid_pinpoints": grid}
    write(folder, "preprocessor_config.json", {**PIXELS, **kind, **size})
    patches = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    write(folder, "processor_config.json", {"processor_class": "LlavaNextProcessor", **patches})
    text = {**LANGUAGE, "model_type": "llama", "vocab_size": len(numbers), "max_position_embeddings": 1024}
    text |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    vision = {**VISION, "model_type": "clip_vision_model", "projection_dim": 32, "num_hidden_layers": 3}
    config = transformers.LlavaNextConfig(
        text_config=transformers.LlamaConfig(**text),
        vision_config=transformers.CLIPVisionConfig(**vision),
        image_token_index=numbers[IMAGE_TOKEN],
        image_grid_pinpoints=grid,
        image_seq_length=16,
    )
    save(folder, transformers.LlavaNextForConditionalGeneration(config), 3)


WRITERS: dict[str, Callable[[Path], None]] = {
    "florence": write_florence,
    "smolvlm": write_smolvlm,
    "blip": write_blip,
    "llava": write_llava,
}
