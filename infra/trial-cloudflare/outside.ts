// What this trial asks of the world beyond what the other one does.

import type { HttpAnswer, HttpRequest, Outside, TrialAws } from "../trial/outside.ts";
import type { Via } from "./via.ts";

export interface CloudflareAws extends TrialAws {
  /** Writes a parameter that is there. */
  changeParameter(region: string, name: string, value: string): Promise<void>;
}

export interface ViaRequest extends HttpRequest {
  /** Where it is sent from, if not from here. */
  readonly via?: Via | undefined;
}

/** How a client leaves before its request is answered. */
export const CUTS = ["half a body", "a reset after half a body", "a reset after a whole body", "a slow body"] as const;
export type Cut = (typeof CUTS)[number];

export interface CloudflareOutside extends Outside {
  readonly aws: CloudflareAws;
  http(request: ViaRequest): Promise<HttpAnswer>;
  /** Begins a request and leaves; the status, if the answer came before that. */
  cutShort(request: HttpRequest & { readonly body: string }, cut: Cut): Promise<number | undefined>;
}
