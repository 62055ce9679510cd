// What the page of a run that goes on does in the browser: asks where the run is, once a second,
// and loads the report anew after each trial. It is carried by the page as text, so it uses nothing
// from outside itself.
/// <reference lib="dom" />

/** What the server says; texts are made there. */
export interface LiveStatus {
  readonly where: string;
  readonly spark: string;
  readonly rate: string;
  readonly done: number;
  readonly planned: number;
}

/** Keeps the page up to date until the server is gone. */
export function startLive(): void {
  const put = (id: string, text: string): void => {
    const place = document.querySelector(`#${id}`);
    if (place !== null) place.textContent = text;
  };
  const frame = document.querySelector<HTMLIFrameElement>('#report');
  let shown = 0;
  let scrollY = 0;
  frame?.addEventListener('load', () => frame.contentWindow?.scrollTo(0, scrollY));
  const showReport = (done: number): void => {
    if (frame === null || done === shown) return;
    shown = done;
    scrollY = frame.contentWindow?.scrollY ?? 0;
    frame.src = `/report?trials=${done}`;
  };
  const ask = async (): Promise<void> => {
    try {
      const answer = await fetch('/status', { cache: 'no-store' });
      const status = await answer.json() as LiveStatus;
      put('where', status.where);
      put('spark', status.spark);
      put('rate', status.rate);
      const bar = document.querySelector<HTMLProgressElement>('#progress');
      if (bar !== null) bar.value = status.planned === 0 ? 0 : status.done / status.planned;
      showReport(status.done);
      setTimeout(() => void ask(), 1000);
    } catch {
      put('where', 'The run has ended: its report is beside its record, report.html.');
      put('spark', '');
      put('rate', '');
    }
  };
  void ask();
}
