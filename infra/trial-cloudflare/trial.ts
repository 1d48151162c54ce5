import type { HttpAnswer, Outside } from "../trial/outside.ts";
import type { CommonTrial, Step } from "../trial/step.ts";
import type { CloudflareArguments } from "./arguments.ts";
import type { CloudflareApi, Span } from "./cloudflare-api.ts";
import type { CloudflareOutside } from "./outside.ts";
import { describeVia, type Via } from "./via.ts";

export interface CloudflareTrial extends CommonTrial {
  readonly given: CloudflareArguments;
  readonly outside: CloudflareOutside;
  readonly cloudflare: CloudflareApi;
  /** This machine first. */
  readonly vantages: readonly [Vantage, ...Vantage[]];
  /** When the first step began, in this run or in an earlier one. */
  began(): number;
  /** When a step began and ended; nothing if it has not been run. */
  spanOf(step: string): Span | undefined;
}

export type CloudflareStep = Step<CloudflareTrial>;

/** Where requests are sent from. */
export class Vantage implements Pick<Outside, "http"> {
  readonly name: string;

  constructor(
    private readonly outside: CloudflareOutside,
    private readonly via: Via | undefined,
  ) {
    this.name = describeVia(via);
  }

  readonly http: Outside["http"] = (request) => this.outside.http({ ...request, via: this.via });
}

/** Cloudflare's location that has answered: the end of `cf-ray` is its airport. */
export function locationOf({ headers }: Pick<HttpAnswer, "headers">): string {
  const ray = headers["cf-ray"];
  return (typeof ray === "string" && /-([A-Z]{3})$/.exec(ray)?.[1]) || "an unknown location";
}

/** An answer in short: its status, and Cloudflare's number for what was wrong. */
export function inShort(status: number, body: string): string {
  const number = status < 500 ? undefined : /\berror(?: code)?:? (1\d{3})\b/i.exec(body)?.[1];
  return number ? `${status} with Cloudflare's error ${number}` : `${status}`;
}

/** Waits until a time. */
export async function until(outside: Outside, time: number): Promise<void> {
  while (outside.now() < time) await outside.wait(Math.min(STRIDE, Math.max(1, time - outside.now())));
}

const STRIDE = 1000;

/** A change has reached every instance of the edge after this time: edgeward/src/rotation.rs waits for it. */
export const ROLLOUT = 300_000;

/** Counts things by their names. */
export class Tally extends Map<string, number> {
  add(what: string): void {
    this.set(what, (this.get(what) ?? 0) + 1);
  }

  get total(): number {
    return [...this.values()].reduce((sum, times) => sum + times, 0);
  }

  override toString(): string {
    return this.size === 0 ? "none" : [...this].map(([what, times]) => `${times} times ${what}`).join(", ");
  }
}
