export const scanHelp = `Usage: imgproxy-lite scan [options]

Finds every image that a Hugo site will request from the proxy, and checks that it exists. Writes the manifest that the
site's templates read, and makes every variant before a reader requests it.

  imgproxy-lite scan                    before hugo: checks images, writes the manifest, warms the cache
  hugo
  imgproxy-lite scan --check public     after hugo: checks the URLs that hugo printed
  imgproxy-lite scan --edge             after the deploy: checks the CDN

The site
  --site FOLDER        the Hugo site (default: the current folder)
  --environment NAME   Hugo's environment (default: HUGO_ENVIRONMENT, HUGO_ENV, or production; with --watch development)
  --hugo-version N     the Hugo version whose rules decide what is a page (default: the one on PATH, or the newest)
  --manifest FILE      where to write the manifest, relative to the site (default: assets/imgproxy.json)
  --no-manifest        do not write the manifest
  --watch              while you write: writes the manifest again after each change of content, configuration, layouts, names in
                       static and assets, the posts' photographs, or a gallery's folder, so that "hugo server" shows it; makes no
                       variant, since requests make them; ends with Ctrl-C
  --check FOLDER       take the URLs from the built site, and compare them with the content
  --html FOLDER        take the URLs from the built site only
  --rewrite            with either: replace files of the bucket that a theme names itself with the proxy's URLs
  --ignore GLOB        with either: pictures that the built site may lack, such as "demo/**"; can be repeated
  --allow-damaged GLOB photographs of which a part may be missing, such as "old/**"; can be repeated

The proxy
  --endpoint URL       address at which the scan reaches it (default: params.imgproxy.endpoint, as readers do)
  --token TOKEN        token of its API (default: TOKEN); without a token the scan makes the same requests as a reader
  --publish SITE/NAME  name of the published set; needs a token (default: host of baseURL / commit)
  --preview DURATION   the published set expires after this time, such as 14d; needs a token
  --effort N           effort of the encoder, 0 (fast) to 9 (small); needs a token (default: the server's;
                       with --check, that of the scan before it)
  --tune look          make WebP and AVIF of each photograph look like its own JPEG; needs a token
  --tune floor=SCORE   give each photograph the lowest quality that reaches this score (SSIMULACRA 2.1 at 400 px), such as 62;
                       needs a token. Both: --tune look,floor=62
  --tune-budget DURATION  how long new photographs are measured; the others are left for the next scan (default: 5m)
  --edge               request every URL at the public address, and check that the CDN keeps formats apart
  --concurrency N      parallel requests (default: 4)
  --timeout DURATION   how long the scan waits for a server that restarts or is busy, such as 90s or 5m (default: 2m)

The output
  --dry-run            print what the scan would request; send no request and write no file
  --json               print the result as JSON
  --budget SIZES       the most that the images of one post may weigh, as current browsers load them on a phone (390 px, 3x) and
                       a laptop (1440 px, 1x): "phone=400KB,laptop=900KB"; more is an error
  --require-alt        an image without alt text, or with a file name or another photograph's text instead, is an error
  --report FILE        write an HTML page with each photograph, its variants and the failures
  -h, --help           print this

The scan stores what it has learned in the site's resources/imgproxy-lite. If CI keeps that folder between runs, unchanged
posts are not parsed again, and covers that no page showed at the last --check are not made. Without it a scan is only slower.

HUGO_… variables have the same effect as for hugo. HUGO_IMGPROXY_KEY signs URLs if the site sets params.imgproxy.sign = true.
On GitHub and GitLab, findings become annotations. Exit code: 0 no problem; 1 problems in the content, such as a photograph
that is missing or damaged; 2 the scan could not run.
`;
