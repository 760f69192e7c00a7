/** The database of one user in this browser: two stores, opened once; a request as a promise. */

export const SUBSCRIPTIONS = "subscriptions";
export const OUTBOX = "outbox";

const VERSION = 1;

export class Database {
  #opened: Promise<IDBDatabase> | undefined;

  constructor(
    private readonly name: string,
    private readonly factory: IDBFactory,
  ) {}

  /** Run one request in a transaction of its own; resolves when it is on disk. */
  async run<T>(store: string, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await (this.#opened ??= this.#open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const request = ask(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("aborted"));
    });
  }

  /** Forget everything. */
  async clear(): Promise<void> {
    await this.run(SUBSCRIPTIONS, "readwrite", (store) => store.clear());
    await this.run(OUTBOX, "readwrite", (store) => store.clear());
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = this.factory.open(this.name, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(SUBSCRIPTIONS);
        request.result.createObjectStore(OUTBOX, { keyPath: "order", autoIncrement: true }).createIndex("id", "id");
      };
      request.onsuccess = () => {
        // A newer page may want to change the database.
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error ?? new Error("no database"));
    });
  }
}
