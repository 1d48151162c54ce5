//! A copy of the scripts with stubs in place of the tools that they call.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// What every system has.
const BASICS: [&str; 30] = [
    "awk", "basename", "bash", "cat", "chmod", "cmp", "cp", "cut", "df", "dirname", "env", "find", "getconf", "git",
    "grep", "head", "id", "kill", "make", "mkdir", "mv", "rm", "sed", "sleep", "tail", "touch", "tr", "uname", "wc",
    "xargs",
];

/// What the scripts source or read.
const FILES: [&str; 10] = [
    ".ci/browser-tests",
    ".ci/clean",
    ".ci/env",
    ".ci/first-run",
    ".ci/lib/browser.sh",
    ".ci/lib/say.sh",
    ".ci/lint",
    ".ci/lint-rules",
    ".ci/setup",
    "rust-toolchain.toml",
];

/// How a script ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status, unless a signal ended it.
    pub(crate) status: Option<i32>,
    /// Everything that it printed.
    pub(crate) text: String,
}

impl Outcome {
    /// It did what it should.
    #[track_caller]
    pub(crate) fn passes(&self) -> &Self {
        assert_eq!(self.status, Some(0), "{}", self.text);
        self
    }

    /// It failed.
    #[track_caller]
    pub(crate) fn fails(&self) -> &Self {
        assert_ne!(self.status, Some(0), "{}", self.text);
        self
    }

    /// It printed this.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "not said: {text}\n{}", self.text);
        self
    }

    /// It did not print this.
    #[track_caller]
    pub(crate) fn does_not_say(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "said: {text}\n{}", self.text);
        self
    }
}

/// A checkout with the scripts, a home, and a folder of tools that is all there is on the path.
pub(crate) struct Sandbox {
    folder: PathBuf,
}

impl Sandbox {
    /// With the tools that every system has.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("with space").join(name);
        let _ = fs::remove_dir_all(&folder);
        let this = Self { folder };
        for folder in ["tools", "home", "checkout"] {
            fs::create_dir_all(this.folder.join(folder)).unwrap();
        }
        let path = env::var_os("PATH").unwrap();
        for name in BASICS {
            let mut paths = env::split_paths(&path).map(|folder| folder.join(name));
            let found = paths.find(|path| path.is_file()).unwrap_or_else(|| panic!("no {name} here"));
            symlink(found, this.tools().join(name)).unwrap();
        }
        for file in FILES {
            this.copy(file);
        }
        this
    }

    /// With a Rust toolchain too, and the lock files that setup compares.
    pub(crate) fn with_rust(name: &str) -> Self {
        let this = Self::new(name);
        this.tool(
            "rustup",
            r#"case $1 in component) printf '%s\n' rustc cargo clippy rustfmt rust-std-wasm32-unknown-unknown rust-std-wasm32-wasip1 ;; *) exit 1 ;; esac"#,
        );
        this.tool("rustc", "echo x86_64-unknown-linux-gnu");
        this.tool("cc", "");
        this.write("Cargo.lock", "");
        this.write("tests/tools/wasm-bindgen/Cargo.lock", "");
        this
    }

    /// The copy of the repository.
    pub(crate) fn checkout(&self) -> PathBuf {
        self.folder.join("checkout")
    }

    /// What `HOME` is.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    fn tools(&self) -> PathBuf {
        self.folder.join("tools")
    }

    /// Copies a file of the repository.
    pub(crate) fn copy(&self, file: &str) {
        let to = self.checkout().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file), to).unwrap();
    }

    /// Writes a file of the checkout.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.checkout().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a program into the checkout.
    pub(crate) fn program(&self, file: &str, script: &str) {
        executable(&self.checkout().join(file), script);
    }

    /// Puts a tool on the path, in place of the one that may be there.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let path = self.tools().join(name);
        let _ = fs::remove_file(&path);
        executable(&path, script);
    }

    /// Takes a tool from the path.
    pub(crate) fn without(&self, name: &str) {
        fs::remove_file(self.tools().join(name)).unwrap();
    }

    /// A command that knows the tools and the home, and nothing else of this machine.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.tools().join("bash"));
        command.env_clear().env("PATH", self.tools()).env("HOME", self.home()).current_dir(self.checkout());
        command.arg(program);
        command
    }

    /// Runs a script of the checkout.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        run(self.command(program).args(arguments))
    }

    /// Runs a script of the checkout, after a change to the command.
    pub(crate) fn run_with(&self, program: &str, argument: &str, change: impl FnOnce(&mut Command)) -> Outcome {
        let mut command = self.command(program);
        command.arg(argument);
        change(&mut command);
        run(&mut command)
    }

    /// What the tools were called with, as they wrote it into `calls`.
    pub(crate) fn calls(&self) -> String {
        fs::read_to_string(self.checkout().join("calls")).unwrap_or_default()
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Outcome { status: output.status.code(), text }
}

fn executable(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
