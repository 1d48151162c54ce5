"""What is given to others, what it is made of, and the versions of that."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = {artifact["name"]: artifact for artifact in json.loads((ROOT / "release/artifacts.json").read_text("utf-8"))}
COMPONENTS = json.loads((ROOT / "release/components.json").read_text("utf-8"))


def fail(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def cargo(*arguments):
    """What cargo prints."""
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode != 0:
        fail(f"`cargo {' '.join(arguments)}` failed; see its message above")
    return done.stdout


def dependencies(artifact, target):
    """The crates that are linked into an artifact: each (name, version) with those that it uses. The first is the artifact's own.

    `cargo tree` resolves features as the build of this package does. `cargo metadata` does not: it also has what only tests
    need. Build scripts and procedural macros run at build time and are not linked.
    """
    found, path = {}, []
    tree = cargo(
        "tree", "--locked", "--package", artifact["package"], "--target", target,
        "--edges", "normal,no-proc-macro", "--prefix", "depth", "--no-dedupe", "--format", " {p}",
    )
    for line in tree.splitlines():
        depth, name, version = line.split()[:3]
        crate = (name, version.removeprefix("v"))
        path[int(depth) :] = [crate]
        found.setdefault(crate, set())
        if len(path) > 1:
            found[path[-2]].add(crate)
    return found


def packages(target):
    """cargo's description of each (name, version)."""
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


def component_version(name):
    """The version of what is in an artifact and is no crate: as written, or from the file that pins it."""
    pin = COMPONENTS[name].get("version")
    if pin is None or isinstance(pin, str):
        return pin
    match = re.search(pin["pattern"], (ROOT / pin["file"]).read_text("utf-8"), re.MULTILINE)
    if match is None:
        fail(f"{pin['file']} has nothing like {pin['pattern']}; correct release/components.json")
    return match[1]
