export const doctorHelp = `Usage: imgproxy-lite doctor [options]
       imgproxy-lite doctor --server [--help]

Checks a Hugo site and the server that it names, and prints a line for each check; a problem's line has the remedy. It changes
nothing. With --server, where the server runs and with its environment, it checks the server instead.

  --site FOLDER        the Hugo site (default: the current folder)
  --environment NAME   Hugo's environment (default: HUGO_ENVIRONMENT, HUGO_ENV, or production)
  --hugo-version N     the version that builds the site (default: the hugo on PATH)
  --endpoint URL       address of the server (default: params.imgproxy.endpoint, as readers do)
  --token TOKEN        token of its API (default: TOKEN); it is not printed
  --timeout DURATION   how long to wait for the server (default: 5s)
  --json               print JSON
  -h, --help           print this

Exit code: 0 all is well; 1 problems; 2 it could not run, such as in a folder without a site.
`;
