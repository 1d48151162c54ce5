// Tries the edge at Cloudflare, once: push, sign in, rotate, stream, abort, measure. README.md says how.

import { CloudflareAwsSdk } from "./trial-cloudflare/aws-sdk.ts";
import { cutShort } from "./trial-cloudflare/cut-short.ts";
import { http } from "./trial-cloudflare/http.ts";
import { runCloudflareTrial } from "./trial-cloudflare/run.ts";
import { machine } from "./trial/machine.ts";

process.exitCode = await runCloudflareTrial(process.argv.slice(2), { ...machine, aws: new CloudflareAwsSdk(), http, cutShort });
