import { keepToken, tokenOf } from "./token.ts";

/** Asks for the server's token. It stays in this tab and goes with each call in a header. */
export function SignIn({ done }: { readonly done: () => void }) {
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        const token = new FormData(event.currentTarget).get("token");
        if (typeof token !== "string" || token === "") return;
        keepToken(token);
        done();
      }}
    >
      <h2>Token</h2>
      <p>
        The server shows its photographs only to people who know its <code>TOKEN</code>. It stays in this tab,
        and is forgotten when you close it.
      </p>
      {tokenOf() !== null && <output class="failure">The server refused that token.</output>}
      <label>
        Token
        <input type="password" name="token" autocomplete="off" spellcheck={false} required />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}
