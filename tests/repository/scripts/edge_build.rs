//! The build of the edge, with tools that fail or are interrupted: it makes a whole edge or none.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// What the tools do that write what their name says into their output.
const TOOLS: [(&str, &str); 3] = [
    (
        "wasm-bindgen",
        r#"while [ "$1" != --out-dir ]; do shift; done; mkdir -p "$2"; echo 'export class A' >"$2/index_bg.js"; echo wasm >"$2/index_bg.wasm""#,
    ),
    ("esbuild", r#"for word; do case $word in --outfile=*) cat >"${word#*=}" ;; esac; done"#),
    ("wasm-opt", r#"while [ "$1" != -o ]; do shift; done; echo optimized >"$2""#),
];

const FAILS: &str = "exit 1";
/// As somebody who presses Ctrl-C, or a machine that goes down.
const IS_INTERRUPTED: &str = "kill -KILL 0";

struct Build {
    folder: PathBuf,
}

impl Build {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tools")).unwrap();
        for (tool, script) in TOOLS {
            let path = folder.join("tools").join(tool);
            // The last thing that a tool does, if the test wants that.
            let script = format!("#!/usr/bin/env bash\nset -eu\n({script})\n[ \"${{BROKEN:-}}\" != {tool} ] || $HOW\n");
            fs::write(&path, script).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }

    fn edge(&self) -> PathBuf {
        self.folder.join("edge")
    }

    /// An edge of an earlier build, and a wasm that was compiled since.
    fn with_an_older_edge(self) -> Self {
        fs::create_dir_all(self.edge()).unwrap();
        fs::write(self.edge().join("bindings.js"), "older").unwrap();
        self.compile();
        self
    }

    /// Writes the wasm that the edge is made of.
    fn compile(&self) {
        fs::write(self.folder.join("compiled.wasm"), "wasm").unwrap();
    }

    /// Runs it, with one tool that does this at its end.
    fn run(&self, broken: &str, how: &str) -> ExitStatus {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/cloudflare/bind");
        let path = format!("{}:{}", self.folder.join("tools").display(), std::env::var("PATH").unwrap());
        // In a group of its own, as an interruption reaches the whole group.
        let mut command = Command::new(script);
        command.process_group(0).arg(self.folder.join("compiled.wasm")).arg(self.edge()).arg("optimized");
        command.env("PATH", path).env("BROKEN", broken).env("HOW", how).env_remove("BASH_ENV");
        command.status().unwrap()
    }

    fn is_whole(&self) -> bool {
        let read = |name| fs::read_to_string(self.edge().join(name)).unwrap_or_default();
        // Without the classes that nobody uses.
        read("index_bg.wasm") == "optimized\n" && read("bindings.js") == "class A\n"
    }
}

#[test]
fn a_tool_that_fails_or_is_interrupted_leaves_no_edge_and_the_next_build_makes_it() {
    for (how, name) in [(FAILS, "fails"), (IS_INTERRUPTED, "interrupted")] {
        for (tool, _) in TOOLS {
            let build = Build::new(&format!("{tool}-{name}")).with_an_older_edge();
            let status = build.run(tool, how);
            assert!(!status.success(), "{tool} {name}: {status}");
            assert!(!build.edge().exists(), "{tool} {name}");
            assert!(build.run("none", FAILS).success(), "{tool} {name}");
            assert!(build.is_whole(), "{tool} {name}");
        }
    }
}

#[test]
fn an_edge_that_is_newer_than_what_it_is_made_of_is_not_made_again() {
    let build = Build::new("current").with_an_older_edge();
    assert!(build.run("none", FAILS).success());
    // No tool runs, so none fails.
    assert!(build.run("wasm-bindgen", FAILS).success());
    assert!(build.is_whole());
    build.compile();
    assert!(!build.run("wasm-bindgen", FAILS).success());
}
