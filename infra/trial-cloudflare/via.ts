// Vantage points: Cloudflare answers at the location nearest to whoever asks, so other locations are asked from elsewhere.

/** A place that requests can be sent from. TLS is between this machine and Cloudflare, so the place sees no token. */
export type Via = { readonly kind: "proxy"; readonly url: URL } | { readonly kind: "ssh"; readonly host: string };

/** @throws Error that says what is wrong with it. */
export function parseVia(text: string): Via {
  if (text.startsWith("ssh:")) {
    const host = text.slice("ssh:".length);
    // ssh would take a name that begins with a hyphen for an option.
    if (!/^[A-Za-z0-9_][\w.@-]*$/.test(host)) throw new Error(`"${text}" names no host: write ssh:HOST or ssh:USER@HOST`);
    return { kind: "ssh", host };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error("a vantage point is http://PROXY:PORT, https://PROXY:PORT or ssh:HOST");
  return { kind: "proxy", url };
}

/** What it is called, without credentials. */
export function describeVia(via: Via | undefined): string {
  if (!via) return "this machine";
  return via.kind === "ssh" ? `ssh ${via.host.split("@").at(-1)}` : `proxy ${via.url.host}`;
}

/** The vantage points of a file: one a line, `#` begins a comment. */
export const viaLines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
