// A world for trials at Cloudflare that only pretends: locations with edges behind them, Cloudflare's API, and a person.

import type { HttpAnswer, HttpRequest } from "../../trial/outside.ts";
import type { CloudflareAws, CloudflareOutside, Cut, ViaRequest } from "../../trial-cloudflare/outside.ts";
import { describeVia } from "../../trial-cloudflare/via.ts";
import { TOKEN } from "../deploy/world.ts";
import { answer, chunks, FakeOutside, FakeTrialAws, ISSUER, SECRETS } from "../trial/outside.ts";

export const ORIGIN = "https://d111.cloudfront.net";
export const ORIGIN_PARAMETER = "eu-west-1 /edgeward/trial/edge/origin-url";
export const API_ACCOUNT = "0123456789abcdef0123456789abcdef";

class FakeCloudflareAws extends FakeTrialAws implements CloudflareAws {
  async changeParameter(region: string, name: string, value: string) {
    this.parameters.set(`${region} ${name}`, value);
  }
}

export class FakeCloudflare extends FakeOutside implements CloudflareOutside {
  override readonly aws = new FakeCloudflareAws(this.pool);
  /** Whether the Worker is there. */
  isServed = false;
  /** Ids of the edge's keys; the first signs. */
  keys = ["key-a"];
  /** The origin that the edge has been pushed with. */
  origin = ORIGIN;
  readonly cuts: { url: string; cut: Cut }[] = [];
  /** Answers otherwise than the edge would. */
  instead: (request: HttpRequest, location: string) => HttpAnswer | undefined = () => undefined;
  /** Called at the beginning and at the end of every program. */
  during: (argv: readonly string[], when: "begins" | "ends") => void = () => {};
  /** Life of a token. The clock goes faster here: whoever waits moves it for all. */
  tokenSeconds = 1800;
  /** Records of logs with a callback's query, CPU of a request in ms, data points of a request. */
  leaked = 0;
  /** Lines that a call leaves which passes, and any other request; records of an invocation that each leaves. */
  linesOfCall = 0;
  linesEach = 1;
  invocationsEach = 0;
  cpuEach = 1.5;
  pointsEach = 1;
  /** Invocations by outcome, beside those that succeeded. */
  outcomes: Record<string, number> = {};
  /** Requests that Cloudflare has not counted yet. */
  late = () => 0;
  /** Datasets of Cloudflare that are refused. */
  refused: string[] = [];
  /** What the stream is when it is resumed. */
  resumed: () => AsyncIterable<string> = () => chunks();
  /** When requests came, and whether each was a call that passed. */
  readonly served: { time: number; isCall: boolean }[] = [];
  private issued = 0;

  override pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  override readonly now = () => (this.clock += 10);

  override variables: Record<string, string | undefined> = { CLOUDFLARE_API_TOKEN: TOKEN, CLOUDFLARE_ACCOUNT_ID: API_ACCOUNT };

  override readonly programs = {
    run: async (argv: readonly string[]) => {
      this.ran.push([...argv]);
      const line = argv.join(" ");
      this.during(argv, "begins");
      const status = this.failing.some((start) => line.includes(start)) ? 1 : 0;
      // Long enough for what goes on meanwhile.
      for (let turn = 0; turn < 10; turn++) await this.wait(500);
      if (status === 0) this.effectOf(line);
      this.during(argv, "ends");
      return status;
    },
    succeeds: async () => true,
  };

  private effectOf(line: string) {
    if (/edgeward push/.test(line)) {
      this.isServed = true;
      this.origin = this.aws.parameters.get(ORIGIN_PARAMETER) ?? "";
    }
    if (/edgeward remove|wrangler delete/.test(line)) this.isServed = false;
    if (!/edgeward rotate .*signing/.test(line)) return;
    const [first = "", second] = this.keys;
    if (line.includes("--force-remove")) this.keys = [first];
    else this.keys = second ? [second, first] : [first, `${first}-next`];
  }

  /** A token that a key of the edge has signed. */
  token(key = this.keys[0]): string {
    const header = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: key })).toString("base64url");
    return `${header}.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl${this.issued++}`;
  }

  async cutShort({ url }: HttpRequest, cut: Cut): Promise<number | undefined> {
    this.cuts.push({ url, cut });
    return undefined;
  }

  override async http({ via, ...request }: ViaRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    const { hostname } = new URL(request.url);
    if (hostname === "api.cloudflare.com") return this.api(request);
    if (!this.isServed) throw new Error(`getaddrinfo ENOTFOUND ${hostname}`);
    if (via?.kind === "ssh" && via.host === "dead") throw new Error("ssh: connect to host dead: Connection refused");
    const location = { "this machine": "DUB", "proxy 127.0.0.1:3128": "NRT" }[describeVia(via)] ?? "GRU";
    const time = this.clock;
    const given = this.instead(request, location) ?? this.edge(request);
    this.served.push({ time, isCall: request.headers?.["Authorization"] !== undefined && given.status < 400 });
    return { ...given, headers: { ...given.headers, "cf-ray": `8f00000000000000-${location}`, server: "cloudflare" } };
  }

  private edge(request: HttpRequest): HttpAnswer {
    const { protocol, pathname } = new URL(request.url);
    if (protocol === "http:") return answer(308, "", { location: request.url.replace("http:", "https:") });
    switch (pathname) {
      case "/.well-known/oauth-authorization-server": {
        const endpoints = { authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token`, registration_endpoint: `${ISSUER}/register` };
        return answer(200, endpoints, { "strict-transport-security": "max-age=31536000" });
      }
      case "/.well-known/jwks.json":
        return answer(200, { keys: this.keys.map((kid) => ({ kid })) });
      case "/register":
        return answer(201, { client_id: SECRETS.client });
      case "/token":
        return answer(200, { access_token: this.token(), refresh_token: SECRETS.refresh, expires_in: this.tokenSeconds });
    }
    const [, header = ""] = /^Bearer ([^.]+)\./.exec(request.headers?.["Authorization"] ?? "") ?? [];
    const kid = header && JSON.parse(Buffer.from(header, "base64url").toString()).kid;
    if (!this.keys.includes(kid)) return answer(401, "", { "www-authenticate": "Bearer" });
    if (this.origin !== ORIGIN) return answer(502, '{"error":"bad_gateway"}');
    if (request.headers?.["Last-Event-ID"]) return { ...answer(200), body: this.resumed() };
    const message = JSON.parse(request.body ?? "{}");
    switch (message.method) {
      case "initialize":
        return answer(200, "{}", { "mcp-session-id": "session-of-a-client" });
      case "tools/list":
        return answer(200, { tools: [{ name: "whoami" }, { name: "count_slowly" }] });
      case "tools/call":
        return message.params.name === "count_slowly" ? { ...answer(200), body: this.stream } : answer(200, { username: "alice", isError: false });
    }
    return answer(202);
  }

  private api({ url, headers, body = "{}" }: HttpRequest): HttpAnswer {
    if (headers?.["Authorization"] !== `Bearer ${TOKEN}`) return answer(403, { errors: [{ message: "Authentication error" }] });
    if (url.includes("/workers/domains?")) return answer(200, { result: this.isServed ? [{}] : [] });
    const { query = "logs", variables, timeframe, parameters } = JSON.parse(body);
    const dataset = /query (\w+)/.exec(query)?.[1] ?? "logs";
    if (this.refused.includes(dataset)) return answer(200, { data: null, errors: [{ message: `not authorized for that ${dataset}` }] });
    const { from, to } = timeframe ?? { from: Date.parse(variables.from), to: Date.parse(variables.to) };
    const served = this.served.filter(({ time }) => from <= time && time <= to);
    const requests = Math.max(0, served.length - this.late());
    const rows = (...found: object[]) => answer(200, { data: { viewer: { accounts: [{ rows: found }] } }, errors: null });
    switch (dataset) {
      case "Invocations": {
        const row = (status: string, requests: number) => ({
          dimensions: { status },
          sum: { requests, errors: 0, subrequests: requests, cpuTimeUs: requests * this.cpuEach * 1000 },
          quantiles: { cpuTimeP50: 1000, cpuTimeP99: 4000 },
        });
        return rows(row("success", requests), ...Object.entries(this.outcomes).map(([status, count]) => row(status, count)));
      }
      case "Memory":
        return rows({ quantiles: { memoryUsageBytesP50: 12 * 1024 * 1024, memoryUsageBytesP99: 20 * 1024 * 1024 } });
      case "DataPoints":
        return rows({ count: requests * this.pointsEach });
    }
    const has = (value: string) => parameters.filters.some((filter: { value: string }) => filter.value === value);
    const lines = served.reduce((sum, { isCall }) => sum + (isCall ? this.linesOfCall : this.linesEach), 0);
    const value = has("/callback?") ? this.leaked : has("cf-worker") ? lines : has("cf-worker-event") ? served.length * this.invocationsEach : 0;
    return answer(200, { success: true, errors: [], result: { calculations: [{ aggregates: [{ value, groups: [] }] }] } });
  }
}
