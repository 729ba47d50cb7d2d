openssl pkeyutl -verify -pubin -inkey keys/{{ key }}.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
sha256sum --check --quiet SHA256SUMS
find . -type f ! -name 'SHA256SUMS*' | sed 's|^\./||' | LC_ALL=C sort > /tmp/found.$$
cut -c 67- SHA256SUMS | LC_ALL=C sort | diff - /tmp/found.$$
