//! The licences of what the tool is made of come with it.

use std::process::{Command, Stdio};

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgeward"));
    command.arg("licenses");
    command
}

#[test]
fn the_licences_are_printed() {
    let output = tool().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), include_str!("../../NOTICES.txt"));
}

#[test]
fn a_pager_may_be_closed_before_the_end() {
    let mut child = tool().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // There is more to print than a pipe holds.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
