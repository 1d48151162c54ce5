//! What the platform does before an edge sees a request: the URL says what the client has asked for, not where the edge listens.
//!
//! Tests connect to an edge by its address. Whoever asks for that address as host is taken to mean the edge's public URL, whatever
//! its scheme: so an edge with an https issuer is seen as behind the platform's TLS. Any other `Host` stays, over plain http.

use std::path::Path;

use serde_json::json;

use crate::port::loopback;

/// The script in front of an edge's entry. Requests that are not for the address go on as they are.
pub(super) fn script(entry: &Path, port: u16, public_url: Option<&String>) -> String {
    format!(
        r#"import edge from {entry};
export {{ Refreshes }} from {entry};
const publicUrl = {public_url};
export default {{
  fetch(request, env, ctx) {{
    const {{ host, pathname, search }} = new URL(request.url);
    if (host !== "{address}" || !URL.canParse(publicUrl)) return edge.fetch(request, env, ctx);
    const {{ origin }} = new URL(publicUrl);
    return edge.fetch(new Request(origin + pathname + search, request), env, ctx);
  }},
}};
"#,
        entry = json!(entry),
        public_url = json!(public_url),
        address = loopback(port),
    )
}
