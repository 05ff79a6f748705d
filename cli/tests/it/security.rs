//! Encrypted connections and SASL.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, date_time_ymd,
};
use zk_embedded::{EmbeddedServer, ServerTls};

use crate::server::Server;
use crate::zkctl::Zkctl;

/// Certificates in a folder of their own: of an authority, of the server, of a client.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("zkctl-tls-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = Self(folder);
        let mut authority = CertificateParams::default();
        let name = format!("authority {count}");
        authority.distinguished_name.push(DnType::CommonName, name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        files.put("ca", &authority.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(authority, key);
        files.put("good.crl", &revocations(&issuer, &[]));
        files.put("bad.crl", &revocations(&issuer, &[SERVER]));
        for (name, names) in [("server", vec!["127.0.0.1".to_owned()]), ("client", vec![])] {
            let mut params = CertificateParams::new(names).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
            params.serial_number = (name == "server").then(|| SERVER.into());
            let key = KeyPair::generate().unwrap();
            files.put(name, &params.signed_by(&key, &issuer).unwrap().pem());
            files.put(&format!("{name}.key"), &key.serialize_pem());
        }
        files
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A server that wants a certificate, and knows a user of SASL.
    fn server(&self) -> Server {
        let tls = ServerTls::new(self.read("server"), self.read("server.key"));
        let builder = EmbeddedServer::builder().tls(tls.client_ca(self.read("ca")));
        Server::start_as(builder.configure(|config| config.sasl_users.add("app", "s3cret")))
    }

    /// A command line with everything that the server wants.
    fn admitted(&self, server: &Server, args: &[&str]) -> Zkctl {
        server
            .zkctl(args)
            .env("ZK_TLS_CA", &self.path("ca"))
            .env("ZK_TLS_CERT", &self.path("client"))
            .env("ZK_TLS_KEY", &self.path("client.key"))
    }
}

/// The number of the server's certificate.
const SERVER: u64 = 77;

fn revocations(issuer: &Issuer<'_, KeyPair>, revoked: &[u64]) -> String {
    let revoked = revoked.iter().map(|serial| RevokedCertParams {
        serial_number: (*serial).into(),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2120, 1, 1),
        crl_number: 1_u64.into(),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A message without what differs from run to run.
fn shown(server: &Server, files: &Files, message: &str) -> String {
    let message = message.replace(&server.connect_string(), "SERVER");
    let message = message.replace(files.0.to_str().unwrap(), "DIR");
    match message.split_once(" servers in ") {
        Some((before, after)) => {
            let (_, rest) = after.split_once(" s").unwrap();
            format!("{before} servers in T s{rest}")
        }
        None => message,
    }
}

#[test]
fn certificates_come_from_options_or_the_environment() {
    let files = Files::new();
    let server = files.server();
    let [ca, cert, key] = ["ca", "client", "client.key"].map(|name| files.path(name));
    let options = ["--tls-ca", &ca, "--tls-cert", &cert, "--tls-key", &key];
    let create = [&["create", "/a", "hello"][..], &options].concat();
    server.zkctl(&create).ok();
    assert_eq!(files.admitted(&server, &["get", "/a"]).ok(), "hello");
    let pinged = files.admitted(&server, &["ping"]).ok();
    let line: Vec<&str> = pinged.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        line[1..4],
        ["ok", "-", "-"],
        "no word in plain text: {pinged}"
    );
    let child = ["lock", "/l", "--", "sh", "-c", "exec \"$ZKCTL\" get /a"];
    let nested = files
        .admitted(&server, &child)
        .env("ZKCTL", env!("CARGO_BIN_EXE_zkctl"));
    assert_eq!(nested.ok(), "hello");
}

#[test]
fn a_lock_is_explained_without_a_word_in_plain_text() {
    let files = Files::new();
    let server = files.server();
    files
        .admitted(&server, &["create", "-p", "/l/lock-0000000001", "10.0.0.9"])
        .ok();
    let text = files.admitted(&server, &["lock", "explain", "/l"]).ok();
    assert!(
        text.contains("Not all servers tell where sessions come from: zkctl asks four-letter words in plain text alone"),
        "{text}"
    );
}

#[test]
fn a_server_that_is_not_trusted_or_wants_a_certificate_is_unavailable_with_the_reason() {
    let (files, others) = (Files::new(), Files::new());
    let server = files.server();
    let (code, message) = server
        .zkctl(&["ls", "--tls-ca", &others.path("ca")])
        .fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: cannot reach ZooKeeper: SERVER: its certificate is of an authority that is not trusted; trust the authority that issued it (.ca_file(), zkctl --tls-ca). Tried 1 of 1 servers in T s");
    let (code, message) = server.zkctl(&["ls", "--tls-ca", &files.path("ca")]).fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: cannot reach ZooKeeper: SERVER: wants a client certificate (ssl.clientAuth); show one (.client_certificate_files(), zkctl --tls-cert and --tls-key). Tried 1 of 1 servers in T s");
    let (code, message) = server.zkctl(&["ls"]).fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: cannot reach ZooKeeper: SERVER: answered with TLS; it is a port for encrypted connections: use .tls() (zkctl --tls-ca). Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
}

#[test]
fn files_that_cannot_be_used_are_a_mistake_of_configuration() {
    let files = Files::new();
    let server = files.server();
    let missing = files.path("missing");
    let (code, message) = server.zkctl(&["ls", "--tls-ca", &missing]).fails();
    assert_eq!(code, 78);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: cannot read DIR/missing: No such file or directory (os error 2)");
    let (code, message) = files
        .admitted(&server, &["ls"])
        .env("ZK_TLS_KEY", &files.path("client"))
        .fails();
    assert_eq!(code, 78);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: DIR/client holds no private key in PEM");
    let alone = ["ls", "--tls-ca", &missing, "--tls-cert", &missing];
    assert_eq!(server.zkctl(&alone).fails().0, 64);
    let alone = ["ls", "--dangerous-accept-any-host-name"];
    assert_eq!(server.zkctl(&alone).fails().0, 64);
}

#[test]
fn a_revoked_certificate_is_refused_where_a_list_is_given() {
    let files = Files::new();
    let server = files.server();
    let with = |list: &str| {
        let admitted = files.admitted(&server, &["ls"]);
        admitted.env("ZK_TLS_CRL", &files.path(list))
    };
    assert_eq!(with("good.crl").run().code, Some(0));
    let (code, message) = with("bad.crl").fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: cannot reach ZooKeeper: SERVER: its certificate was revoked by its authority; give the server a new one. Tried 1 of 1 servers in T s");
    let alone = ["ls", "--tls-crl", &files.path("good.crl")];
    assert_eq!(server.zkctl(&alone).fails().0, 64);
}

#[test]
fn the_opt_outs_are_named_for_what_they_are() {
    let files = Files::new();
    let server = files.server();
    let [cert, key] = ["client", "client.key"].map(|name| files.path(name));
    let anybody = "--dangerous-accept-any-certificate";
    let shows = ["ls", anybody, "--tls-cert", &cert, "--tls-key", &key];
    server.zkctl(&shows).ok();
}

#[test]
fn a_user_of_sasl_is_proven_or_refused() {
    let files = Files::new();
    let server = files.server();
    let create = ["create", "/a", "x", "--sasl", "app:s3cret"];
    files.admitted(&server, &create).ok();
    let get = files.admitted(&server, &["get", "/a"]);
    assert_eq!(get.env("ZK_SASL", "app:s3cret").ok(), "x");
    let wrong = files.admitted(&server, &["get", "/a"]);
    let (code, message) = wrong.env("ZK_SASL", "app:wrong").fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(shown(&server, &files, &message), @"zkctl: SERVER refused SASL DIGEST-MD5 for user app; check the password, and the section Server of the servers' JAAS file; the identity of digest ACLs is another setting (.auth(), zkctl --auth digest:USER:PASSWORD)");
}

#[test]
fn a_development_server_knows_nothing_of_certificates_and_users() {
    let files = Files::new();
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    let dev = Zkctl::new(&["dev", "--", zkctl, "create", "/a"])
        .env("ZK_TLS_CA", &files.path("ca"))
        .env("ZK_SASL", "app:s3cret");
    assert_eq!(dev.run().code, Some(0));
}

#[test]
fn neither_keys_nor_passwords_are_shown() {
    let files = Files::new();
    let server = files.server();
    let key = files.read("client.key");
    let secret = key.lines().nth(1).unwrap();
    // The key where the certificate should be, and the other way round: the parser must not quote it.
    let swapped = server
        .zkctl(&["ls"])
        .env("ZK_TLS_CA", &files.path("client.key"))
        .env("ZK_TLS_CERT", &files.path("client.key"))
        .env("ZK_TLS_KEY", &files.path("client"));
    let all = [
        swapped,
        files.admitted(&server, &["ls", "/missing"]),
        files.admitted(&server, &["--help"]),
        files.admitted(&server, &["nonsense"]),
    ];
    for command in all {
        let done = command.env("ZK_SASL", "app:s3cret").run();
        let shown = format!("{}{}", done.text(), done.stderr);
        assert!(
            !shown.contains(secret) && !shown.contains("s3cret"),
            "{shown}"
        );
    }
    let malformed = server.zkctl(&["ls"]).env("ZK_SASL", "s3cret").run();
    // What stands in the environment is shown by clap as what it is: a malformed value.
    assert_eq!(malformed.code, Some(64));
}
