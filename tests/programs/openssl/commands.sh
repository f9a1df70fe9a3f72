# openssl: digests, ciphers, keys, certificates, signatures, encodings, a TLS connection.
cd scratch || exit 1
seq 20000 >data
for digest in md5 sha1 sha224 sha256 sha384 sha512 sha512-256 sha3-256 sha3-512 blake2b512 blake2s256 ripemd160 sm3 shake128; do
    length=
    [ $digest != shake128 ] || length='-xoflen 16'
    openssl dgst -$digest $length data 2>&1
done
openssl dgst -sha256 -hmac key data
openssl mac -macopt cipher:AES-128-CBC -macopt hexkey:00112233445566778899aabbccddeeff -in data CMAC
openssl kdf -keylen 24 -kdfopt digest:SHA256 -kdfopt pass:secret -kdfopt salt:salt -kdfopt iter:2000 PBKDF2
openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt key:secret -kdfopt salt:salt -kdfopt info:x HKDF
openssl kdf -keylen 16 -kdfopt pass:password -kdfopt salt:saltsalt -kdfopt n:256 -kdfopt r:8 -kdfopt p:1 SCRYPT
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
for cipher in aes-128-cbc aes-192-ctr aes-256-cbc aes-256-ecb aes-128-cfb aes-256-ofb camellia-128-cbc \
    chacha20 aria-256-ctr des-ede3-cbc; do
    size=$(openssl enc -$cipher -P -k x -md sha256 -iter 1 2>/dev/null | sed -n 's/^key=//p')
    openssl enc -$cipher -K ${key:0:${#size}} -iv ${key:0:32} -in data -out cipher 2>/dev/null
    openssl enc -d -$cipher -K ${key:0:${#size}} -iv ${key:0:32} -in cipher 2>/dev/null | cmp - data && echo "$cipher $(md5sum <cipher)"
done
openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -k password -a -in <(head -c 100 data)
openssl enc -aes-128-cbc -d -K 00 -iv 00 -in data 2>&1 | sed 's/^[0-9A-F]*://; s/\.\.\/.*//' > /dev/null
echo "wrong key: ${PIPESTATUS[0]}"
openssl base64 -in <(head -c 60 data) | openssl base64 -d
openssl prime 1000003 1000001
openssl prime -hex FFFFFFFFFFFFFFC5
openssl rand -hex 8 | wc -c
openssl passwd -6 -salt saltsalt secret
openssl passwd -1 -salt abc secret
openssl passwd -apr1 -salt abc secret
openssl errstr 0A000086
openssl version -v
openssl ciphers -v 'ECDHE+AESGCM' | sort
openssl asn1parse -genstr 'UTF8:text'
openssl list -digest-algorithms | wc -l

# Keys that are given, so that signatures without randomness are equal.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.pem 2>/dev/null && openssl rsa -in rsa.pem -check -noout
openssl rsa -in rsa.pem -text -noout | head -n 1; openssl rsa -in rsa.pem -pubout -out rsa.pub 2>&1
openssl dgst -sha256 -sign rsa.pem -out sig data && openssl dgst -sha256 -verify rsa.pub -signature sig data
echo x >>data; openssl dgst -sha256 -verify rsa.pub -signature sig data 2>/dev/null; echo "changed: $?"
openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in <(echo secret) -out sealed && openssl pkeyutl -decrypt -inkey rsa.pem -in sealed
openssl ecparam -name prime256v1 -genkey -noout -out ec.pem && openssl ec -in ec.pem -text -noout 2>&1 | grep -E 'OID|CURVE'
for algorithm in ED25519 ED448 X25519 X448 EC:P-384 ML-DSA-44; do
    openssl genpkey -algorithm ${algorithm%:*} \
        $([ "${algorithm#*:}" = "$algorithm" ] || echo "-pkeyopt group:${algorithm#*:}") -out $algorithm.pem && \
        openssl pkey -in $algorithm.pem -pubout -out $algorithm.pub && openssl pkey -pubin -in $algorithm.pub -text \
        -noout | head -n 1
done
openssl pkeyutl -sign -rawin -inkey ED25519.pem -in data -out sig && openssl pkeyutl -verify -rawin -pubin \
    -inkey ED25519.pub -sigfile sig -in data
printf '%s\n' '-----BEGIN PRIVATE KEY-----' \
    'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g' '-----END PRIVATE KEY-----' >fixed.pem
openssl pkey -in fixed.pem -text -noout; openssl pkeyutl -sign -rawin -inkey fixed.pem -in data | md5sum
openssl req -x509 -key fixed.pem -subj '/C=NO/O=Test/CN=authority' -days 10 -set_serial 7 -not_before \
    20240101000000Z -not_after 20540101000000Z -out ca.pem -addext 'basicConstraints=critical,CA:TRUE' 2>&1
openssl x509 -in ca.pem -noout -text; openssl x509 -in ca.pem -noout -fingerprint -sha256; md5sum ca.pem
openssl req -new -key ec.pem -subj '/CN=localhost' -out server.csr 2>&1 && openssl req -in server.csr -noout -verify -subject 2>&1
openssl x509 -req -in server.csr -CA ca.pem -CAkey fixed.pem -days 10000 -set_serial 8 -out server.pem \
    -extfile <(echo 'subjectAltName=DNS:localhost') 2>&1
openssl verify -CAfile ca.pem server.pem; openssl verify server.pem 2>&1 | tail -n 2
openssl x509 -in server.pem -noout -subject -issuer -serial -ext subjectAltName
openssl crl2pkcs7 -nocrl -certfile ca.pem | openssl pkcs7 -print_certs -noout
openssl pkcs12 -export -inkey ec.pem -in server.pem -passout pass:p -out store.p12 && openssl pkcs12 -in \
    store.p12 -passin pass:p -nokeys -info 2>&1 | grep -E 'MAC|subject|PKCS7'
openssl cms -sign -signer server.pem -inkey ec.pem -in data -out signed -outform DER -nodetach && openssl \
    cms -verify -CAfile ca.pem -purpose any -in signed -inform DER -out verified && tr -d '\r' <verified | cmp - \
    data && echo "message verified"

# A client that ends its input before the answer has come would close the connection.
coproc SERVER { exec openssl s_server -accept 127.0.0.1:0 -cert server.pem -key ec.pem -rev -naccept 2 2>&1; }
server=$SERVER_PID
while read -r line <&"${SERVER[0]}"; do case $line in ACCEPT*) port=${line##*:}; break ;; esac; done
for version in tls1_2 tls1_3; do
    : >answer
    {
        echo "hello over $version"
        until grep -aq 'revo' answer; do
            sleep 0.1
        done
    } | timeout 60 openssl s_client -connect 127.0.0.1:$port -CAfile ca.pem -verify_return_error -servername \
        localhost -$version 2> errors > answer
    echo "client: $?"
    grep -aE '^Verification|^(New|olleh|subject|issuer)|revo olleh' answer | sort -u
    grep -a 'verify error' errors
done
wait "$server"
echo "server: $?"
openssl speed -seconds 1 -bytes 64 -evp md5 2> /dev/null | grep -c md5
openssl nosuch 2>&1 | tail -n 2
openssl x509 -in nosuch 2>&1 | head -n 1
