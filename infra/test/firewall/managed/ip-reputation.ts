import type { ManagedGroup, ManagedRule } from "./group.ts";

const lists = (name: string, action: ManagedRule["action"]): ManagedRule => ({
  name,
  action,
  matches: ({ request }) => request.listed === name,
});

export const IP_REPUTATION: ManagedGroup = {
  source: "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html",
  capacity: 25,
  rules: [
    lists("AWSManagedIPReputationList", "Block"),
    lists("AWSManagedReconnaissanceList", "Block"),
    lists("AWSManagedIPDDoSList", "Count"),
  ],
};
