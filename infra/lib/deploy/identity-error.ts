import type { Identity } from "./aws.ts";

/** What an error of STS says about credentials and region. */
export function explainIdentityError(error: unknown): Identity {
  const { name, code, message } = error as { name: string; code?: string; message: string };
  const text = `${name} ${code ?? ""} ${message}`;
  if (/expired/i.test(text)) return { kind: "expired", message };
  if (/CredentialsProvider|TokenProvider|Credential is missing|ProfileNotFound/i.test(text)) return { kind: "absent", message };
  if (name === "RegionDisabledException") return { kind: "disabled", message };
  if (/InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature|InvalidAccessKeyId|AuthFailure/.test(text)) {
    return { kind: "invalid", message };
  }
  if (code === "ENOTFOUND") return { kind: "nowhere", message };
  return { kind: "silent", message: `${name}: ${message}` };
}
