import { afterEach, describe, expect, test, vi } from "vitest";

const FILE = "../examples/groups-of-provider.mjs";
const { handler, parseGroups } = await import(FILE);

const event = (groups: string | undefined, status = "EXTERNAL_PROVIDER", own: string[] | null = ["eu-west-1_Example_corp"]) => ({
  version: "2",
  triggerSource: "TokenGeneration_HostedAuth",
  userPoolId: "eu-west-1_Example",
  userName: "corp_alice",
  request: {
    userAttributes: { sub: "1", "cognito:user_status": status, ...(groups === undefined ? {} : { "custom:groups": groups }) },
    groupConfiguration: { groupsToOverride: own, iamRolesToOverride: [], preferredRole: null },
    scopes: ["openid"],
  },
  response: {},
});
const groupsOf = async (...words: Parameters<typeof event>) => {
  const { response } = await handler(event(...words));
  return response.claimsAndScopeOverrideDetails?.groupOverrideDetails.groupsToOverride;
};

afterEach(() => vi.unstubAllEnvs());

describe("the example that turns a provider's groups into Cognito's", () => {
  test.each([
    ["[admins, editors]", ["admins", " editors"]],
    ['["admins", "editors"]', ["admins", "editors"]],
    ["admins", ["admins"]],
    ["[admins]", ["admins"]],
    ["", []],
    [undefined, []],
    ["[1, 2]", ["1", " 2"]],
  ])("reads %j", (text, groups) => expect(parseGroups(text)).toEqual(groups));

  test("adds them to those that the pool knows, without spaces, and each once", async () => {
    expect(await groupsOf("[admins, Domain Users, admins, ]")).toEqual(["eu-west-1_Example_corp", "admins", "Domain-Users"]);
    expect(await groupsOf("admins", "EXTERNAL_PROVIDER", null)).toEqual(["admins"]);
    expect(await groupsOf(undefined)).toEqual(["eu-west-1_Example_corp"]);
  });

  test("leaves out those that nobody needs", async () => {
    vi.stubEnv("WANTED_GROUPS", "admins app-*");
    expect(await groupsOf("[admins, administrators, app-read, everybody]")).toEqual(["eu-west-1_Example_corp", "admins", "app-read"]);
  });

  test("takes the attribute of a user of the pool's own for nobody's word", async () => {
    expect(await groupsOf("[admins]", "CONFIRMED")).toBeUndefined();
  });
});
