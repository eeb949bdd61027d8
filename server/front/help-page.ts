import { parameterHelp } from "../../contract/url/request.ts";
import { problems } from "../errors.ts";
import type { Answer } from "../http/response.ts";

/** The page at `/` with `--dev`; production has none. */
export function welcome(): Answer {
  const body = new TextEncoder().encode(page());
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    },
    body,
  };
}

// --- page ---

function page(): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>imgproxy-lite</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0 }
</style>
<h1>imgproxy-lite is running</h1>
<p>Put a photograph, say <code>worms.jpg</code>, where SOURCE points and ask for
<a href="?img=worms.jpg&amp;q=33&amp;w=800"><code>?img=worms.jpg&amp;q=33&amp;w=800</code></a>.
<p>In <a href="_studio/">the Studio</a> you see all photographs, choose a quality by eye and copy the line for a post.
<p>This page is shown with <code>--dev</code> only.
<h2>Parameters</h2>
<table>${rows(
    ["parameter", "value", "meaning"],
    Object.entries(parameterHelp).map(([name, { takes, meaning }]) => [name, takes, meaning]),
  )}</table>
<h2>Problems</h2>
<table>${rows(
    ["code", "status", "what to do"],
    Object.entries(problems).map(([code, { status, remedy }]) => [code, String(status), remedy]),
  )}</table>
</html>
`;
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return row(head, "th") + body.map((cells) => row(cells, "td")).join("");
}

/** HTML of a text, whose backticks mark code as in the README. */
function escapeHtml(text: string): string {
  const html = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return html.replace(/`([^`]*)`/g, "<code>$1</code>");
}
