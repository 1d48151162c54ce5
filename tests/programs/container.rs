//! The origin's image: what is in it, and that it serves, locked down as on ECS. `make image-test` builds and runs it.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use edgeward_identity::{Identity, Kind, SigningKey, UnixTime, assertion, names::IDENTITY_HEADER};
use edgeward_tests::{
    by_hand,
    container::Container,
    origin::ready,
    place,
    port::{Port, loopback},
    process::Process,
};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

const ISSUER: &str = "https://edge.example";
const AUDIENCE: &str = "https://origin.example";
/// The limit that the image is held to.
const MAX_BYTES: u64 = 15_000_000;

/// What `make image` made.
fn archive() -> PathBuf {
    place::checkout().join("target/image/edgeward-origin.tar")
}

#[test]
fn the_image_holds_one_program_for_nobody_with_its_own_health_check() -> Result<()> {
    let image = Image::read(&archive())?;
    let config = &image.config["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/edgeward-origin"]));
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD", "/edgeward-origin", "--health"]));
    assert_eq!(image.files, ["LICENSE", "NOTICES.txt", "edgeward-origin", ROOTS]);
    assert_eq!(image.file("NOTICES.txt")?, include_bytes!("../../origin/NOTICES.txt"));
    let bytes = fs::metadata(archive())?.len();
    println!("image_bytes {bytes}");
    assert!(bytes <= MAX_BYTES, "{bytes} bytes");
    Ok(())
}

const ROOTS: &str = "etc/ssl/certs/ca-certificates.crt";

#[test]
fn it_trusts_the_roots_of_mozilla_and_no_others() -> Result<()> {
    let python = place::checkout().join("target/zig/bin/python");
    let output = Command::new(python).args(["-m", "certifi"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pinned = fs::read_to_string(String::from_utf8(output.stdout)?.trim())?;
    assert!(pinned.matches("-----BEGIN CERTIFICATE-----").count() > 100);
    let shipped = String::from_utf8(Image::read(&archive())?.file(ROOTS)?)?;
    assert!(shipped == pinned, "the image's roots are not those of certifi in origin/requirements.txt");
    Ok(())
}

/// What Zig links is named in the bill of materials with the versions that this Zig brings.
#[test]
fn the_parts_that_zig_brings_have_its_versions() -> Result<()> {
    let components: Value = serde_json::from_slice(&fs::read(place::checkout().join("release/components.json"))?)?;
    let version = |name: &str| components[name]["version"].as_str().unwrap_or("none").to_owned();
    let python = place::checkout().join("target/zig/bin/python");
    let run = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(&python).args(arguments).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let header = "import ziglang, pathlib; \
        print((pathlib.Path(ziglang.__file__).parent / 'lib/libc/musl/src/internal/version.h').read_text())";
    assert_eq!(run(&["-c", header])?.trim(), format!("#define VERSION \"{}\"", version("musl")));
    let compiler = run(&["-m", "ziglang", "cc", "--version"])?;
    let clang = format!("clang version {}", version("libunwind"));
    assert_eq!(compiler.lines().next(), Some(&*clang), "LLVM's libunwind comes with its clang");
    Ok(())
}

#[test]
fn its_program_is_static_and_names_no_folder_of_the_machine_that_made_it() -> Result<()> {
    let program = Image::read(&archive())?.file("edgeward-origin")?;
    let names = |words: &str| program.windows(words.len()).any(|window| window == words.as_bytes());
    let home = env::var("HOME").unwrap_or_default();
    let cargo_home = env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    for folder in [&*place::checkout().to_string_lossy(), &cargo_home, "/rustlib/"] {
        assert!(!names(folder), "{folder}");
    }
    // Panics still say where.
    assert!(names("crates/tokio-"));
    // Whoever loads shared libraries is named by a program that has some.
    assert!(!names("/ld-linux") && !names("/ld-musl"));
    Ok(())
}

#[test]
fn the_same_sources_give_the_same_layers() -> Result<()> {
    let folder = place::run_folder("image")?;
    let again = folder.join("again.tar");
    let mut image = Command::new(place::checkout().join("origin/image"));
    // What cargo tells tests would make it compile a part again.
    let users = ["CARGO_HOME", "CARGO_TARGET_DIR"];
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_") && !users.contains(&name)) {
            image.env_remove(name);
        }
    }
    let made = image.arg(architecture()).arg(&again).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (first, second) = (Image::read(&archive())?, Image::read(&again)?);
    assert_eq!(first.config["rootfs"], second.config["rootfs"]);
    Ok(())
}

#[tokio::test]
async fn it_serves_whoever_the_edge_vouches_for_and_ends_well() -> Result<()> {
    let folder = place::run_folder("container")?;
    let key = key()?;
    let port = Port::Free.choose()?;
    let url = format!("http://{}", loopback(port));
    let container = Container::start(&archive(), &variables(&key, port)?, &folder)?;
    ready(container.process(), &format!("{url}/healthz"), StatusCode::OK, Duration::from_secs(20)).await?;
    ensure!(container.execute(&["/edgeward-origin", "--health"])?.success(), "its own probe");
    is_locked_down(container.process_id()?)?;

    let mcp = format!("{url}/mcp");
    let refused = by_hand::whoami(&mcp)?.send().await?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let answer = vouched(by_hand::whoami(&mcp)?, &key)?.send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let said = answer.text().await?;
    ensure!(said.contains("7d8ca528-4931-4254-9273-ea5ee853f271"), "{said}");

    let counting = by_hand::call(&mcp, "count_slowly", &json!({ "steps": 5, "interval_ms": 200 }))?;
    let mut stream = vouched(counting, &key)?.send().await?;
    let mut told = String::from_utf8_lossy(&stream.chunk().await?.context("the first event")?).into_owned();
    container.terminate()?;
    while let Some(chunk) = stream.chunk().await? {
        told += &String::from_utf8_lossy(&chunk);
    }
    ensure!(told.contains("Counted to 5."), "the stream ended early: {told}");
    ensure!(ended(container.process()).await?, "it did not end with 0");
    ensure!(container.process().log().contains(r#""message":"stopped""#), "{}", container.process().log());
    Ok(())
}

async fn ended(process: &Process) -> Result<bool> {
    for _ in 0..500 {
        if let Some(status) = process.exited()? {
            return Ok(status.success());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("it goes on")
}

fn is_locked_down(process_id: u64) -> Result<()> {
    let status = fs::read_to_string(format!("/proc/{process_id}/status"))?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert_eq!(field("Uid:"), "65532\t65532\t65532\t65532");
    assert_eq!(field("CapEff:"), "0000000000000000");
    let mounts = fs::read_to_string(format!("/proc/{process_id}/mountinfo"))?;
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).context("no root")?;
    ensure!(root.split(' ').nth(5).is_some_and(|options| options.split(',').any(|option| option == "ro")), "{root}");
    Ok(())
}

fn key() -> Result<SigningKey> {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "test",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    Ok(SigningKey::from_jwk(&jwk.to_string())?)
}

fn variables(key: &SigningKey, port: u16) -> Result<BTreeMap<String, String>> {
    use edgeward_identity::names::origin as names;
    let jwks = json!({ "keys": [key.public_jwk()] });
    Ok(BTreeMap::from([
        (names::ISSUER.variable.to_owned(), ISSUER.to_owned()),
        (names::AUDIENCE.variable.to_owned(), AUDIENCE.to_owned()),
        (names::JWKS.variable.to_owned(), jwks.to_string()),
        (names::LISTEN.to_owned(), loopback(port).to_string()),
    ]))
}

fn vouched(request: RequestBuilder, key: &SigningKey) -> Result<RequestBuilder> {
    let identity = Identity {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        subject: "7d8ca528-4931-4254-9273-ea5ee853f271".into(),
        kind: Kind::User,
        client_id: "client".into(),
        scopes: vec!["mcp".into()],
        username: Some("demo".into()),
        email: None,
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: "grant".into(),
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(request.header(IDENTITY_HEADER, assertion::mint(&identity, key, UnixTime::from_secs(now), 60)?))
}

/// The name that images have for this machine's processor.
fn architecture() -> &'static str {
    if env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" }
}

/// What an archive says of its image.
struct Image {
    config: Value,
    layers: Vec<PathBuf>,
    /// Everything but folders, in order.
    files: Vec<String>,
}

impl Image {
    fn read(archive: &Path) -> Result<Self> {
        let manifest: Value = serde_json::from_slice(&member(archive, "manifest.json")?)?;
        let image = &manifest[0];
        let config = serde_json::from_slice(&member(archive, image["Config"].as_str().context("no config")?)?)?;
        let (mut files, mut layers) = (Vec::new(), Vec::new());
        for layer in image["Layers"].as_array().context("no layers")? {
            let file = place::run_folder("layer")?.join("layer.tar");
            fs::write(&file, member(archive, layer.as_str().context("a layer without a name")?)?)?;
            let list = tar_list(&file)?;
            files.extend(list.lines().filter(|name| !name.ends_with('/')).map(str::to_owned));
            layers.push(file);
        }
        files.sort();
        Ok(Self { config, layers, files })
    }

    /// What is in one of its files.
    fn file(&self, name: &str) -> Result<Vec<u8>> {
        self.layers.iter().find_map(|layer| member(layer, name).ok()).with_context(|| format!("no {name}"))
    }
}

fn member(archive: &Path, name: &str) -> Result<Vec<u8>> {
    let output = Command::new("tar").arg("xOf").arg(archive).arg(name).output()?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn tar_list(layer: &Path) -> Result<String> {
    let output = Command::new("tar").arg("tf").arg(layer).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
