// Keeps secrets out of the report.

const PATTERNS: readonly [RegExp, string][] = [
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, "[token]"],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 [credentials]"],
  [/\b((?:access_|refresh_|id_)?token|code|state|code_verifier|code_challenge|client_secret|client_id|session)(["']?\s*[=:]\s*["']?)[^\s&"',}]+/gi, "$1$2[redacted]"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, "[access key]"],
  [/(?<!\d)\d{12}(?!\d)/g, "[account]"],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, "[address]"],
];

/** Replaces what looks like a secret or is known to be one. */
export class Redactor {
  private readonly known = new Set<string>();

  /** Remembers a secret, and gives it back. */
  secret(value: string): string {
    if (value.length >= 4) this.known.add(value);
    return value;
  }

  redact(text: string): string {
    const without = [...this.known].toSorted((a, b) => b.length - a.length).reduce((rest, value) => rest.replaceAll(value, "[secret]"), text);
    return PATTERNS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), without);
  }
}
