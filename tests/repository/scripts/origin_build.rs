//! The origin's build context and its image, with tools that fail: they appear when all of it is there, and not before.

use super::sandbox::{Outcome, Sandbox, run};

/// In the place of what makes the binary, the CA roots and the image.
const TOOLS: [(&str, &str); 3] = [
    ("cargo", r#"case $1 in zigbuild) mkdir -p "$out" && echo binary >"$out/edgeward-origin" ;; esac"#),
    ("rustc", "echo x86_64-unknown-linux-gnu"),
    (
        "buildah",
        r#"for word; do case $word in docker-archive:*) path=${word#*:} && echo image >"${path%%:*}" ;; esac; done"#,
    ),
];

fn checkout(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    for file in [
        "origin/compile",
        "origin/image",
        "origin/Dockerfile",
        "origin/NOTICES.txt",
        "LICENSE",
        ".ci/reproducible",
        "release/static",
    ] {
        sandbox.copy(file);
    }
    for (tool, script) in TOOLS {
        let out = sandbox.checkout().join("target/x86_64-unknown-linux-musl/release");
        sandbox.tool(tool, &format!("out='{}'\n{script}\n[ \"${{BROKEN:-}}\" != {tool} ]", out.display()));
    }
    sandbox.write("roots.pem", "roots");
    sandbox.program("target/zig/bin/python", r#"[ "${BROKEN:-}" != python ] && echo "$PWD/roots.pem""#);
    sandbox
}

fn image(sandbox: &Sandbox, broken: &str) -> Outcome {
    let mut command = sandbox.command("origin/image");
    run(command.args(["amd64", "target/image/origin.tar"]).env("BROKEN", broken))
}

#[test]
fn a_tool_that_fails_leaves_no_context_and_no_image() {
    let sandbox = checkout("origin-build");
    let folder = sandbox.checkout().join("target/image");
    let (context, archive) = (folder.join("amd64"), folder.join("origin.tar"));
    for broken in ["cargo", "rustc", "python", "buildah"] {
        sandbox.write("target/image/origin.tar", "older");
        sandbox.write("target/image/amd64/Dockerfile", "older");
        image(&sandbox, broken).fails();
        assert!(!archive.exists(), "{broken}");
        assert_eq!(context.exists(), broken == "buildah", "{broken}");
    }
    image(&sandbox, "").passes();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    assert_eq!(read("origin.tar"), "image\n");
    assert_eq!(read("amd64/root/edgeward-origin"), "binary\n");
    assert_eq!(read("amd64/root/etc/ssl/certs/ca-certificates.crt"), "roots");
    for (file, original) in [
        ("Dockerfile", include_str!("../../../origin/Dockerfile")),
        ("root/LICENSE", include_str!("../../../LICENSE")),
        ("root/NOTICES.txt", include_str!("../../../origin/NOTICES.txt")),
    ] {
        assert!(read(&format!("amd64/{file}")) == original, "{file}");
    }
}
