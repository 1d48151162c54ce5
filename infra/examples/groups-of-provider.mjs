// Puts federated users into the groups that their identity provider names: a Lambda for Cognito's trigger "pre token generation",
// with the event version V2_0 or V3_0. README.md, "Federation", says what else it needs.

/** The custom attribute that the provider's groups are mapped to. */
const ATTRIBUTE = "custom:groups";

/** Cognito writes several values as one string: `[a, b]`, or a JSON array, and a single value as it is. */
export function parseGroups(text = "") {
  if (!text.startsWith("[") || !text.endsWith("]")) return text === "" ? [] : [text];
  try {
    const values = JSON.parse(text);
    if (values.every((value) => typeof value === "string")) return values;
  } catch {
    // It is no JSON: names without quotes.
  }
  return text.slice(1, -1).split(",");
}

/** Whether a group is one of those that somebody needs: names, or beginnings with `*`, separated by spaces. */
const isWanted = (group, wanted) =>
  wanted.split(/\s+/).some((name) => (name.endsWith("*") ? group.startsWith(name.slice(0, -1)) : group === name));

export async function handler(event) {
  const { userAttributes, groupConfiguration } = event.request;
  // The attribute of a user of the pool's own is not the provider's word.
  if (userAttributes["cognito:user_status"] !== "EXTERNAL_PROVIDER") return event;
  // Settings of the edge separate groups by spaces.
  const named = parseGroups(userAttributes[ATTRIBUTE]).map((group) => group.trim().replaceAll(/\s+/g, "-"));
  const groups = named.filter((group) => group !== "" && isWanted(group, process.env.WANTED_GROUPS ?? "*"));
  event.response = {
    claimsAndScopeOverrideDetails: {
      groupOverrideDetails: {
        ...groupConfiguration,
        groupsToOverride: [...new Set([...(groupConfiguration.groupsToOverride ?? []), ...groups])],
      },
    },
  };
  return event;
}
