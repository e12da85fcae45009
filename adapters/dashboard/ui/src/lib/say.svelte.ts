// Short news for everybody: seen at the foot of the page, and read out.
const lasts = 3_500;

export const said = $state({ text: "", n: 0 });

let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  clearTimeout(timer);
  said.text = text;
  said.n++;
  timer = setTimeout(() => { said.text = ""; }, lasts);
}
