//! `.ci/lint`: each rule catches its line, and passes what it should not catch.

use super::sandbox::Sandbox;

const RULES: &str = include_str!("../../../.ci/lint-rules");

/// Of each rule: the line that it must catch, and its advice.
fn rules() -> Vec<(&'static str, &'static str)> {
    let rules = RULES.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rules
        .map(|line| {
            let [_, example, advice] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            (example, advice)
        })
        .collect()
}

/// shellcheck has opinions of its own, which are not looked at here.
fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.tool("shellcheck", "cat >/dev/null </dev/null");
    sandbox
}

#[test]
fn each_rule_catches_its_line() {
    let sandbox = sandbox("lint-rules");
    let script: String = rules().iter().map(|(example, _)| format!("{example}\n")).collect();
    sandbox.write("script", &script);
    let outcome = sandbox.run(".ci/lint", &["script"]);
    outcome.fails();
    assert!(rules().len() > 40, "{}", rules().len());
    for (index, (example, advice)) in rules().into_iter().enumerate() {
        outcome.says(&format!("script:{}: not for macOS: {advice}\n    {example}\n", index + 1));
    }
}

#[test]
fn portable_lines_pass() {
    let lines = [
        "# nproc is not there, and mapfile is bash 4",
        "cargo install --list | grep -xF 'a b:' >/dev/null",
        "run ${list[@]+\"${list[@]}\"} ${1+\"$@\"}",
        "sed -n 's/^version = \"\\(.*\\)\"/\\1/p' file; sed -e '/a/d' -e 's/b/c/; /d/d' file",
        "wait \"$child\"; local name=a; printf '%s\\n' \"${name%%.*}\" \"${name:0:2}\"",
        "a && b || c; make >log 2>&1 &",
        "find . -name '*.rs' -print; cp -R a b; sort -u file; head -n 3 file",
        "nproc # lint: Linux alone comes here",
    ];
    let sandbox = sandbox("lint-portable");
    sandbox.write("script", &(lines.join("\n") + "\n"));
    sandbox.run(".ci/lint", &["script"]).passes();
}

#[test]
fn recipes_that_do_not_fail_by_themselves_are_caught() {
    let bad = [
        "first; second",
        "first | second",
        "first &",
        "-first",
        "@-first",
        "cd folder && \\\n\t\tfirst; second",
        "$(TARGET)/debug/edgeward-demo",
        "cp \"a b\" $(CURDIR)/c",
    ];
    let sandbox = sandbox("lint-recipes");
    for line in bad {
        sandbox.write("bad.mk", &format!("name:\n\t{line}\n"));
        sandbox.run(".ci/lint", &["bad.mk"]).fails().says("bad.mk:2: ");
    }
    for line in [".SHELLFLAGS := -e -c", ".ONESHELL:", "HOST != hostname", "A := $(file <a)"] {
        sandbox.write("bad.mk", &format!("{line}\n"));
        sandbox.run(".ci/lint", &["bad.mk"]).fails().says("bad.mk:1: not in make 3.81");
    }
}

#[test]
fn recipes_that_fail_by_themselves_pass() {
    let good = "FLAGS := --a \\\n\t--b\nname: other\n\t@first 'a; b' && \\\n\t\tsecond \"$(TARGET)/c | d\" >log 2>&1\n\t[ a ] || third\n\t@# why; how\n";
    let sandbox = sandbox("lint-good-recipes");
    sandbox.write("good.mk", good);
    sandbox.run(".ci/lint", &["good.mk"]).passes();
}

#[test]
fn what_shellcheck_says_fails_the_lint() {
    let sandbox = sandbox("lint-shellcheck");
    sandbox.write("script", "first\n");
    sandbox.write("good.mk", "name:\n\tfirst\n");
    sandbox.tool("shellcheck", "echo SC2086; exit 1");
    sandbox.run(".ci/lint", &["script"]).fails().says("SC2086");
    sandbox.run(".ci/lint", &["good.mk"]).fails().says("SC2086");
    sandbox.without("shellcheck");
    sandbox.run(".ci/lint", &["script"]).fails().says(".ci/setup check");
}
