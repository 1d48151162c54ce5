// What AWS does not change in place although the schema says that CloudFormation may try.

import type { Resource } from "../templates.ts";
import { equal } from "./diff.ts";

export interface Immutable {
  readonly fact: string;
  readonly source: string;
  readonly type: string;
  readonly isRefused: (before: Resource["Properties"], after: Resource["Properties"]) => boolean;
}

const names = (schema: any[] = []) => new Map(schema.map((attribute) => [attribute.Name, attribute]));

export const IMMUTABLE: readonly Immutable[] = [
  {
    fact: "a VPC origin that a distribution uses is not changed in place, not even its tags",
    source: "https://github.com/aws/aws-cdk/issues/34629",
    type: "AWS::CloudFront::VpcOrigin",
    isRefused: () => true,
  },
  {
    fact: "how users are named is chosen when their pool is made",
    source: "https://github.com/aws-amplify/amplify-cli/issues/4227",
    type: "AWS::Cognito::UserPool",
    isRefused: (before, after) =>
      ["UsernameConfiguration", "UsernameAttributes", "AliasAttributes"].some((key) => !equal(before[key], after[key])),
  },
  {
    fact: "an attribute of a user pool is neither changed nor removed",
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html",
    type: "AWS::Cognito::UserPool",
    isRefused: (before, after) => {
      const now = names(after["Schema"]);
      return [...names(before["Schema"])].some(([name, attribute]) => !equal(now.get(name), attribute));
    },
  },
  {
    fact: "an advanced parameter does not become a standard one",
    source: "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    type: "AWS::SSM::Parameter",
    isRefused: (before, after) => before["Tier"] === "Advanced" && (after["Tier"] ?? "Standard") === "Standard",
  },
  {
    fact: "a service's deployment controller is chosen when it is made",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html",
    type: "AWS::ECS::Service",
    isRefused: (before, after) => !equal(before["DeploymentController"], after["DeploymentController"]),
  },
];
