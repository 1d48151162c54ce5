//! What is given to others: its licence notices, its bill of materials, its archives, and the workflows that publish it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{documents, is_target, read, root, tools::Tools};
use serde_json::Value;

/// What marks a place that whoever publishes the repository fills in.
const PLACEHOLDER: &str = "**[FILL IN: ";

struct Artifact {
    name: String,
    package: String,
    targets: Vec<String>,
    notices: String,
    other: BTreeSet<String>,
}

fn artifacts() -> Vec<Artifact> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
    let artifacts: Value = serde_json::from_str(&read("release/artifacts.json")).unwrap();
    let artifacts = artifacts.as_array().unwrap().iter().map(|artifact| Artifact {
        name: text(&artifact["name"]),
        package: text(&artifact["package"]),
        targets: list(&artifact["targets"]),
        notices: text(&artifact["notices"]),
        other: list(&artifact["other"]).into_iter().collect(),
    });
    artifacts.collect()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every crate that is linked, as `name version`, and whether it is ours.
fn linked(artifact: &Artifact, target: &str) -> BTreeMap<String, bool> {
    let arguments = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).args(["--package", &artifact.package, "--target", target]).current_dir(root());
    let tree = printed(cargo.output().unwrap());
    let crates = tree.lines().map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        (format!("{} {}", words[0], words[1].trim_start_matches('v')), words.iter().any(|word| word.starts_with("(/")))
    });
    crates.collect()
}

#[test]
fn the_notices_name_every_crate_that_is_linked_and_no_other() {
    for artifact in artifacts() {
        let linked: BTreeMap<_, _> = artifact.targets.iter().flat_map(|target| linked(&artifact, target)).collect();
        assert!(linked.len() > 50, "{} crates", linked.len());
        let notices = read(&artifact.notices);
        let (list, texts) = notices.split_once("\n====").unwrap();
        let lines = list.lines().filter_map(|line| line.split_once(": "));
        // What is no crate has a title of several words.
        let named: BTreeSet<_> =
            lines.map(|(name, _)| name.to_owned()).filter(|name| name.split(' ').count() == 2).collect();
        let linked_names: BTreeSet<_> = linked.keys().cloned().collect();
        let differing: Vec<_> = named.symmetric_difference(&linked_names).collect();
        assert!(differing.is_empty(), "{}: run `make notices`; it differs in {differing:?}", artifact.notices);

        let owners = texts.replace('\n', " ");
        for (name, _) in linked.iter().filter(|(_, is_ours)| !**is_ours) {
            assert!(owners.contains(name), "{}: there is no text for {name}", artifact.notices);
        }
    }
}

/// `name-1.2.3` as name and version; a version may have a `-` too.
fn split_version(crate_name: &str) -> Option<(&str, &str)> {
    let is_version = |text: &str| {
        let numbers: Vec<_> = text.splitn(3, '.').collect();
        numbers.len() == 3 && numbers[..2].iter().all(|number| number.parse::<u32>().is_ok())
    };
    let mut splits = crate_name.match_indices('-').map(|(at, _)| (&crate_name[..at], &crate_name[at + 1..]));
    splits.find(|(_, version)| is_version(version))
}

/// The crates whose source files a binary names in its messages: name and version.
fn named_in(binary: &[u8]) -> BTreeSet<(String, String)> {
    let text = String::from_utf8_lossy(binary);
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let before = text.match_indices("/src/").map(|(at, _)| &text[..at]);
    let words = before.filter_map(|before| before.rsplit(|c| !is_of_name(c)).next());
    words.filter_map(split_version).map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

#[test]
fn the_notices_name_every_crate_that_the_edge_itself_names() {
    let wasm = fs::read(root().join("edge/cloudflare/build/index_bg.wasm")).expect("`make edge` makes it");
    let named = named_in(&wasm);
    assert!(named.len() > 20, "{named:?}");
    let notices = read("edge/cloudflare/NOTICES.txt").replace('\n', " ");
    let is_named = |(name, version): &&(String, String)| {
        notices.contains(&format!(" {name} {version}: ")) || notices.contains(&format!("{name}-{version} (in the Rust"))
    };
    let missing: Vec<_> = named.iter().filter(|name| !is_named(name)).collect();
    assert!(missing.is_empty(), "edge/cloudflare/NOTICES.txt has no {missing:?}");
}

#[test]
fn what_is_deployed_has_nothing_of_the_builds_for_tests() {
    let wasm = fs::read(root().join("edge/cloudflare/build/index_bg.wasm")).expect("`make edge` makes it");
    let has = |text: &str| wasm.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("/healthz"), "texts cannot be found like this");
    for text in ["test-panic", "test-contract", "edge/contract"] {
        assert!(!has(text), "the edge has {text}: `make edge` compiles it without features");
    }
}

#[test]
fn what_is_deployed_has_no_path_of_its_builder() {
    let wasm = fs::read(root().join("edge/cloudflare/build/index_bg.wasm")).expect("`make edge` makes it");
    let home = std::env::var("HOME").unwrap_or_default();
    for path in [root().to_string_lossy().into_owned(), format!("{home}/"), ".cargo/registry".to_owned()] {
        assert!(!wasm.windows(path.len()).any(|window| window == path.as_bytes()), "the edge has the path {path}");
    }
}

#[test]
fn the_bill_of_materials_names_the_crates_that_are_linked_and_is_the_same_each_time() {
    for artifact in artifacts() {
        let bill = || {
            printed(
                Command::new(root().join("release/sbom"))
                    .args([&artifact.name, &artifact.targets[0]])
                    .output()
                    .unwrap(),
            )
        };
        let first = bill();
        assert_eq!(first, bill(), "{}", artifact.name);

        let bill: Value = serde_json::from_str(&first).unwrap();
        let (mut crates, mut other) = (BTreeSet::new(), BTreeSet::new());
        let root = &bill["metadata"]["component"];
        for component in bill["components"].as_array().unwrap().iter().chain([root]) {
            let name = component["name"].as_str().unwrap();
            if component["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/")) {
                crates.insert(format!("{name} {}", component["version"].as_str().unwrap()));
            } else {
                other.insert(name.to_owned());
            }
        }
        assert_eq!(crates, linked(&artifact, &artifact.targets[0]).into_keys().collect(), "{}", artifact.name);
        assert_eq!(other, artifact.other, "{}", artifact.name);
    }
}

#[test]
fn an_archive_depends_on_names_and_contents_alone() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("archive");
    let _ = fs::remove_dir_all(&folder);
    let pack = |name: &str, order: [&str; 2], content: &str| {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("one"), content).unwrap();
        fs::write(folder.join("two"), "2").unwrap();
        // A time of its own.
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * name.len() as u64);
        fs::File::options().append(true).open(folder.join("two")).unwrap().set_modified(long_ago).unwrap();
        let archive = folder.join("it.tar.gz");
        let mut command = Command::new(root().join("release/archive"));
        printed(command.arg(&archive).arg("it").args(order.map(|name| folder.join(name))).output().unwrap());
        fs::read(archive).unwrap()
    };
    let first = pack("first", ["one", "two"], "1");
    assert_eq!(first, pack("the second", ["two", "one"], "1"));
    assert_ne!(first, pack("another", ["one", "two"], "3"));
}

/// A checkout, in a path with a space, whose tools do what their names say and nothing more.
struct Release {
    folder: PathBuf,
    tools: Tools,
}

impl Release {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("release {name}"));
        let _ = fs::remove_dir_all(&folder);
        let notices: Vec<_> = artifacts().into_iter().map(|artifact| artifact.notices).collect();
        let copied =
            [".ci/reproducible", "release/build", "release/archive", "release/checksums", "Cargo.toml", "LICENSE"];
        for file in copied.into_iter().chain(notices.iter().map(String::as_str)) {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::copy(root().join(file), folder.join(file)).unwrap();
        }
        let own = Tools::new(folder.join("release"));
        own.add("notices", r#"[ "$1" = --check ]"#);
        own.add("sbom", r#"echo "$1 for $2""#);
        own.add("worker", r#"mkdir -p "$2"; echo "main of $1" >"$2/wrangler.toml""#);
        own.add("static", r#"f=target/$1/release; mkdir -p $f; echo "tool for $1" >$f/edgeward; chmod +x $f/edgeward"#);
        Tools::new(folder.join(".ci")).add("setup", "");
        fs::create_dir_all(folder.join("edge/cloudflare")).unwrap();
        let tools = Tools::new(folder.join("tools"));
        tools.add("uname", r#"case $1 in -s) echo "${SYSTEM:-Linux}" ;; -m) echo "${MACHINE:-x86_64}" ;; esac"#);
        tools.add("rustc", "echo host: aarch64-apple-darwin");
        tools.add(
            "make",
            r#"case $2 in
                size) mkdir -p target/bundle; echo js >target/bundle/index.js; echo wasm >target/bundle/index.wasm ;;
                image) mkdir -p target/image; echo image >target/image/edgeward-origin.tar ;;
            esac"#,
        );
        tools.add(
            "cargo",
            r#"f=target/aarch64-apple-darwin/release; mkdir -p $f; echo tool >$f/edgeward; chmod +x $f/edgeward"#,
        );
        Self { folder, tools }
    }

    fn build(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(self.folder.join("release/build"));
        command.args(arguments).env("PATH", self.tools.path()).env_remove("BASH_ENV").env_remove("CARGO_TARGET_DIR");
        command.envs(variables.iter().copied()).output().unwrap()
    }

    /// Names of the files that were made; none if there is no folder.
    fn files(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.folder.join("target/release-artifacts")) else { return Vec::new() };
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The files of an artifact, with their end.
fn files_of(name: &str, end: &str) -> [String; 3] {
    [format!("{name}.NOTICES.txt"), format!("{name}.cdx.json"), format!("{name}{end}")]
}

#[test]
fn a_release_has_every_artifact_with_its_notices_its_bill_and_its_checksum() {
    let release = Release::new("whole");
    printed(release.build(&[], &[]));
    let version = env!("CARGO_PKG_VERSION");
    let mut expected = vec!["SHA256SUMS".to_owned()];
    for target in ["aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"] {
        expected.extend(files_of(&format!("edgeward-cli-{version}-{target}"), ".tar.gz"));
    }
    expected.extend(files_of(&format!("edgeward-origin-{version}-amd64"), ".tar"));
    expected.extend(files_of(&format!("edgeward-worker-{version}"), ".tar.gz"));
    assert_eq!(release.files(), expected);

    let folder = release.folder.join("target/release-artifacts");
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let summed: Vec<_> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(summed, expected[1..]);
    let bill = fs::read_to_string(folder.join(format!("edgeward-origin-{version}-amd64.cdx.json"))).unwrap();
    assert_eq!(bill, "edgeward-origin for x86_64-unknown-linux-musl\n");
}

#[test]
fn the_archive_of_the_tool_has_the_worker_beside_it() {
    let release = Release::new("tool");
    printed(release.build(&["cli"], &[]));
    let name = format!("edgeward-cli-{}-aarch64-unknown-linux-musl", env!("CARGO_PKG_VERSION"));
    let archive = release.folder.join("target/release-artifacts").join(format!("{name}.tar.gz"));
    let listed = printed(Command::new("tar").arg("-tzf").arg(&archive).output().unwrap());
    let expected = ["LICENSE", "NOTICES.txt", "edgeward", "worker/NOTICES.txt", "worker/wrangler.toml"];
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected.map(|file| format!("{name}/{file}")));
    let tool =
        printed(Command::new("tar").arg("-xOzf").arg(&archive).arg(format!("{name}/edgeward")).output().unwrap());
    assert_eq!(tool, "tool for aarch64-unknown-linux-musl\n");
}

#[test]
fn on_macos_the_image_is_left_out_aloud() {
    let release = Release::new("macos");
    let said = printed(release.build(&[], &[("SYSTEM", "Darwin"), ("MACHINE", "arm64")]));
    assert!(said.contains("no image: that is built on Linux"), "{said}");
    let files = release.files();
    assert_eq!(files.len(), 7, "{files:?}");
    assert!(!files.iter().any(|name| name.contains("origin")), "{files:?}");
    assert!(!release.build(&["image"], &[("SYSTEM", "Darwin")]).status.success());
}

#[test]
fn a_tool_that_fails_leaves_no_release() {
    let release = Release::new("broken");
    let linux = ["make", "rustc", "notices", "sbom", "worker", "static", "setup"].map(|tool| (tool, "Linux"));
    for (tool, system) in linux.into_iter().chain([("cargo", "Darwin")]) {
        let system = ("SYSTEM", system);
        printed(release.build(&[], &[system]));
        let output = release.build(&[], &[system, ("BROKEN", tool)]);
        assert!(!output.status.success(), "{tool}: {output:?}");
        assert_eq!(release.files(), Vec::<String>::new(), "{tool}");
    }
}

/// Every workflow, by its file name.
fn workflows() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap();
    let workflows: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| (name.clone(), read(format!(".github/workflows/{name}"))))
        .collect();
    assert!(workflows.len() >= 3, "{}", workflows.len());
    workflows
}

/// The values of a key of one line, without the `- ` of a list.
fn values<'a>(workflow: &'a str, key: &str) -> Vec<&'a str> {
    let lines = workflow.lines().map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(key)).map(str::trim).collect()
}

#[test]
fn workflows_run_targets_and_scripts_that_are_there() {
    for (name, workflow) in workflows() {
        let commands = values(&workflow, "run: ");
        assert!(!commands.is_empty(), "{name}");
        for command in commands {
            let words: Vec<_> = command.split(' ').collect();
            let is_there = is_target(&words[..words.len().min(2)].join(" ")) || root().join(words[0]).is_file();
            assert!(is_there, "{name} runs {command}");
        }
    }
}

#[test]
fn workflows_pin_actions_by_commit_and_give_them_little() {
    for (name, workflow) in workflows() {
        for action in values(&workflow, "uses: ") {
            let (commit, version) =
                action.split_once('@').and_then(|(_, rest)| rest.split_once(" # v")).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{name} uses {action}");
        }
        let count = |text: &str| workflow.matches(text).count();
        assert_eq!(count("persist-credentials: false"), count("uses: actions/checkout@"), "{name}");
        assert_eq!(count("timeout-minutes: "), count("runs-on: "), "{name}");
        assert!(workflow.contains("\npermissions:"), "{name}");
        assert!(!workflow.contains("secrets."), "{name}");
    }
}

/// Every placeholder of the documents: file and what belongs there.
fn placeholders() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for path in documents(".") {
        let text = read(&path);
        let path = path.strip_prefix(".").unwrap_or(&path).to_str().unwrap();
        for rest in text.split(PLACEHOLDER).skip(1) {
            let (what, _) = rest.split_once("]**").unwrap_or_else(|| panic!("{path}: a placeholder has no end"));
            found.insert((path.to_owned(), what.to_owned()));
        }
    }
    found
}

#[test]
fn every_placeholder_is_in_the_list_of_what_to_fill_in() {
    let page = read("docs/releases.md");
    let section = page.split("## Set up a repository").nth(1).unwrap();
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with("| file |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<_> = rows
        .map(|row| row.trim_matches('|').split_once(" | ").unwrap())
        .map(|(file, what)| (file.trim().trim_matches('`').to_owned(), what.trim().to_owned()))
        .collect();
    let found = placeholders();
    for (file, what) in &found {
        println!("to fill in: {file}: {what}");
    }
    assert_eq!(found, listed);
}
