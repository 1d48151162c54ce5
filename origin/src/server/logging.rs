//! Logs: one JSON object per line on standard output.

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Sends logs to standard output; `RUST_LOG` says how much, by default `info`.
///
/// Whatever it says, crates whose logs hold request bodies, headers or tool arguments stay silent: a debugging session
/// in production must not write down what users asked.
pub fn init() {
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let wanted = EnvFilter::builder().with_default_directive(Level::INFO.into()).from_env_lossy();
    let allowed = filter_fn(may_speak);
    // A second call, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(lines.with_filter(allowed).with_filter(wanted)).try_init();
}

fn may_speak(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_of = |crate_name: &str| {
        target.strip_prefix(crate_name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    // rmcp logs whole messages, also at `warn` and `error` (a message that does not fit is quoted in full).
    // The AWS crates log requests and answers, parameters included, below `info`; hyper and h2 log headers at `trace`.
    let silent = is_of("rmcp");
    let quiet = target.starts_with("aws_") || is_of("hyper") || is_of("h2") || is_of("rustls") || is_of("hyper_util");
    !silent && (!quiet || *metadata.level() <= Level::INFO)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn crates_that_log_payloads_stay_silent_whatever_is_asked_for() {
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry()
            .with(lines.with_filter(filter_fn(may_speak)).with_filter(EnvFilter::new("trace")));
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "rmcp::service", "no-1");
            tracing::debug!(target: "aws_smithy_runtime::client", "no-2");
            tracing::warn!(target: "aws_config", "yes-1");
            tracing::trace!(target: "edgeward_origin", "yes-2");
            tracing::trace!(target: "rmcpanything", "yes-3");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("no-"), "{text}");
        assert!(["yes-1", "yes-2", "yes-3"].iter().all(|word| text.contains(word)), "{text}");
    }
}
