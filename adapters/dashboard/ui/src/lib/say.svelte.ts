// Short news for everybody: seen at the foot of the page, and read out.
const lasts = 3_500;

// last stays when text has gone, for who looks too late.
export const said = $state({ text: "", last: "", n: 0 });

let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  clearTimeout(timer);
  said.text = said.last = text;
  said.n++;
  timer = setTimeout(() => { said.text = ""; }, lasts);
}
