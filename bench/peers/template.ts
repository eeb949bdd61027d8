/** Any other image server that already runs, by its URL of a variant; only HTTP is measured, not its CPU. */
export interface TemplatePeer {
  readonly name: string;
  readonly urlOf: (variant: {
    readonly key: string;
    readonly width: number;
    readonly quality: number;
    readonly format: string;
  }) => string;
}

/**
 * `imgproxy=http://127.0.0.1:8080/unsafe/rs:fit:{w}/q:{q}/plain/local:///{key}@{fm}`: the name, then a URL in which
 * `{key}`, `{w}`, `{q}` and `{fm}` are replaced.
 * @throws Error for another form, or for another machine: the load goes only to this one.
 */
export function parseTemplate(text: string): TemplatePeer {
  const [, name, template] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || template === undefined || !template.includes("{key}"))
    throw new Error(`--peer takes name=http://127.0.0.1:port/…{key}…{w}…{q}…{fm}…; got "${text}"`);
  const { hostname } = new URL(template.replace(/\{[a-z]+\}/g, "0"));
  if (!["127.0.0.1", "localhost", "[::1]"].includes(hostname))
    throw new Error(`--peer: ${hostname} is another machine; the bench loads only this one`);
  return {
    name,
    urlOf: ({ key, width, quality, format }) =>
      template
        .replaceAll("{key}", encodeURI(key))
        .replaceAll("{w}", String(width))
        .replaceAll("{q}", String(quality))
        .replaceAll("{fm}", format),
  };
}
