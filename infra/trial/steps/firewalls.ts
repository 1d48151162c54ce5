import { connect } from "../mcp.ts";
import { text, type HttpAnswer } from "../outside.ts";
import { judged, type Step, type Trial } from "../step.ts";

interface Sent {
  readonly what: string;
  /** Statuses that say that the firewalls do what they should. */
  readonly expected: readonly number[];
  readonly send: () => Promise<HttpAnswer>;
}

const MEBIBYTE = 1024 * 1024;

/** Arguments of tool calls, and what they are answered with. Rules that judge content take the first three for attacks. */
const ARGUMENTS: readonly [what: string, argument: string, status: number][] = [
  ["a loopback URL", "http://127.0.0.1:8080/callback", 200],
  ["markup", "<script>alert(1)</script>", 200],
  ["a path to somewhere else", "../../etc/passwd", 200],
  ["9 KB", "x".repeat(9 * 1024), 200],
  ["3 MB", "x".repeat(3 * MEBIBYTE), 200],
  ["5 MB", "x".repeat(5 * MEBIBYTE), 413],
];

/** Through the edge, as clients do. No request has a `User-Agent`. */
async function throughEdge({ outside, session }: Trial): Promise<Sent[]> {
  const mcp = await connect(outside, session);
  return [
    ...ARGUMENTS.map(([what, note, status]): Sent => ({ what: `a tool call with ${what}`, expected: [status], send: () => mcp.call("whoami", { note }) })),
    { what: "a request without a token", expected: [401], send: () => outside.http({ url: session.resource }) },
  ];
}

/** To CloudFront, around the edge. */
function toCloudFront({ outside }: Trial, origin: string): Sent[] {
  const get = (headers: Record<string, string>) => () => outside.http({ url: `${origin}/mcp`, headers });
  return [
    { what: "no identity, at CloudFront", expected: [401, 403], send: get({}) },
    { what: "a forged identity, at CloudFront", expected: [401, 403], send: get({ "x-edgeward-identity": "a.b.c" }) },
    { what: "a log injection, at CloudFront", expected: [403], send: get({ "User-Agent": "${jndi:ldap://127.0.0.1/a}" }) },
  ];
}

/** To Cognito, as the edge calls it; Cognito knows neither client nor code, but the firewall must let both through. */
function toCognito({ outside }: Trial, domain: string): Sent[] {
  const form = { grant_type: "authorization_code", client_id: "unknown", code: "x".repeat(3000), redirect_uri: "http://127.0.0.1:8080/callback" };
  const request = {
    method: "POST",
    url: `https://${domain}/oauth2/token`,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  } as const;
  return [{ what: "a token call without User-Agent, at Cognito", expected: [400, 401], send: () => outside.http(request) }];
}

export const firewalls: Step = {
  name: "firewalls",
  what: "send what must pass and what must be stopped: through the edge, and directly to CloudFront and Cognito",
  async run(trial) {
    const { outside, job } = trial;
    const parameter = (name: "origin-url" | "cognito-domain") => outside.aws.parameter(job.region, job.names.edgeParameter(name));
    const [origin, domain] = [await parameter("origin-url"), await parameter("cognito-domain")];
    if (!origin || !domain) return judged(false, "there are no parameters that say where CloudFront and the login pages are");
    const facts: string[] = [];
    let good = true;
    for (const { what, expected, send } of [...(await throughEdge(trial)), ...toCloudFront(trial, origin), ...toCognito(trial, domain)]) {
      const answer = await send();
      await text(answer);
      const isExpected = expected.includes(answer.status);
      good &&= isExpected;
      facts.push(`${isExpected ? "ok" : "WRONG"}: ${what}: ${answer.status}${isExpected ? "" : `, and not ${expected.join(" or ")}`}`);
    }
    return judged(good, ...facts);
  },
};
