// What the browser remembers between visits: choices only, never anything secret. A browser that keeps
// nothing is no reason to fail.

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`101pay.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`101pay.${name}`, value);
  } catch {
    return;
  }
}
