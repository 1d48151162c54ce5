// Everything outside of a trial, so that tests can play it.

import type { Aws } from "../lib/deploy/aws.ts";
import type { World } from "../lib/deploy/world.ts";

export interface Alarm {
  readonly name: string;
  /** Names of the topics that it tells. */
  readonly topics: readonly string[];
}

/** What a trial asks AWS beyond what a deployment does. */
export interface TrialAws extends Aws {
  /** Alarms whose names begin like this. */
  alarms(region: string, prefix: string): Promise<Alarm[]>;
  setAlarm(region: string, name: string, state: "ALARM" | "OK"): Promise<void>;
  /** Notifications of a topic that were delivered since a time. */
  delivered(region: string, topic: string, since: Date): Promise<number>;
  /** ARNs of resources with a tag. */
  tagged(region: string, key: string, value: string): Promise<string[]>;
  /** Names of log groups that contain a text. */
  logGroups(region: string, text: string): Promise<string[]>;
  /** Begins to make a stack, with IAM roles if its template has some; its id, which `stack` and `deleteStack` take for a name. */
  createStack(region: string, name: string, template: object, tags: Readonly<Record<string, string>>): Promise<string>;
  /** Begins to delete a stack; nothing happens if there is none. */
  deleteStack(region: string, name: string): Promise<void>;
  /** Makes a user of a pool whose password is good as it is. */
  createUser(region: string, pool: string, name: string, password: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  /** Sets an attribute of a user; an empty value takes it away. */
  setAttribute(region: string, pool: string, user: string, name: string, value: string): Promise<void>;
  /** Enables or disables a user. */
  setEnabled(region: string, pool: string, user: string, isEnabled: boolean): Promise<void>;
  /** Signs a user out of everything: AdminUserGlobalSignOut. */
  signOutEverywhere(region: string, pool: string, user: string): Promise<void>;
  /** Signs a user in without the login pages; the refresh token. */
  signInAsAdmin(region: string, pool: string, client: string, user: string, password: string): Promise<string>;
}

export interface HttpRequest {
  readonly method?: "GET" | "POST";
  readonly url: string;
  /** All of them: no `User-Agent` is added. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it arrives. */
  readonly body: AsyncIterable<string>;
}

/** A listener on this machine that a browser is sent back to. */
export interface Listener {
  readonly redirectUri: string;
  /** Query of the first request. */
  readonly query: Promise<URLSearchParams>;
  /** Query of the next request that nobody has taken yet; nothing if none comes in that many milliseconds. */
  next(within: number): Promise<URLSearchParams | undefined>;
  close(): void;
}

export interface Outside extends World {
  readonly aws: TrialAws;
  http(request: HttpRequest): Promise<HttpAnswer>;
  listen(): Promise<Listener>;
  now(): number;
  wait(milliseconds: number): Promise<void>;
  /** A file's text; nothing if there is none. */
  read(file: string): string | undefined;
  write(file: string, text: string): void;
}

export async function text({ body }: HttpAnswer): Promise<string> {
  let all = "";
  for await (const chunk of body) all += chunk;
  return all;
}
