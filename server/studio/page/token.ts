// The token is in this tab only, and never in a URL.

const NAME = "imgproxy-lite-token";

export function tokenOf(): string | null {
  return sessionStorage.getItem(NAME);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(NAME, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(NAME);
}
