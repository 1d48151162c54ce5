// Watches every location while something is changed: its keys, what it says to tokens, what it signs new ones with.

import { connect, type McpConnection } from "../trial/mcp.ts";
import { text } from "../trial/outside.ts";
import type { Tokens } from "../trial/session.ts";
import { Sightings } from "./sightings.ts";
import { inShort, locationOf, Tally, until, type CloudflareTrial, type Vantage } from "./trial.ts";

/** What is asked, in the words of the report. */
export const KEYS = "the edge's public keys";
export const CALLS = "calls with a new token";
export const OLD_CALLS = "calls with a token of the key that goes";
export const REFRESHES = "refreshes";
export const SIGNED_WITH = "the key that signs";

export class Watch {
  /** Since the last change. */
  private seen = new Sightings();
  /** Vantage points that were out of reach: theirs is the failure, not Cloudflare's. */
  readonly unreached = new Tally();
  /** Those that were, at the last request. */
  private readonly silent = new Set<Vantage>();
  /** A token that is not renewed. */
  private pinned: Tokens | undefined;
  private current: Tokens;
  private keysHere: string | undefined;
  private readonly stops: (() => Promise<void>)[] = [];

  /** Begins. */
  static async begin(trial: CloudflareTrial): Promise<Watch> {
    return new Watch(trial, await connect(trial.outside, trial.session), await trial.session.refresh());
  }

  private constructor(
    private readonly trial: CloudflareTrial,
    private readonly mcp: McpConnection,
    tokens: Tokens,
  ) {
    this.current = tokens;
    const { background, vantages } = trial;
    const [here] = vantages;
    for (const vantage of vantages) this.stops.push(background.repeat(ASK_EVERY, () => this.ask(vantage)));
    let turn = 0;
    // One after the other: refresh tokens may be replaced at each use. Nobody waits for a place that is out of reach.
    const refresh = () => {
      const heard = vantages.filter((vantage) => !this.silent.has(vantage));
      return this.refresh(heard[turn++ % heard.length] ?? here);
    };
    this.stops.push(background.repeat(REFRESH_EVERY, refresh));
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) await stop();
  }

  /** Keeps the present token, to see how it fares. */
  pin(): Tokens {
    return (this.pinned = this.current);
  }

  get signingKey(): string {
    return keyOf(this.current);
  }

  /** The keys that this machine sees. */
  async keys(): Promise<string | undefined> {
    this.keysHere = undefined;
    await this.watchFor(ASK_EVERY * 5);
    return this.keysHere;
  }

  /** What was answered since a change and for as long as this. */
  async watchFor(milliseconds: number): Promise<Sightings> {
    await until(this.trial.outside, this.trial.outside.now() + milliseconds);
    return this.seen;
  }

  /** Forgets what was answered before a change that is made now. */
  beginAnew(): void {
    this.seen = new Sightings();
  }

  private async ask(vantage: Vantage): Promise<void> {
    const { outside, session, job } = this.trial;
    const { pinned, current } = this;
    await this.note(vantage, KEYS, async () => {
      const answer = await vantage.http({ url: `${job.settings.publicUrl}/.well-known/jwks.json`, headers: { "User-Agent": "edgeward-trial" } });
      const body = await text(answer);
      const what = answer.status === 200 ? keyIds(body) : inShort(answer.status, body);
      if (vantage === this.trial.vantages[0]) this.keysHere = what;
      return { answer, what };
    });
    const call = (tokens: Tokens) => async () => {
      const caller = { resource: session.resource, accessToken: async () => tokens.access };
      const answer = await this.mcp.through(vantage, caller).call("whoami", {});
      return { answer, what: inShort(answer.status, await text(answer)) };
    };
    await this.note(vantage, CALLS, call(current));
    if (pinned && outside.now() < pinned.until) await this.note(vantage, OLD_CALLS, call(pinned));
  }

  private async refresh(vantage: Vantage): Promise<void> {
    const { outside, session } = this.trial;
    const seen = this.seen;
    let location: string | undefined;
    try {
      this.current = await session.refresh(async (request) => {
        const answer = await vantage.http(request);
        location = locationOf(answer);
        return answer;
      });
      seen.note(REFRESHES, location ?? "nowhere", "200", outside.now());
      seen.note(SIGNED_WITH, location ?? "nowhere", keyOf(this.current), outside.now());
    } catch (error) {
      const { message } = error as Error;
      if (location === undefined && vantage !== this.trial.vantages[0]) this.unreached.add(`${vantage.name}: ${message}`);
      else seen.note(REFRESHES, location ?? "nowhere", message, outside.now());
    }
  }

  private async note(vantage: Vantage, subject: string, ask: () => Promise<{ answer: Parameters<typeof locationOf>[0]; what: string }>): Promise<void> {
    // An answer to a question from before a change belongs to what was before.
    const seen = this.seen;
    try {
      const { answer, what } = await ask();
      this.silent.delete(vantage);
      seen.note(subject, locationOf(answer), what, this.trial.outside.now());
    } catch (error) {
      const { message } = error as Error;
      this.silent.add(vantage);
      if (vantage === this.trial.vantages[0]) seen.note(subject, "nowhere", message, this.trial.outside.now());
      else this.unreached.add(`${vantage.name}: ${message}`);
    }
  }
}

function keyIds(body: string): string {
  try {
    return JSON.parse(body).keys.map(({ kid }: { kid: string }) => kid).join(" ");
  } catch {
    return "no JWKS";
  }
}

/** Id of the key that has signed a token. */
export function keyOf({ access }: Tokens): string {
  try {
    return JSON.parse(Buffer.from(access.split(".")[0] ?? "", "base64url").toString()).kid ?? "no key id";
  } catch {
    return "no key id";
  }
}

const ASK_EVERY = 2000;
const REFRESH_EVERY = 10_000;
