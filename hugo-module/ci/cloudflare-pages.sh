# A blog's build.sh: to Cloudflare Pages, which clones the submodules and runs npm ci. The build command is "bash build.sh", the
# output directory "public", the environment variable NODE_VERSION 22.
# Once: install imgproxy-lite (the manual: Every way to install it), then npm install --save-dev hugo-extended
# Environment variables, secret: TOKEN (the server's; needs /api, the manual: The token and /api; without it the scan warms as a
# reader does), HUGO_IMGPROXY_KEY if URLs are signed.
set -euo pipefail

# Cloudflare clones only the last commit, and Hugo takes a page's dates from the whole history (enableGitInfo).
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --quiet --unshallow; fi

# Every other branch is a preview at an address of its own. A set that expires keeps its variants while it is reviewed, and takes no
# place of the published ones.
preview=
if [ "$CF_PAGES_BRANCH" != main ]; then
  preview="--preview 14d"
  export HUGO_BASEURL="$CF_PAGES_URL"
fi

npx --no imgproxy-lite scan $preview
npx --no hugo --minify
npx --no imgproxy-lite scan --check public $preview
