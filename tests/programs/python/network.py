"""Python without threads: asyncio with sockets, subprocesses and signals; ssl in memory and over sockets; pools of forks."""
import asyncio, hashlib, multiprocessing, os, signal, socket, ssl, subprocess, sys, time

os.chdir("scratch")


async def ticker(name, period, count):
    for i in range(count):
        await asyncio.sleep(period)
        events.append((name, i))
    return name, count


async def producer(queue, n):
    for i in range(n):
        await queue.put(i * i)
    await queue.put(None)


async def consumer(queue):
    total = 0
    while (item := await queue.get()) is not None:
        total += item
    return total


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(hashlib.sha256(line).hexdigest()[:16].encode() + b" " + line.upper())
        await writer.drain()
    writer.close()


async def client(port, n, tls=None):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls,
        server_hostname="localhost" if tls else None)
    replies = []
    for i in range(5):
        writer.write(b"client %d message %d\n" % (n, i))
        replies.append((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()
    return replies


async def chat(tls_server=None, tls_client=None):
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls_server)
    port = server.sockets[0].getsockname()[1]
    for replies in await asyncio.gather(*(client(port, n, tls_client) for n in range(8))):
        print(replies[0], replies[-1])
    server.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, address):
        self.received.set_result(data)


async def main():
    global events
    events = []
    print(await asyncio.gather(ticker("slow", 0.3, 2), ticker("fast", 0.05, 3)), sorted(events))
    queue = asyncio.Queue(3)
    async with asyncio.TaskGroup() as group:
        group.create_task(producer(queue, 500))
        result = group.create_task(consumer(queue))
    print(result.result())
    try:
        async with asyncio.timeout(0.1):
            await asyncio.sleep(10)
    except TimeoutError:
        print("timed out")
    task = asyncio.create_task(asyncio.sleep(10))
    task.cancel()
    print(await asyncio.gather(task, return_exceptions=True))
    lock, order = asyncio.Lock(), []

    async def locked(i):
        async with lock:
            order.append(i)
            await asyncio.sleep(0)

    await asyncio.gather(*(locked(i) for i in range(5)))
    print(order)
    await chat()
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.sendto(b"datagram", transport.get_extra_info("sockname"))
    print(await protocol.received)
    transport.close()
    process = await asyncio.create_subprocess_exec("sort", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    print(await process.communicate(b"b\nc\na\n"), process.returncode)
    several = [await asyncio.create_subprocess_shell(f"sleep 0.{i}; echo {i}; exit {i}",
        stdout=subprocess.PIPE) for i in (3, 1, 2)]
    print([(await p.communicate(), p.returncode) for p in several])
    received = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, lambda: received.set_result("USR1"))
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await received)
    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    await asyncio.gather(loop.sock_sendall(a, b"z" * 500000),
        drained := asyncio.ensure_future(receive(loop, b, 500000)))
    print(drained.result())


async def receive(loop, sock, n):
    total = 0
    while total < n:
        total += len(await loop.sock_recv(sock, 65536))
    return total


print("--- asyncio")
asyncio.run(main())

print("--- ssl")
subprocess.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 9"
               " -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null", shell=True, check=True)
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain("cert.pem", "key.pem")
client_context = ssl.create_default_context(cafile="cert.pem")
asyncio.run(chat(server_context, client_context))


def handshake(version):
    client_context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    server = server_context.wrap_bio(outgoing, incoming, server_side=True)
    pending = [client, server]
    for _ in range(10):
        for side in list(pending):
            try:
                side.do_handshake()
                pending.remove(side)
            except ssl.SSLWantReadError:
                pass
    client.write(b"x" * 10000)
    print(client.version(), client.cipher(), len(server.read(20000)), client.getpeercert()["subject"],
        server.session_reused)


for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    handshake(version)
try:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    b = server_context.wrap_bio(outgoing, incoming, server_side=True)
    for side in (a, b, a, b):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
except ssl.SSLCertVerificationError as error:
    print(error.verify_message)
listener = socket.create_server(("127.0.0.1", 0))
if (pid := os.fork()) == 0:
    with server_context.wrap_socket(listener.accept()[0], server_side=True) as s:
        while data := s.recv(65536):
            s.sendall(data[::-1])
    os._exit(0)
with client_context.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost") as s:
    s.sendall(b"over tls")
    print(s.recv(100), s.version())
print(os.waitpid(pid, 0)[1], ssl.OPENSSL_VERSION, len(ssl.create_default_context().get_ciphers()))
os.remove("key.pem")
os.remove("cert.pem")

print("--- multiprocessing")
context = multiprocessing.get_context("fork")


def child(connection, value, array, lock, event):
    event.wait()
    for i in range(200):
        with lock:
            value.value += 1
    array[value.value % 4] = 1.5
    connection.send({"pid": os.getpid() != os.getppid(), "data": list(range(5))})
    sys.exit(3)


value, array, lock, event = context.Value("i", 0), context.Array("d", 4), context.Lock(), context.Event()
ours, theirs = context.Pipe()
children = [context.Process(target=child, args=(theirs, value, array, lock, event), name=f"child{i}") for i in range(3)]
for process in children:
    process.start()
event.set()
print([ours.recv() for _ in children])
for process in children:
    process.join()
print([(p.name, p.exitcode) for p in children], value.value, sum(array) >= 1.5)
killed = context.Process(target=time.sleep, args=(60,))
killed.start()
killed.terminate()
killed.join()
print(killed.exitcode, context.Semaphore(2).acquire(), context.Condition().acquire())
