import { Refused } from "./calls.ts";

/** Why something is not shown, in the server's own sentences. */
export function Failure({ error }: { readonly error: unknown }) {
  const message = error instanceof Error ? error.message : "Something went wrong.";
  const remedy =
    error instanceof Refused ? error.remedy : "Reload the page. The server’s log may have the cause.";
  return (
    <output class="failure">
      <strong>{message}</strong> {remedy}
    </output>
  );
}
