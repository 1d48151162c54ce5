import { parse } from "@humanwhocodes/momoa";

/** A value, and its text as it was written. */
export type Written = { readonly value: unknown; readonly text: string };

export class WrongJson extends Error {}

/**
 * The members of a JSON object, read one by one. `JSON.parse` keeps the last of two members with one name; another reader
 * may keep the first, so a member that is read may not be there twice.
 */
export class Members {
  readonly #members: readonly [string, Written][];

  /** @throws {WrongJson} when the bytes are no JSON object in UTF-8. */
  constructor(bytes: Uint8Array) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      // The language's own parser is the judge of what is JSON; momoa shows members that are there twice.
      JSON.parse(text);
      const { body } = parse(text, { mode: "json", ranges: true });
      if (body.type !== "Object") throw new WrongJson("no object");
      this.#members = body.members.map(({ name, value }) => {
        const key = name.type === "String" ? name.value : name.name;
        const [from, to] = value.range ?? [0, 0];
        const written = text.slice(from, to);
        return [key, { value: JSON.parse(written), text: written }];
      });
    } catch (error) {
      throw new WrongJson("not the JSON that is wanted", { cause: error });
    }
  }

  has(name: string): boolean {
    return this.#members.some(([other]) => other === name);
  }

  /** A member, if it is there. */
  one(name: string): Written | undefined {
    const found = this.#members.filter(([other]) => other === name);
    if (found.length > 1) throw new WrongJson(`${name} is there twice`);
    return found[0]?.[1];
  }

  /** A text; null counts as absent. */
  optionalText(name: string): string | undefined {
    const value = this.one(name)?.value;
    if (value === undefined || value === null) return undefined;
    if (!isText(value)) throw new WrongJson(`${name} is no text`);
    return value;
  }

  text(name: string): string {
    const text = this.optionalText(name);
    if (text === undefined) throw new WrongJson(`${name} is missing`);
    return text;
  }

  /** Whole seconds since the epoch; null counts as absent. */
  seconds(name: string): number | undefined {
    const member = this.one(name);
    if (member === undefined || member.value === null) return undefined;
    if (typeof member.value !== "number" || !/^[0-9]+$/.test(member.text)) throw new WrongJson(`${name} is no number of seconds`);
    return member.value;
  }

  texts(name: string): string[] {
    const value = this.one(name)?.value;
    if (value === undefined) return [];
    if (!Array.isArray(value) || !value.every(isText)) throw new WrongJson(`${name} is no list of texts`);
    return value;
  }
}

/** Text without half of a surrogate pair, which JSON can write and UTF-8 cannot. */
const isText = (value: unknown): value is string => typeof value === "string" && !/\p{Surrogate}/u.test(value);
