import { expect, test } from "vitest";
import { only, synthesize } from "./templates.ts";

/** What the origin's container is told. */
function told(server: object): Record<string, string> {
  const [container] = only(synthesize("test", { server }).server, "AWS::ECS::TaskDefinition").Properties.ContainerDefinitions;
  return Object.fromEntries(container.Environment.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]));
}

test("the origin exports metrics only where a collector is given", () => {
  const always = { EDGEWARD_PARAMETER_PATH: "/edgeward/test/origin" };
  expect(told({})).toEqual(always);
  expect(told({ otlpEndpoint: "http://collector.internal:4318" })).toEqual({
    ...always,
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.internal:4318",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
  });
});
