// The steps of a trial at Cloudflare.

import { aborts } from "./steps/aborts.ts";
import { cost } from "./steps/cost.ts";
import { deploy } from "./steps/deploy.ts";
import { logs } from "./steps/logs.ts";
import { origin } from "./steps/origin.ts";
import { secondPush } from "./steps/push.ts";
import { remove } from "./steps/remove.ts";
import { rotation } from "./steps/rotation.ts";
import { signIn } from "./steps/sign-in.ts";
import { stream } from "./steps/stream.ts";
import { zone } from "./steps/zone.ts";
import type { CloudflareStep } from "./trial.ts";

/** In this order; none of them makes sense before the first. */
export const STEPS: readonly CloudflareStep[] = [deploy, signIn, secondPush, zone, rotation, stream, aborts, origin, logs, cost, remove];
