// The operations of the decoded logs, in the order of the logs: six bytes each.

/** A growing list of (client, sequence); a position is an index into it. */
export class Positions {
  client: Uint16Array = new Uint16Array(4096);
  sequence: Uint32Array = new Uint32Array(4096);
  count: number = 0;

  /** Adds one at the end; hot. */
  push(client: number, sequence: number): void {
    if (this.count === this.client.length) this.#grow();
    this.client[this.count] = client;
    this.sequence[this.count] = sequence;
    this.count++;
  }

  /** Whether one of the positions from `from` on is this operation. */
  hasSince(from: number, client: number, sequence: number): boolean {
    for (let at = this.count - 1; at >= from; at--) {
      if (this.sequence[at] === sequence && this.client[at] === client) return true;
    }
    return false;
  }

  #grow(): void {
    const capacity = this.count * 2;
    const [client, sequence] = [new Uint16Array(capacity), new Uint32Array(capacity)];
    client.set(this.client);
    sequence.set(this.sequence);
    [this.client, this.sequence] = [client, sequence];
  }
}
