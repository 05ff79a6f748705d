//! What went wrong, in words that say what to do.

use std::io;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, CertRevocationListError, CertificateError, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved,
};

use super::verifier::SelfSigned;
use crate::secure::NotSecure;

/// The handshake with `host` failed. `shows`: a certificate of our own is configured.
pub(super) fn not_agreed(error: &io::Error, host: &str, shows: bool) -> io::Error {
    let text = match cause(error) {
        Some(cause) => describe(cause, host, shows),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("closed the connection during the TLS handshake: {PLAIN}")
        }
        None => format!("the connection broke during the TLS handshake ({error}): {PLAIN}"),
    };
    io::Error::new(error.kind(), NotSecure(text))
}

/// The connection broke after the handshake.
pub(super) fn broken(error: io::Error, shows: bool) -> io::Error {
    match cause(&error) {
        // With TLS 1.3 a server judges the client's certificate after the client believes that all is done.
        Some(cause) => {
            let text = describe(cause, "", shows);
            io::Error::new(error.kind(), NotSecure(text))
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => io::Error::new(
            error.kind(),
            "the connection was cut (it ended without TLS's close_notify)",
        ),
        None => error,
    }
}

fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn describe(error: &Error, host: &str, shows: bool) -> String {
    match error {
        Error::InvalidCertificate(why) => certificate(why, host),
        Error::AlertReceived(alert) => refusal(*alert, shows),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => OLD.to_owned(),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => format!("answered the TLS handshake with something that is not TLS: {PLAIN}"),
        Error::InvalidCertRevocationList(why) => revocation_list(why),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => OLD.to_owned(),
        error => format!("the TLS handshake failed: {error}"),
    }
}

fn certificate(why: &CertificateError, host: &str) -> String {
    match why {
        CertificateError::Expired => "its certificate has expired; renew it".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = span(*time, *not_after);
            format!("its certificate expired {ago} ago; renew it (or set this machine's clock)")
        }
        CertificateError::NotValidYet => {
            "its certificate is not valid yet; is this machine's clock right?".to_owned()
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let until = span(*not_before, *time);
            format!("its certificate is not valid yet, but in {until}; is this machine's clock right?")
        }
        CertificateError::NotValidForName => {
            format!("its certificate is not for {host}; connect by a name that it is for")
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => another_name(expected, presented),
        CertificateError::UnknownIssuer => format!("its certificate is of an authority that is not trusted; {TRUST}"),
        CertificateError::Other(other) if other.0.is::<SelfSigned>() => {
            format!("its certificate is self-signed and not trusted itself; {TRUST}")
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not meant for servers (extended key usage); issue one with serverAuth".to_owned()
        }
        CertificateError::Revoked => {
            "its certificate was revoked by its authority; give the server a new one".to_owned()
        }
        CertificateError::UnknownRevocationStatus => format!(
            "whether its certificate was revoked is unknown: there is no revocation list of the authority that issued it; {LIST}"
        ),
        CertificateError::ExpiredRevocationList => {
            format!("the revocation list of its authority is out of date; {LIST}")
        }
        CertificateError::ExpiredRevocationListContext { time, next_update } => {
            let since = span(*time, *next_update);
            format!("the revocation list of its authority is out of date since {since}; {LIST}")
        }
        CertificateError::BadSignature => BAD_SIGNATURE.to_owned(),
        why => format!("its certificate is not valid: {why}"),
    }
}

fn revocation_list(why: &CertRevocationListError) -> String {
    match why {
        CertRevocationListError::BadSignature => format!(
            "the revocation list in the name of its authority is not signed by that one; {LIST}"
        ),
        CertRevocationListError::IssuerInvalidForCrl => {
            "its authority may not sign revocation lists (key usage), and there is one in its name"
                .to_owned()
        }
        why => format!("the revocation list of its authority cannot be used: {why:?}"),
    }
}

fn another_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let what = match expected {
        ServerName::IpAddress(_) => "the address ",
        _ => "",
    };
    let name = expected.to_str();
    // A certificate may hold thousands of names, with whatever in them.
    let mut names: Vec<String> = presented
        .iter()
        .take(SHOWN_NAMES)
        .map(|name| shown(name))
        .collect();
    if presented.len() > SHOWN_NAMES {
        names.push("…".to_owned());
    }
    if names.is_empty() {
        return format!(
            "its certificate is for no name at all, so not for {what}{name}; issue one with a subjectAltName"
        );
    }
    format!(
        "its certificate is not for {what}{name} but for {}; connect by a name that it is for",
        names.join(", ")
    )
}

/// `zk1` of `DnsName("zk1")`, without what a terminal would obey.
fn shown(name: &str) -> String {
    let inner = name
        .strip_prefix("DnsName(\"")
        .and_then(|rest| rest.strip_suffix("\")"))
        .or_else(|| {
            name.strip_prefix("IpAddress(")
                .and_then(|rest| rest.strip_suffix(')'))
        })
        .unwrap_or(name);
    inner.escape_debug().take(SHOWN_CHARS).collect()
}

fn refusal(alert: AlertDescription, shows: bool) -> String {
    match alert {
        AlertDescription::ProtocolVersion => OLD.to_owned(),
        AlertDescription::CertificateRequired => WANTED.to_owned(),
        AlertDescription::BadCertificate | AlertDescription::HandshakeFailure if !shows => {
            format!(
                "{WANTED}, perhaps (it refused the TLS handshake: {})",
                words(alert)
            )
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
            if shows =>
        {
            format!(
                "refused the client's certificate ({}); is its authority in the server's trust store (ssl.trustStore)?",
                words(alert)
            )
        }
        alert => format!("refused the TLS handshake ({})", words(alert)),
    }
}

/// `bad certificate` of `BadCertificate`, `unknown CA` of `UnknownCA`.
fn words(alert: AlertDescription) -> String {
    let name = format!("{alert:?}");
    let mut text = String::new();
    let mut before = 'A';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            text.push(' ');
        }
        text.push(letter);
        before = letter;
    }
    text.split(' ')
        .map(|word| match word {
            "CA" => "CA".to_owned(),
            word => word.to_lowercase(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// The time from `earlier` to `later`, in its largest unit.
fn span(later: UnixTime, earlier: UnixTime) -> String {
    let seconds = later.as_secs().saturating_sub(earlier.as_secs());
    let (count, unit) = match Duration::from_secs(seconds).as_secs() {
        seconds @ 0..120 => (seconds, "s"),
        seconds @ 120..7_200 => (seconds / 60, "min"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "h"),
        seconds => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

const PLAIN: &str =
    "it may be a port for plain text (clientPort, where secureClientPort is wanted)";

const TRUST: &str = "trust the authority that issued it (.ca_file(), zkctl --tls-ca)";

const LIST: &str = "fetch the current one (.crl_file(), zkctl --tls-crl)";

const OLD: &str = "speaks only versions of TLS before 1.2, which are not safe";

const WANTED: &str = "wants a client certificate (ssl.clientAuth); show one (.client_certificate_files(), zkctl --tls-cert and --tls-key)";

const BAD_SIGNATURE: &str = "its certificate is not signed by the trusted authority of that name: somebody forged it, or the authority has another key now";

const SHOWN_NAMES: usize = 8;

const SHOWN_CHARS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_told_in_words() {
        assert_eq!(words(AlertDescription::BadCertificate), "bad certificate");
        assert_eq!(words(AlertDescription::UnknownCA), "unknown CA");
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        assert_eq!(span(at(60), at(0)), "60 s");
        assert_eq!(span(at(3_600), at(0)), "60 min");
        assert_eq!(span(at(86_400), at(0)), "24 h");
        assert_eq!(span(at(5 * 86_400), at(0)), "5 days");
        assert_eq!(span(at(0), at(60)), "0 s");
    }

    #[test]
    fn names_of_certificates_are_cut_and_escaped() {
        assert_eq!(shown("DnsName(\"zk1\")"), "zk1");
        assert_eq!(shown("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(shown(&"x".repeat(500)).len(), SHOWN_CHARS);
    }
}
