// A world for trials that only pretends: AWS, an edge that signs people in, and a person who does.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Alarm, HttpAnswer, HttpRequest, Listener, Outside, TrialAws } from "../../trial/outside.ts";
import { Visits } from "../../trial/visits.ts";
import { FakeAws, FakeWorld } from "../deploy/world.ts";
import { FakePool, type Arrival } from "./pool.ts";

export const SECRETS = {
  code: "the-code-of-a-sign-in",
  client: "client-0123456789abcdef",
  access: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
  refresh: "refresh-token-that-nobody-may-see",
} as const;

export class FakeTrialAws extends FakeAws implements TrialAws {
  readonly states: string[] = [];
  mails = 1;
  left: string[] = [];
  /** The templates of stacks that were made. */
  readonly made: { name: string; template: any; tags: Readonly<Record<string, string>> }[] = [];
  /** How stacks end. */
  created = "CREATE_COMPLETE";
  deleted = "DELETE_COMPLETE";
  /** How many looks miss a stack that was just made. */
  unseen = 0;
  /** Names of stacks, by id. */
  private readonly ids = new Map<string, string>();

  constructor(readonly pool: FakePool) {
    super();
  }

  /** What goes on is over at the second look. */
  override async stack(region: string, name: string) {
    const id = this.ids.get(name);
    const key = `${region} ${id ?? name}`;
    const stack = this.stacks.get(key);
    if (stack && this.made.length > 0 && this.unseen-- > 0) return undefined;
    // A deleted stack is shown by its id only.
    if (!stack && id) return { status: "DELETE_COMPLETE", isProtected: false };
    if (stack?.status === "CREATE_IN_PROGRESS") this.stacks.set(key, { ...stack, status: this.created });
    if (stack?.status !== "DELETE_IN_PROGRESS") return stack;
    if (this.deleted === "DELETE_COMPLETE") this.stacks.delete(key);
    else this.stacks.set(key, { ...stack, status: this.deleted });
    return stack;
  }
  async createStack(region: string, name: string, template: any, tags: Readonly<Record<string, string>>) {
    if (this.stacks.has(`${region} ${name}`)) throw new Error(`Stack [${name}] already exists`);
    this.made.push({ name, template, tags });
    const outputs = { Pool: "pool", Client: "app-client", Domain: template.Outputs.Domain.Value, ProviderPool: "provider-pool" };
    this.stacks.set(`${region} ${name}`, { status: "CREATE_IN_PROGRESS", isProtected: false, outputs });
    const id = `arn:aws:cloudformation:${region}:123456789012:stack/${name}/${this.made.length}`;
    this.ids.set(id, name);
    return id;
  }
  async deleteStack(region: string, name: string) {
    const key = `${region} ${this.ids.get(name) ?? name}`;
    const stack = this.stacks.get(key);
    if (stack) this.stacks.set(key, { ...stack, status: "DELETE_IN_PROGRESS" });
  }
  async createUser(_region: string, pool: string, name: string, password: string, attributes: Readonly<Record<string, string>>) {
    this.pool.users.set(`${pool} ${name}`, { password, isEnabled: true, attributes: { ...attributes } });
  }
  async setAttribute(_region: string, pool: string, user: string, name: string, value: string) {
    this.pool.user(pool, user).attributes[name] = value;
  }
  async setEnabled(_region: string, pool: string, user: string, isEnabled: boolean) {
    this.pool.setEnabled(this.pool.user(pool, user), `${pool} ${user}`, isEnabled);
  }
  async signOutEverywhere(_region: string, pool: string, user: string) {
    this.pool.signOut(`${pool} ${user}`);
  }
  async signInAsAdmin(_region: string, pool: string, _client: string, user: string, password: string) {
    if (this.pool.user(pool, user).password !== password) throw new Error("Incorrect username or password.");
    return this.pool.begin(`${pool} ${user}`);
  }

  async alarms(region: string, prefix: string): Promise<Alarm[]> {
    return region === "eu-west-1" ? ["a", "b"].map((name) => ({ name: `${prefix}${name}`, topics: ["edgeward-trial-origin-alarms"] })) : [];
  }
  async setAlarm(region: string, name: string, state: "ALARM" | "OK") {
    this.states.push(`${region} ${name} ${state}`);
  }
  async delivered() {
    return this.mails;
  }
  async tagged(region: string) {
    return region === "eu-west-1" ? this.left : [];
  }
  async logGroups() {
    return [];
  }
}

async function* chunks(...parts: string[]) {
  yield* parts;
}
const answer = (status: number, body: unknown = "", headers: HttpAnswer["headers"] = {}): HttpAnswer => ({
  status,
  headers,
  body: chunks(typeof body === "string" ? body : JSON.stringify(body)),
});

export const ISSUER = "https://mcp.example.com";

export class FakeOutside extends FakeWorld implements Outside {
  readonly pool = new FakePool(() => this.clock);
  override readonly aws: FakeTrialAws = new FakeTrialAws(this.pool);
  readonly requests: HttpRequest[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "edgeward-trial-"));
  readonly report = join(this.folder, "report");
  readonly settings = join(this.folder, "settings");
  protected clock = Date.parse("2026-11-29T12:00:00Z");
  private came: (query: URLSearchParams) => void = () => {};
  private visits = new Visits();
  /** What the person does with a URL of the temporary pool. */
  browse: (url: URL) => Arrival | undefined = (url) => this.pool.browse(url);
  /** Whether somebody listens for a browser. */
  isListening = false;
  /** What the person's browser comes back with, beyond the state. */
  comesBack: Record<string, string> = { code: SECRETS.code };
  /** How calls of a tool are answered; `stream` is what a long one sends. */
  call: (tool: string, request: HttpRequest) => HttpAnswer = (_, { body = "" }) => answer(body.length > 4 * 1024 * 1024 ? 413 : 200);
  stream: AsyncIterable<string> = chunks(": still there\n\n", 'data: {"method":"notifications/progress"}\n\n', "data: Counted to 15.\n\n");

  readonly now: () => number = () => (this.clock += 1000);
  async wait(milliseconds: number) {
    this.clock += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Files are real: the deployment reads its settings itself.
  readonly read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  write(file: string, text: string) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  async listen(): Promise<Listener> {
    const query = new Promise<URLSearchParams>((resolve) => (this.came = resolve));
    this.visits = new Visits();
    this.isListening = true;
    // Whoever does not come has been waited for.
    return { redirectUri: "http://127.0.0.1:4567/callback", query, next: () => this.visits.next(0), close: () => void (this.isListening = false) };
  }

  /** The person opens what is printed. */
  override readonly say = (line: string) => {
    this.said.push(line);
    if (line.includes("/oauth2/authorize?")) {
      // A person takes a while.
      this.clock += 5000;
      const arrival = this.browse(new URL(line.trim()));
      if (arrival) this.visits.add(new URLSearchParams(arrival === "stays" ? { error: "stayed" } : arrival));
      return;
    }
    const state = line.includes("/authorize?") && new URL(line.trim()).searchParams.get("state");
    return void (state && this.came(new URLSearchParams({ state, ...this.comesBack })));
  };

  async http(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    const { pathname, origin, host } = new URL(request.url);
    if (host.endsWith(".amazoncognito.com")) return this.pool.http(request);
    if (pathname === "/oauth2/token") return answer(400);
    if (origin !== ISSUER) return answer(403);
    switch (pathname) {
      case "/.well-known/oauth-authorization-server":
        return answer(200, {
          authorization_endpoint: `${ISSUER}/authorize`,
          token_endpoint: `${ISSUER}/token`,
          registration_endpoint: `${ISSUER}/register`,
        });
      case "/register":
        return answer(201, { client_id: SECRETS.client });
      case "/token":
        return answer(200, { access_token: SECRETS.access, refresh_token: SECRETS.refresh, expires_in: 900 });
    }
    if (request.headers?.["Authorization"] !== `Bearer ${SECRETS.access}`) return answer(401);
    const message = JSON.parse(request.body ?? "{}");
    if (message.method === "initialize") return answer(200, "{}", { "mcp-session-id": "session-of-a-client" });
    if (message.method !== "tools/call") return answer(202);
    if (message.params.name === "count_slowly") return { ...answer(200), body: this.stream };
    return this.call(message.params.name, request);
  }
}

export { answer, chunks };
