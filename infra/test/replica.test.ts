import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { expect, test } from "vitest";
import { replicate } from "../lib/parameters/replica-handler.ts";

/** Parameter Store of any region. */
class Fake {
  readonly parameters = new Map<string, string>();
  open = (region: string) => ({
    put: async (name: string, value: string) => void this.parameters.set(`${region} ${name}`, value),
    remove: async (name: string) => void this.parameters.delete(`${region} ${name}`),
  });
}

function event(type: "Create" | "Update" | "Delete", replica: object, id = "") {
  return {
    RequestType: type,
    ResourceProperties: { ServiceToken: "arn", ...replica },
    PhysicalResourceId: id,
  } as unknown as CloudFormationCustomResourceEvent;
}

const replica = { region: "eu-west-1", name: "/edgeward/test/a", value: "1" };
const ID = "eu-west-1:/edgeward/test/a";

test("a replica is made, follows its original, and goes with it", async () => {
  const store = new Fake();
  expect(await replicate(event("Create", replica), store.open)).toEqual({ PhysicalResourceId: ID });
  expect([...store.parameters]).toEqual([["eu-west-1 /edgeward/test/a", "1"]]);
  // The same id: CloudFormation changes it in place.
  expect(await replicate(event("Update", { ...replica, value: "2" }, ID), store.open)).toEqual({ PhysicalResourceId: ID });
  expect([...store.parameters]).toEqual([["eu-west-1 /edgeward/test/a", "2"]]);
  await replicate(event("Delete", { ...replica, value: "2" }, ID), store.open);
  expect([...store.parameters]).toEqual([]);
});

test("a renamed replica has another id, so that CloudFormation deletes the old one", async () => {
  const store = new Fake();
  await replicate(event("Create", replica), store.open);
  const renamed = { ...replica, name: "/edgeward/test/b" };
  const { PhysicalResourceId } = await replicate(event("Update", renamed, ID), store.open);
  expect(PhysicalResourceId).not.toBe(ID);
  await replicate(event("Delete", replica, ID), store.open);
  expect([...store.parameters]).toEqual([["eu-west-1 /edgeward/test/b", "1"]]);
});

test("a replica that was never made deletes nothing", async () => {
  const store = new Fake();
  await replicate(event("Create", replica), store.open);
  await replicate(event("Delete", replica, "edgeward-test-global-Replica-1ABCDEF"), store.open);
  expect(store.parameters.size).toBe(1);
});

test("a replica without a value is refused", async () => {
  await expect(replicate(event("Create", { region: "eu-west-1", name: "/a" }), new Fake().open)).rejects.toThrow(
    "a replica needs region, name and value",
  );
});
