// The clients that wait with a timeout, the next to give up first: a binary heap. Those that were
// served meanwhile stay in it until they come up or are too many.

/** What waits until a Unix time in ms. */
export interface TimedWait {
  readonly deadlineMs: number;
  /** It waits no more: served, unblocked or gone. */
  done: boolean;
}

const smallHeap = 64;

/** Waits ordered by their deadlines. */
export class WaitDeadlines<Wait extends TimedWait> {
  private heap: Wait[] = [];
  /** Waits that are not done. */
  live = 0;

  add(wait: Wait): void {
    this.live++;
    this.heap.push(wait);
    this.rise(this.heap.length - 1);
  }

  /** One of the waits in the heap is done. */
  finished(): void {
    this.live--;
    if (this.heap.length < this.live * 2 + smallHeap) return;
    this.heap = this.heap.filter((wait) => !wait.done);
    for (let i = this.heap.length >> 1; i >= 0; i--) this.sink(i);
  }

  /** The wait that ends first, or null. */
  next(): Wait | null {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined) return null;
      if (!first.done) return first;
      this.removeFirst();
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  private rise(from: number): void {
    const { heap } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as Wait).deadlineMs <= (heap[at] as Wait).deadlineMs) return;
      this.exchange(at, parent);
      at = parent;
    }
  }

  private sink(from: number): void {
    const { heap } = this;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) return;
      const right = child + 1;
      if (right < heap.length
        && (heap[right] as Wait).deadlineMs < (heap[child] as Wait).deadlineMs) child = right;
      if ((heap[at] as Wait).deadlineMs <= (heap[child] as Wait).deadlineMs) return;
      this.exchange(at, child);
      at = child;
    }
  }

  private exchange(a: number, b: number): void {
    const { heap } = this;
    const wait = heap[a] as Wait;
    heap[a] = heap[b] as Wait;
    heap[b] = wait;
  }
}
