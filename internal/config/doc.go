// Package config reads patchbay.yaml, the one file that a patchbay process starts from:
//
//	listen: :8443                          # host:port; no host means every interface
//	tls: { cert_file: tls.pem, key_file: tls.key }
//	public_url: https://login.acme.example # what browsers and clients see: an origin, no path
//	shared_issuer_path: /id                # "" puts the shared issuer at the root
//	trusted_proxies: [10.0.0.0/8]          # whose X-Forwarded-For is believed
//	state: { dsn: "mysql:patchbay:${DB_PASSWORD}@tcp(db:3306)/patchbay" }  # or sqlite:/path
//	legacy:
//	  driver: mysql                        # mysql | sqlite
//	  dsn_file: iq.dsn
//	  profile: iq
//	key_file: patchbay.keys                # sealed; see patchbay key generate
//	key_file_passphrase_file: passphrase   # or key_file_identity, an age identity
//	limits:                                # requests; absent ones take their defaults
//	  tenant: { per_second: 200, burst: 400 }
//	  introspection: { per_second: 2000, burst: 4000 }
//	  address: { per_second: 100, burst: 1000 }
//	  login: { failures: 10, accounts_per_address: 100, window: 10m }
//	drain: { delay: 5s, timeout: 20s }     # after SIGTERM
//	retention: { logins: 9600h, events: 9600h }
//	log: { level: info, format: json }     # debug info warn error; json text
//	metrics: { listen: 127.0.0.1:9090 }    # absent: no metrics
//
// Unknown keys and all faults are reported at once, with path and line. Files are relative to the
// configuration file. Plain http is accepted on loopback and behind a declared proxy only.
package config
