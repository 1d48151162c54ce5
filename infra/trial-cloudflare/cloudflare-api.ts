// What Cloudflare's API says about the Worker. https://developers.cloudflare.com/analytics/graphql-api/ has the datasets,
// https://developers.cloudflare.com/api/resources/workers/subresources/observability/ the queries of logs.

import { text, type Outside } from "../trial/outside.ts";
import type { Redactor } from "../trial/redact.ts";

/** Invocations of one status. */
export interface Invocations {
  readonly status: string;
  readonly requests: number;
  readonly errors: number;
  readonly subrequests: number;
  readonly cpuMilliseconds: number;
  /** Milliseconds of CPU. */
  readonly cpuP50: number;
  readonly cpuP99: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Records of Workers Logs: lines that the Worker writes, and those that Cloudflare adds for each request. */
export interface LogRecords {
  readonly lines: number;
  readonly invocations: number;
}

const INVOCATIONS = `query Invocations($account: string!, $script: string!, $from: Time!, $to: Time!) {
  viewer { accounts(filter: { accountTag: $account }) {
    rows: workersInvocationsAdaptive(limit: 10000, filter: { scriptName: $script, datetime_geq: $from, datetime_leq: $to }) {
      dimensions { status }
      sum { requests errors subrequests cpuTimeUs }
      quantiles { cpuTimeP50 cpuTimeP99 }
    }
  } }
}`;

// On its own: Cloudflare does not document these fields, and one that is not there makes a whole query an error.
const MEMORY = `query Memory($account: string!, $script: string!, $from: Time!, $to: Time!) {
  viewer { accounts(filter: { accountTag: $account }) {
    rows: workersInvocationsAdaptive(limit: 10000, filter: { scriptName: $script, datetime_geq: $from, datetime_leq: $to }) {
      quantiles { memoryUsageBytesP50 memoryUsageBytesP99 }
    }
  } }
}`;

const DATA_POINTS = `query DataPoints($account: string!, $dataset: string!, $from: Time!, $to: Time!) {
  viewer { accounts(filter: { accountTag: $account }) {
    rows: workersAnalyticsEngineAdaptiveGroups(limit: 10000, filter: { dataset: $dataset, datetime_geq: $from, datetime_leq: $to }) {
      count
    }
  } }
}`;

export class CloudflareApi {
  private readonly token: string | undefined;
  private readonly account: string | undefined;
  private readonly base: string;

  constructor(
    private readonly outside: Pick<Outside, "http" | "variables" | "now">,
    redactor: Redactor,
    private readonly worker: string,
  ) {
    const { variables } = outside;
    this.token = variables["CLOUDFLARE_API_TOKEN"] || undefined;
    this.account = variables["CLOUDFLARE_ACCOUNT_ID"] || undefined;
    this.base = variables["CLOUDFLARE_API_BASE_URL"] || "https://api.cloudflare.com/client/v4";
    for (const value of [this.token, this.account]) if (value) redactor.secret(value);
  }

  /** Whether the Worker is there and requests to the host reach it. */
  async isServed(host: string): Promise<boolean> {
    if (!host.endsWith(".workers.dev")) {
      const { result } = await this.ask("domains", `workers/domains?${new URLSearchParams({ hostname: host, service: this.worker })}`);
      return result.length > 0;
    }
    return (await this.ask("the Worker", `workers/scripts/${this.worker}/settings`, undefined, 404)) !== undefined;
  }

  async invocations(span: Span): Promise<Invocations[]> {
    const rows = await this.rows("invocations", INVOCATIONS, span, { script: this.worker });
    return rows.map(({ dimensions, sum, quantiles }) => ({
      status: dimensions.status,
      requests: sum.requests,
      errors: sum.errors,
      subrequests: sum.subrequests,
      cpuMilliseconds: sum.cpuTimeUs / 1000,
      cpuP50: quantiles.cpuTimeP50 / 1000,
      cpuP99: quantiles.cpuTimeP99 / 1000,
    }));
  }

  /** Mebibytes that isolates used, at the median and at the 99th percentile. */
  async memory(span: Span): Promise<{ p50: number; p99: number }> {
    const rows = await this.rows("memory", MEMORY, span, { script: this.worker });
    const most = (name: string) => Math.max(0, ...rows.map(({ quantiles }) => quantiles[name] ?? 0)) / 1024 / 1024;
    return { p50: most("memoryUsageBytesP50"), p99: most("memoryUsageBytesP99") };
  }

  async dataPoints(span: Span, dataset: string): Promise<number> {
    const rows = await this.rows("data points", DATA_POINTS, span, { dataset });
    return rows.reduce((sum, { count }) => sum + count, 0);
  }

  async logRecords(span: Span): Promise<LogRecords> {
    const [lines, invocations] = [await this.records(span, ofType("cf-worker")), await this.records(span, ofType("cf-worker-event"))];
    return { lines, invocations };
  }

  /** Records that hold a URL with this in it. */
  async recordsWithUrl(span: Span, part: string): Promise<number> {
    return this.records(span, { key: "$workers.event.request.url", operation: "includes", type: "string", value: part });
  }

  private async records({ from, to }: Span, ...filters: Filter[]): Promise<number> {
    const service: Filter = { key: "$metadata.service", operation: "eq", type: "string", value: this.worker };
    const { result } = await this.ask("logs", "workers/observability/telemetry/query", {
      queryId: "edgeward-trial",
      view: "calculations",
      // Nothing is to be remembered of it.
      dry: true,
      limit: 1,
      timeframe: { from, to },
      parameters: {
        datasets: ["cloudflare-workers"],
        filterCombination: "and",
        filters: [service, ...filters],
        calculations: [{ operator: "count", alias: "records" }],
      },
    });
    return (result.calculations[0]?.aggregates ?? []).reduce((sum: number, { value }: { value: number }) => sum + value, 0);
  }

  private async rows(what: string, query: string, { from, to }: Span, variables: Record<string, string>): Promise<any[]> {
    const times = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const { data } = await this.ask(what, undefined, { query, variables: { account: this.account, ...times, ...variables } });
    return data.viewer.accounts[0]?.rows ?? [];
  }

  /**
   * @param path Below the account; nothing for GraphQL.
   * @param absent A status that is no error: nothing comes back then.
   * @throws Error that says which permission may be missing.
   */
  private async ask(what: string, path: string | undefined, body?: object, absent?: number): Promise<any> {
    const { token, account, base } = this;
    if (!token || !account) {
      throw new Error(`${what} cannot be read from Cloudflare: set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID; \`wrangler login\` is not enough`);
    }
    const answer = await this.outside.http({
      method: body ? "POST" : "GET",
      url: path === undefined ? `${base}/graphql` : `${base}/accounts/${account}/${path}`,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "User-Agent": "edgeward-trial" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const said = await text(answer);
    if (answer.status === absent) return undefined;
    const document = parsed(said);
    const errors: { message: string }[] = document?.errors ?? [];
    if (answer.status !== 200 || !document || errors.length > 0) {
      const reasons = errors.map(({ message }) => message).join("; ") || said.slice(0, 200);
      throw new Error(`${what} cannot be read from Cloudflare: status ${answer.status}, ${reasons}. ${PERMISSIONS}`);
    }
    return document;
  }
}

interface Filter {
  readonly key: string;
  readonly operation: "eq" | "includes";
  readonly type: "string";
  readonly value: string;
}

const ofType = (value: string): Filter => ({ key: "$metadata.type", operation: "eq", type: "string", value });

function parsed(said: string): Record<string, any> | undefined {
  try {
    return JSON.parse(said);
  } catch {
    return undefined;
  }
}

const PERMISSIONS = "The API token needs the permissions Account / Account Analytics / Read and Account / Workers Observability / Edit";
