// What the settings may say beside a user pool or an MCP server that exists.

type Members = Readonly<Record<string, unknown>>;

const members = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});

/** Settings of the app client that the stacks make. */
const OF_THE_CLIENT = ["accessTokenSeconds", "refreshTokenDays"];
/** Settings of the edge, and whether the stacks are kept. */
const BESIDE_A_POOL = ["existing", "retain", "logoutUrls"];

/**
 * Settings of what the stacks do not make, as lines that name each: nothing would become of them. `json` is a file that the schema
 * takes, as it was written: defaults are nobody's words.
 */
export function besideExisting(json: unknown): string[] {
  const { userPool, server, firewall } = Object.fromEntries(Object.entries(members(json)).map(([name, value]) => [name, members(value)]));
  const lines: string[] = [];
  const refuse = (path: string, message: string) => lines.push(`  ${path}: ${message}`);
  const pool = userPool?.["existing"] ? members(userPool["existing"]) : undefined;
  if (pool) {
    for (const name of Object.keys(userPool ?? {}).filter((name) => !BESIDE_A_POOL.includes(name))) {
      if (!OF_THE_CLIENT.includes(name)) refuse(`userPool.${name}`, "is the user pool's own, and userPool.existing stays as it is; leave this out");
      else if (pool["clientId"]) refuse(`userPool.${name}`, "is the app client's own, and userPool.existing.clientId stays as it is; leave this out");
    }
    if (pool["clientSecretArn"] && !pool["clientId"]) {
      refuse("userPool.existing.clientSecretArn", "is the secret of an app client: name that in clientId, or leave both out for a new one");
    }
    if (pool["identityProviders"] && pool["clientId"]) {
      refuse("userPool.existing.identityProviders", "is for an app client that the stacks make, and clientId names one that stays as it is; leave this out");
    }
  }
  const isServerThere = Boolean(server?.["existing"]);
  if (isServerThere) {
    for (const name of Object.keys(server ?? {}).filter((name) => name !== "existing")) {
      refuse(`server.${name}`, "is for a server that the stacks make, and server.existing stays as it is; leave this out");
    }
  }
  const firewalls: Readonly<Record<string, boolean>> = {
    requestsPerAddress: isServerThere,
    signInsPerAddress: Boolean(pool),
    count: isServerThere && Boolean(pool),
  };
  for (const name of Object.keys(firewall ?? {}).filter((name) => firewalls[name])) {
    refuse(`firewall.${name}`, "is for a firewall that the stacks make only in front of what they make; leave this out");
  }
  return lines;
}
