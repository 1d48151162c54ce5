/** What a look at something before a run has found. */
export interface Finding {
  /** Whether the run would fail. A note only says what could not be looked at. */
  readonly kind: "problem" | "note";
  /** What it is, and what to do. */
  readonly text: string;
}

export const problem = (text: string): Finding => ({ kind: "problem", text });
export const note = (text: string): Finding => ({ kind: "note", text });

/** The findings of a look; if the look itself fails, that is the finding. */
export async function looking(at: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { name, message } = error as Error;
    const remedy = /AccessDenied|not authorized|Forbidden/i.test(`${name} ${message}`)
      ? "the permission to read it is missing"
      : "see AWS's message";
    return [problem(`${at} cannot be read: ${name}, ${message}; ${remedy}`)];
  }
}
