import { describe, expect, test } from "vitest";
import { all, only, synthesize, type TemplateJson } from "./templates.ts";

const generation = (originSecretGeneration: number) => synthesize("test", { server: { originSecretGeneration } }).server;
const [first, second] = [generation(1), generation(2)];

const secrets = (template: TemplateJson) =>
  Object.keys(template.Resources).filter((id) => template.Resources[id]?.Type === "AWS::SecretsManager::Secret");

/** What stands for a secret's value in a template names the secret. */
const named = (template: TemplateJson, value: unknown) => secrets(template).filter((id) => JSON.stringify(value).includes(`"${id}"`));

function sent(template: TemplateJson): string[] {
  const { DistributionConfig } = only(template, "AWS::CloudFront::Distribution").Properties;
  return named(template, DistributionConfig.Origins[0].OriginCustomHeaders);
}

function accepted(template: TemplateJson): string[] {
  const { Rules } = only(template, "AWS::WAFv2::WebACL").Properties;
  return named(template, Rules.find((rule: any) => rule.Name === "origin-secret"));
}

describe("the next generation of the origin's secret", () => {
  test("keeps one secret, makes one and deletes one", () => {
    expect(secrets(first).filter((id) => secrets(second).includes(id))).toHaveLength(1);
    const names = (template: TemplateJson) => all(template, "AWS::SecretsManager::Secret").map((s) => s.Properties.Name);
    expect(names(first)).toEqual(["edgeward-test-origin-secret-1", "edgeward-test-origin-secret-2"]);
    expect(names(second)).toEqual(["edgeward-test-origin-secret-2", "edgeward-test-origin-secret-3"]);
  });

  test("is what the firewall takes already when CloudFront begins to send it", () => {
    expect(sent(second)).toHaveLength(1);
    expect(accepted(first)).toEqual(expect.arrayContaining(sent(second)));
    expect(sent(first)).not.toEqual(sent(second));
  });

  test("is the firewall's only when CloudFront sends it", () => {
    const [distribution] = Object.entries(second.Resources).find(([, { Type }]) => Type === "AWS::CloudFront::Distribution")!;
    expect(only(second, "AWS::WAFv2::WebACL").DependsOn).toContain(distribution);
  });

  test("is what the stack says, once it is deployed", () => {
    expect([first, second].map(({ Outputs }) => Outputs?.OriginSecretGeneration?.Value)).toEqual(["1", "2"]);
  });

  test("leaves the old one refused", () => {
    expect(accepted(second)).toHaveLength(2);
    expect(accepted(second)).not.toEqual(expect.arrayContaining(sent(first)));
  });
});
