"""Licence notices of the Rust standard library, from the document that comes with the toolchain."""

import html
import re
import subprocess
from pathlib import Path

import artifacts

# Shims of the standard library's own build, and what only `cargo test` and macros link.
OWN = {
    "alloc", "compiler_builtins", "core", "getopts", "panic_abort", "panic_unwind", "proc_macro", "profiler_builtins", "std",
    "std_detect", "sysroot", "test", "unwind",
}


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def linked(sysroot, targets):
    """The crates of other people in the library of those targets that are installed."""
    libraries = (path for target in targets for path in sysroot.glob(f"lib/rustlib/{target}/lib/lib*.rlib"))
    names = {path.name[3:].rsplit("-", 1)[0] for path in libraries}
    return {name.replace("_", "-") for name in names if name not in OWN and not name.startswith("rustc_std_workspace")}


def parts(version, crates, targets):
    """(what, text) of the library and of each of these crates, name to licence."""
    command = ["rustc", f"+{version}", "--print", "sysroot"]
    done = subprocess.run(command, cwd=artifacts.ROOT, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode != 0:
        artifacts.fail(f"rustc {version} is missing; run `.ci/setup rust`")
    sysroot = Path(done.stdout.strip())
    unnamed = sorted(linked(sysroot, targets) - {name.replace("_", "-") for name in crates})
    if unnamed:
        artifacts.fail(f"the standard library has crates that release/components.json does not name: {', '.join(unnamed)}")

    document = (sysroot / "share/doc/rust/COPYRIGHT-library.html").read_text("utf-8")
    own, *others = re.split(r"<h3>\S+ (?=[a-z])", document)
    own = own[own.index('<h2 id="short-version">') : own.index('<h2 id="out-of-tree-dependencies">')]
    lines = [line.strip() for line in text_of(own).splitlines()]
    names = "".join(f"{name}: {license}\n" for name, license in sorted(crates.items()))
    yield f"The Rust standard library {version}", "\n".join(filter(None, lines)) + f"\n\nIt contains these crates:\n\n{names}"
    # Crates that the document leaves out can all be had under Apache-2.0 or without a notice; its text is among the others.
    for section in others:
        title, body = section.split("</h3>", 1)
        if title.rsplit("-", 1)[0] in crates:
            for text in re.findall(r"<pre>(.*?)</pre>", body, re.DOTALL):
                yield f"{title} (in the Rust standard library)", text_of(text)
