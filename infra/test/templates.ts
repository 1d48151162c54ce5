// Templates of deployments, as CloudFormation gets them.

import { readFileSync } from "node:fs";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Deployment } from "../lib/deployment.ts";
import type { Part } from "../lib/names.ts";
import { parseSettings } from "../lib/settings.ts";

export interface Resource {
  Type: string;
  Properties: Record<string, any>;
  DeletionPolicy?: string;
  DependsOn?: string[];
}

export type TemplateJson = { Resources: Record<string, Resource>; Outputs?: Record<string, { Value: any }> };

/** The templates of one deployment. */
export interface Templates {
  global: TemplateJson;
  security: TemplateJson;
  server: TemplateJson;
  watch: TemplateJson;
}

const SETTINGS = { account: "123456789012", region: "eu-west-1", publicUrl: "https://mcp.example.com" };

/** What `cdk` gives the app: feature flags change what is synthesized. */
const { context } = JSON.parse(readFileSync(new URL("../cdk.json", import.meta.url), "utf8"));

/** A file of enough settings, with `changes` to them. */
export const settingsText = (changes: object = {}) => JSON.stringify({ ...SETTINGS, ...changes });

/** Synthesizes a deployment, with `changes` to enough settings. */
export function synthesize(deployment = "test", changes: object = {}, creating: Part[] = []): Templates {
  return synthesizeFile(deployment, settingsText(changes), creating);
}

/**
 * Synthesizes a deployment from the text of its settings' file.
 *
 * @param validate Adds checks to the app, which then cannot be synthesized if they find something.
 */
export function synthesizeFile(deployment: string, text: string, creating: Part[] = [], validate?: (app: App) => void): Templates {
  const app = new App({ context: { ...context, "aws:cdk:bundling-stacks": [] } });
  validate?.(app);
  const stacks = new Deployment(app, parseSettings(deployment, text), creating);
  const json = (part: keyof Templates): TemplateJson => {
    const stack = stacks[part];
    // What a deployment does not have has nothing in it.
    return stack ? (Template.fromStack(stack).toJSON() as TemplateJson) : { Resources: {} };
  };
  return { global: json("global"), security: json("security"), server: json("server"), watch: json("watch") };
}

const known = new Map<string, Templates>();

/** The same as `synthesizeFile`, made once for the same settings: to be read, or copied before it is changed. */
export function synthesizeOnce(deployment: string, text: string, creating: Part[] = []): Templates {
  const key = JSON.stringify([deployment, text, creating]);
  const templates = known.get(key) ?? synthesizeFile(deployment, text, creating);
  known.set(key, templates);
  return templates;
}

/** The resources of a type. */
export function all(template: TemplateJson, type: string): Resource[] {
  return Object.values(template.Resources).filter((resource) => resource.Type === type);
}

/** The one resource of a type. */
export function only(template: TemplateJson, type: string): Resource {
  const [resource, ...others] = all(template, type);
  if (!resource || others.length > 0) throw new Error(`${others.length + (resource ? 1 : 0)} of ${type}`);
  return resource;
}
