// A request as AWS WAF sees it.

/** An HTTP request, and where it comes from. */
export interface Request {
  readonly method: string;
  /** As it comes: percent-encoding, dots and double slashes included. */
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly address: string;
  /** AWS's list that has the address. @default none */
  readonly listed?: "AWSManagedIPReputationList" | "AWSManagedReconnaissanceList" | "AWSManagedIPDDoSList";
}

/** What a firewall stands before. It decides how much of a body is inspected. */
export type Resource = "CloudFront" | "load balancer" | "user pool";

/** https://docs.aws.amazon.com/waf/latest/APIReference/API_Body.html; none of our firewalls raises it. */
const INSPECTED_BYTES: Record<Resource, number> = { CloudFront: 16_384, "load balancer": 8192, "user pool": 16_384 };

/** Parts of a request, made ready for rules that look for attacks. */
export interface Inspected {
  readonly request: Request;
  readonly bodyBytes: number;
  /** Decoded and in lower case, as far as it is inspected. */
  readonly body: string;
  readonly path: string;
  readonly query: string;
  /** Values of the query's arguments. */
  readonly values: readonly string[];
  readonly cookie: string;
  /** Names and values. */
  readonly headers: string;
}

/** Decodes as much as a rule for attacks would: twice, so that encoding the encoding does not help. */
const plain = (text: string) => decode(decode(text)).toLowerCase();

function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
}

export function inspect(request: Request, resource: Resource): Inspected {
  const bytes = Buffer.from(request.body);
  const { cookie = "", ...others } = request.headers;
  return {
    request,
    bodyBytes: bytes.length,
    // What is longer is inspected as far as it goes: each managed rule has `Continue` for it.
    body: plain(bytes.subarray(0, INSPECTED_BYTES[resource]).toString()),
    path: plain(request.path),
    query: plain(request.query),
    values: [...new URLSearchParams(request.query).values()].map(plain),
    cookie: plain(cookie),
    headers: plain(Object.entries(others).flat().join("\n")),
  };
}
