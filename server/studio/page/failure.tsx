import { Refused } from "./api.ts";

/** Why something is not shown, in the server's own sentences. */
export function Failure({ error }: { readonly error: unknown }) {
  const message = error instanceof Error ? error.message : "Something went wrong.";
  const remedy = error instanceof Refused ? error.remedy : "Is the server still running?";
  return (
    <output class="failure">
      <strong>{message}</strong> {remedy}
    </output>
  );
}
