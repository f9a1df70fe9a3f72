# curl against a local server of Python: methods, headers, redirections, ranges, cookies, uploads, errors, TLS, files.
cd scratch || exit 1
cat >server.py <<'END'
import http.server, os, signal, socketserver, ssl, sys

main = os.getpid()
signal.signal(signal.SIGTERM, lambda *a: os._exit(0))

class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    def handle_error(self, request, address): pass

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def date_time_string(self, timestamp=None): return "Thu, 29 Feb 2024 12:00:00 GMT"
    def version_string(self): return "test"
    def reply(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    def do_GET(self):
        if self.path == "/redirect": return self.reply(b"", 302, Location="/plain")
        if self.path == "/loop": return self.reply(b"", 301, Location="/loop")
        if self.path == "/missing": return self.reply(b"nothing here\n", 404)
        if self.path == "/cookie": return self.reply((self.headers.get("Cookie") or "none").encode() + b"\n", Set_Cookie="a=1; Path=/")
        if self.path == "/auth": return self.reply((self.headers.get("Authorization") or "none").encode() + b"\n")
        if self.path == "/large": return self.reply(bytes(range(256)) * 8192)
        if self.path == "/gzip":
            import gzip
            return self.reply(gzip.compress(b"packed\n" * 1000), Content_Encoding="gzip")
        if self.path == "/chunked":
            self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
            for i in range(100): self.wfile.write(b"%x\r\n%s\r\n" % (len(b"chunk %d\n" % i), b"chunk %d\n" % i))
            return self.wfile.write(b"0\r\n\r\n")
        if self.path == "/range" and "Range" in self.headers:
            a, b = self.headers["Range"].split("=")[1].split("-"); body = b"0123456789" * 10
            return self.reply(body[int(a):int(b) + 1], 206, Content_Range=f"bytes {a}-{b}/100")
        if self.path == "/close": self.close_connection = True; return self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        if self.path == "/quit": self.reply(b"bye\n"); os.kill(main, signal.SIGTERM)
        names = sorted(k for k in self.headers.keys() if k not in ("Host", "User-Agent"))
        self.reply(f"{self.command} {self.path} {[(k, self.headers[k]) for k in names]}\n".encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(b"%s %d %s %s\n" % (self.command.encode(), len(body), self.headers.get("Content-Type", "-").split(";")[0].encode(), body[:60]))
    do_PUT = do_DELETE = do_PATCH = do_POST
    do_HEAD = do_GET

server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
open(sys.argv[1] + ".new", "w").write(str(server.server_port)); os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
END
start() { # PORTFILE [CERTIFICATE]
    python3 server.py "$@" &
    until [ -s $1 ]; do sleep 0.05; done
    port=$(cat $1)
}
start plain
url=http://127.0.0.1:$port
get() { curl -sS "$@" 2>&1; echo "status $?"; }
get $url/plain
get -i $url/plain
get -I $url/plain
get -L $url/redirect
get -w '%{http_code} %{redirect_url} %{size_download} %{num_connects}\n' $url/redirect | sed "s/:$port/:PORT/"
get -L --max-redirs 3 $url/loop
get $url/missing
get -f $url/missing
get -c jar $url/cookie
get -b jar $url/cookie
get -b 'x=2; y=3' $url/cookie
get -u user:password $url/auth
get -H 'X-One: 1' -H 'X-Two: two' -A agent -e http://referer/ $url/headers
get -d 'a=1&b=2' $url/post
get --data-urlencode 'text=a b&c' $url/post
get -F 'file=@server.py' -F field=value $url/form | sed 's/ b.*//; s/-----.*//'
get -T server.py $url/put | head -n 1 | cut -c1-12
get -X DELETE $url/item
get --json '{"a": 1}' $url/json
get -r 5-14 $url/range
get --compressed $url/gzip | md5sum
get $url/chunked | tail -n 3
get -o large $url/large; md5sum large
get -C 1000000 -o part $url/large
get -Z --no-progress-meter $url/a $url/b $url/c | sort
get "$url/[1-3]/{x,y}" -o '#1-#2.out'; cat *.out
get $url/close -o short; cat short; echo
get --max-time 5 http://127.0.0.1:1/ | sed 's/after [0-9]* ms/after N ms/'
get http://nosuch.invalid/ | sed 's/status/status/'
get file://$PWD/jar | grep -c 127
get nosuch://x
get -G -d q=1 $url/query
get -s --retry 2 --retry-delay 0 --fail $url/missing
get -K - <<END
url = $url/config
header = "From: config"
END
get -v $url/plain | grep '^[<>]' | sed "s/:$port/:PORT/" | tr -d '\r'
get --resolve example.org:$port:127.0.0.1 http://example.org:$port/resolved
get -D headers -o body $url/plain; tr -d '\r' <headers; cat body
get -s $url/large | head -c 100 | md5sum
get $url/quit
wait
openssl req -x509 -newkey ed25519 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 10 -addext \
    'subjectAltName=DNS:localhost' 2>/dev/null
cat cert.pem >>key.pem
start tls key.pem
url=https://localhost:$port
get --cacert cert.pem $url/secure
get -k -o large $url/large; md5sum large
openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -out other.pem -subj /CN=other -days 10 2>/dev/null
get --cacert other.pem $url/untrusted
get --cacert cert.pem --resolve other:$port:127.0.0.1 https://other:$port/
get --cacert cert.pem --tls-max 1.2 -w '%{http_version} %{ssl_verify_result}\n' $url/old
get --cacert cert.pem $url/quit
wait
rm -f key.pem cert.pem other.pem plain tls headers jar
