"""A small Debian archive on this machine, for test_sysroot.py: packages made by dpkg-deb, indexes signed by a key of its
own, and an HTTP server that can also be slow, silent or wrong."""
import hashlib
import http.server
import pathlib
import subprocess
import threading
import time
import urllib.parse


def run(*words, **kwargs):
    return subprocess.run(words, check=True, capture_output=True, **kwargs).stdout


def make_key(home):
    """A key for signing below the folder `home`; returns the path of its public part."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    run(*gpg, "--quick-generate-key", "tests <tests@example.org>", "rsa2048", "sign", "never")
    keyring = home / "public.gpg"
    keyring.write_bytes(run(*gpg, "--export"))
    return keyring


class Archive:
    """Files below `root`; add_package() for each package, then publish()."""

    def __init__(self, root, home, suite="trixie", architectures=("riscv64",)):
        self.root, self.home, self.suite, self.architectures = root, home, suite, architectures
        self.stanzas = []
        (root / "pool").mkdir(parents=True)

    def add_package(self, name, version="1.0", arch="riscv64", files=None, links=None, postinst=None, **fields):
        """files: path -> text or bytes; fields: of the control file, with _ for -."""
        tree = self.root.parent / "tree" / f"{name}_{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        fields = {"Maintainer": "tests <tests@example.org>", "Description": "for tests", "Installed_Size": "10", **fields}
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n"
        control += "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items())
        (tree / "DEBIAN" / "control").write_text(control)
        if postinst:
            (tree / "DEBIAN" / "postinst").write_text(postinst)
            (tree / "DEBIAN" / "postinst").chmod(0o755)
        for path, content in (files or {}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        for path, goal in (links or {}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).symlink_to(goal)
        deb = self.root / "pool" / f"{name}_{version.split(':')[-1]}_{arch}.deb"
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(deb))
        data = deb.read_bytes()
        self.stanzas.append(f"{control}Filename: pool/{deb.name}\nSize: {len(data)}\n"
                            f"SHA256: {hashlib.sha256(data).hexdigest()}\n")
        return deb

    def publish(self):
        dist = self.root / "dists" / self.suite
        sums = []
        for arch in self.architectures:
            packages = dist / "main" / f"binary-{arch}" / "Packages"
            packages.parent.mkdir(parents=True, exist_ok=True)
            packages.write_text("\n".join(self.stanzas))
            data = packages.read_bytes()
            sums.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} main/binary-{arch}/Packages\n")
        date = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime())
        release = (f"Origin: tests\nSuite: {self.suite}\nCodename: {self.suite}\nDate: {date}\n"
                   f"Architectures: {' '.join(self.architectures)}\nComponents: main\nSHA256:\n" + "".join(sums))
        signed = run("gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback",
                     "--passphrase", "", "--clearsign", input=release.encode())
        (dist / "InRelease").write_bytes(signed)


class Server(http.server.ThreadingHTTPServer):
    """Serves the folder `root`. `behave(path)` may return "stall" (half of it, then silence), "silent" or "slow" (a
    quarter at once, the rest at 160 KiB a second). `requests` lists (path, Range header or None)."""
    daemon_threads = True

    def __init__(self, root, behave=lambda path: None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root, self.behave, self.requests = pathlib.Path(root), behave, []
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that goes away is part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = urllib.parse.unquote(self.path.lstrip("/"))
        wanted = self.headers.get("Range")
        self.server.requests.append((path, wanted))
        behaviour = self.server.behave(path)
        if behaviour == "silent":
            time.sleep(600)
        file = self.server.root / path
        if not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        start = int(wanted[6:].split("-")[0]) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Last-Modified", self.date_time_string(int(file.stat().st_mtime)))
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.send_body(data[start:], behaviour)

    def send_body(self, data, behaviour):
        if behaviour == "stall":
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            time.sleep(600)
        elif behaviour == "slow":
            first = len(data) // 4
            self.wfile.write(data[:first])
            for at in range(first, len(data), 16384):
                self.wfile.write(data[at:at + 16384])
                self.wfile.flush()
                time.sleep(.1)
        else:
            self.wfile.write(data)
