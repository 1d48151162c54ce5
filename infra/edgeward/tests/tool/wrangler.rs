//! A double of wrangler: what it is told, and what it says.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// A wrangler that writes down what it is told, and knows whether there is a Worker.
    pub(crate) fn install_wrangler(&self) {
        let script = r#"#!/bin/sh
folder=$(dirname "$0")
echo "$*" >>"$folder/calls"
env >>"$folder/environment"
if [ "$WRANGLER_LOG" = none ]; then exec 2>/dev/null; fi
kind=$1
if [ "$1 $2" = "secret list" ]; then kind=list; fi
if [ "$1 $2" = "deploy --dry-run" ]; then kind=bundle; fi
if [ -e "$folder/fails-$kind" ]; then
    echo "wrangler cannot $kind" >&2
    cat "$folder/fails-$kind" >&2
    exit 1
fi
case $kind in
bundle)
    mkdir -p "$8"
    case $8 in *.wrangler/bundle-*) ;; *) exit 1 ;; esac
    echo code >"$8/entry.js"
    head -c "$(cat "$folder/wasm-bytes" 2>/dev/null || echo 1)" /dev/urandom >"$8/index_bg.wasm"
    ;;
deploy)
    if mv "$folder/meanwhile" "$folder/now" 2>/dev/null; then sh "$folder/now" || exit 1; fi
    : >"$folder/worker"
    for argument; do
        if [ "$before" = --tag ]; then echo "$argument" >"$folder/tag"; fi
        before=$argument
    done
    cp "$7" "$folder/config" || exit 1
    cat "$9" >"$folder/stdin"
    if [ -e "$folder/warns" ] && [ "$WRANGLER_LOG" != error ]; then cat "$folder/warns" >&2; fi
    ;;
list)
    if [ ! -e "$folder/worker" ]; then
        echo "✘ [ERROR] Worker \"$4\" not found." >&2
        exit 1
    fi
    cat "$folder/standing" 2>/dev/null || echo "[]"
    ;;
deployments) echo '{"versions": [{"version_id": "the-only-one", "percentage": 100}]}' ;;
versions)
    cat "$folder/version" 2>/dev/null ||
        echo "{\"resources\": {\"bindings\": []}, \"annotations\": {\"workers/tag\": \"$(cat "$folder/tag")\"}}"
    ;;
secret) cat >"$folder/stdin" ;;
delete)
    if ! rm "$folder/worker" 2>/dev/null; then
        echo "✘ [ERROR] A request to the Cloudflare API (/accounts/account-1/workers/services/$3) failed." >&2
        echo "  This Worker does not exist on this account. [code: 10090]" >&2
        exit 1
    fi
    ;;
esac
"#;
        self.install("wrangler", script);
    }

    /// wrangler's calls so far, without the questions before.
    pub(crate) fn wrangler_calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        let is_question = |line: &str| {
            ["whoami", "--version", "secret list", "deploy --dry-run", "deployments", "versions"]
                .iter()
                .any(|start| line.starts_with(start))
        };
        calls.lines().filter(|line| !is_question(line)).map(str::to_owned).collect()
    }

    /// What wrangler was last told on its standard input.
    pub(crate) fn wrangler_secrets(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join("stdin")).unwrap()).unwrap()
    }

    /// The configuration that wrangler last deployed from.
    pub(crate) fn wrangler_config(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join("config")).unwrap()).unwrap()
    }

    /// The files of their own that wrangler has deployed from, none of which may be left, and neither may their bundles.
    #[track_caller]
    pub(crate) fn wrangler_files(&self) -> Vec<String> {
        let calls = self.wrangler_calls();
        let files = calls.iter().filter_map(|call| call.split_once(" --config ")?.1.split(' ').next());
        let files: Vec<_> = files.map(str::to_owned).collect();
        let edge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../edge/cloudflare");
        assert!(edge.join("wrangler.toml").exists());
        for file in &files {
            assert!(!edge.join(file).exists(), "{file} is left lying about");
            let bundle = file.replace(".wrangler-", ".wrangler/bundle-").replace(".json", "");
            assert!(!edge.join(&bundle).exists(), "{bundle} is left lying about");
        }
        files
    }

    /// There is a Worker, with these secrets and variables.
    pub(crate) fn has_worker(&self, secrets: &[&str], variables: &[(&str, &str)]) {
        let secrets: Vec<_> = secrets.iter().map(|name| json!({ "name": name, "type": "secret_text" })).collect();
        let variable = |(name, text): &(&str, &str)| json!({ "type": "plain_text", "name": name, "text": text });
        let mut bindings: Vec<_> = variables.iter().map(variable).collect();
        bindings.extend(secrets.clone());
        bindings.push(json!({ "type": "ratelimit", "name": "CLIENT_LIMIT" }));
        let version = json!({ "id": "the-only-one", "resources": { "bindings": bindings } });
        for (file, content) in [("worker", json!({})), ("standing", json!(secrets)), ("version", version)] {
            fs::write(self.folder.join(file), content.to_string()).unwrap();
        }
    }

    /// wrangler's calls of this kind fail from now on.
    pub(crate) fn wrangler_fails(&self, kind: &str) {
        self.wrangler_fails_with(kind, "");
    }

    /// wrangler's calls of this kind fail from now on, and say this.
    pub(crate) fn wrangler_fails_with(&self, kind: &str, words: &str) {
        fs::write(self.folder.join(format!("fails-{kind}")), words).unwrap();
    }

    /// wrangler's bundle has this many bytes that cannot be compressed.
    pub(crate) fn wrangler_bundles(&self, bytes: usize) {
        fs::write(self.folder.join("wasm-bytes"), bytes.to_string()).unwrap();
    }

    /// wrangler deploys from now on, and warns of this.
    pub(crate) fn wrangler_warns(&self, words: &str) {
        fs::write(self.folder.join("warns"), words).unwrap();
    }

    /// The next time that wrangler deploys, this happens between its beginning and its end.
    pub(crate) fn while_wrangler_deploys(&self, script: &str) {
        fs::write(self.folder.join("meanwhile"), script).unwrap();
    }

    pub(crate) fn wrangler_works_again(&self, kind: &str) {
        fs::remove_file(self.folder.join(format!("fails-{kind}"))).unwrap();
    }
}
