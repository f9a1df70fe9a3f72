"""Python with threads: threading, queues, executors, multiprocessing with its pools and managers, spawned children."""
import asyncio, collections, concurrent.futures, hashlib, multiprocessing, os, queue, signal, socket, socketserver
import subprocess, sys, threading, time, zlib


def square(x):
    return x * x


def fails(x):
    raise ValueError(f"no {x}")


def start():
    print("--- threading")
    counter, lock, seen = 0, threading.Lock(), []
    barrier = threading.Barrier(4)

    def work(n):
        nonlocal counter
        barrier.wait()
        for _ in range(2000):
            with lock:
                counter += 1
        seen.append(n)

    threads = [threading.Thread(target=work, args=(i,), name=f"t{i}") for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(counter, sorted(seen), [t.is_alive() for t in threads], threading.active_count())
    local = threading.local()
    local.x = "main"
    q, results = queue.Queue(5), queue.SimpleQueue()

    def worker():
        local.x = threading.current_thread().name
        while (item := q.get()) is not None:
            results.put((item, hashlib.sha1(b"%d" % item * 1000).hexdigest()[:8]))
            q.task_done()

    workers = [threading.Thread(target=worker) for _ in range(3)]
    for w in workers:
        w.start()
    for i in range(100):
        q.put(i)
    q.join()
    for w in workers:
        q.put(None)
    for w in workers:
        w.join()
    got = sorted(results.get() for _ in range(100))
    print(len(got), got[:3], local.x, threading.get_ident() == threading.main_thread().ident)
    condition, ready = threading.Condition(), []

    def waiter():
        with condition:
            print(condition.wait_for(lambda: ready, 30))

    t = threading.Thread(target=waiter)
    t.start()
    with condition:
        ready.append(1)
        condition.notify_all()
    t.join()
    event, semaphore, timer = threading.Event(), threading.BoundedSemaphore(2), []
    delayed = threading.Timer(0.05, lambda: (timer.append("fired"), event.set()))
    delayed.start()
    print(event.wait(30), timer, semaphore.acquire(), lock.acquire(timeout=1), threading.Lock().acquire(blocking=False))
    signal.signal(signal.SIGUSR1, lambda s, f: print("signal in", threading.current_thread().name))
    t = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    t.start()
    t.join()
    raised = []
    threading.excepthook = lambda a: raised.append(a.exc_type.__name__)
    t = threading.Thread(target=fails, args=(1,))
    t.start()
    t.join()
    print(raised)
    data = os.urandom(1 << 20)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print(len(set(pool.map(lambda _: zlib.crc32(data), range(16)))), list(pool.map(square, range(10))))
        futures = [pool.submit(square, 3), pool.submit(fails, 2)]
        print(futures[0].result(), repr(futures[1].exception()), len(concurrent.futures.wait(futures).done))
        print(sorted(f.result() for f in concurrent.futures.as_completed([pool.submit(square, i) for i in range(5)])))
        print([p.stdout for p in pool.map(lambda i: subprocess.run(["echo", str(i)], capture_output=True), range(8))])

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(line.upper())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()

        def ask(i):
            with socket.create_connection(server.server_address) as s:
                s.sendall(b"question %d\n" % i)
                return s.makefile().readline().strip()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            print(list(pool.map(ask, range(20))))
        server.shutdown()
    print("--- asyncio")

    async def main():
        loop = asyncio.get_running_loop()
        print(await asyncio.gather(*(asyncio.to_thread(square, i) for i in range(6))),
            await loop.run_in_executor(None, sum, range(100)))
        print((await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))[0][4][1])
        done = asyncio.Event()
        threading.Thread(target=lambda: (time.sleep(0.05), loop.call_soon_threadsafe(done.set))).start()
        print(await asyncio.wait_for(done.wait(), 30))
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            print(await loop.run_in_executor(pool, square, 12))

    asyncio.run(main())
    print("--- multiprocessing")
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, pool.map(square, range(10)), pool.apply_async(square, (7,)).get(60),
                sum(pool.imap_unordered(square, range(50), 5)))
            try:
                pool.apply(fails, (3,))
            except ValueError as error:
                print(error)
        q = context.Queue()
        p = context.Process(target=q.put, args=([1, 2, 3],))
        p.start()
        print(q.get(timeout=60), p.join(), p.exitcode)
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        shared["b"] = [2]
        print(sorted(shared.items()), manager.list(range(3))[1:])
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(square, range(8), chunksize=2)))


if __name__ == "__main__":
    if os.path.isdir("scratch"):
        os.chdir("scratch")
    start()
