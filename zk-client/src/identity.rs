//! Who the client says it is, without its secrets, and what a server's refusal of it means.

use zk_session::{AuthFailure, Credential, SessionConfig};

use crate::error::or_nobody;

/// Names of identities, for texts.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    credentials: String,
    sasl: Option<String>,
    certificate: bool,
}

/// Why authentication failed, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) text: String,
    pub(crate) hint: String,
}

impl Identity {
    pub(crate) fn new(config: &SessionConfig, certificate: bool) -> Self {
        let names: Vec<String> = config.auth.iter().map(name).collect();
        Self {
            credentials: names.join(", "),
            sasl: config.sasl.as_ref().map(|it| it.user().to_owned()),
            certificate,
        }
    }

    /// All of them.
    pub(crate) fn names(&self) -> String {
        let sasl = self.sasl.as_ref().map(|user| format!("sasl:{user}"));
        let credentials = Some(self.credentials.clone()).filter(|names| !names.is_empty());
        let certificate = self.certificate.then(|| "its TLS certificate".to_owned());
        let names: Vec<String> = [credentials, sasl, certificate]
            .into_iter()
            .flatten()
            .collect();
        or_nobody(&names.join(", ")).to_owned()
    }

    /// What a server meant that ended the session.
    pub(crate) fn refusal(&self, why: Option<AuthFailure>, server: Option<&str>) -> Refusal {
        let server = server.unwrap_or("a server");
        let user = self.sasl.as_deref().unwrap_or("nobody");
        let (text, hint) = match why {
            Some(AuthFailure::Sasl) => (
                format!("{server} refused SASL DIGEST-MD5 for user {user}"),
                "check the password, and the section Server of the servers' JAAS file; the identity of digest ACLs is \
                 another setting (.auth(), zkctl --auth digest:USER:PASSWORD)",
            ),
            Some(AuthFailure::NoSasl) => (
                format!("{server} does not speak SASL, and user {user} is to be proven by it"),
                "set it up on every server (authProvider.sasl and a JAAS file), or leave .sasl() (zkctl --sasl) out",
            ),
            Some(AuthFailure::Unsupported(what)) => (
                format!("{server} wants {what} for SASL, which this client does not do"),
                "it does DIGEST-MD5 with qop=auth alone; encrypt connections by TLS",
            ),
            Some(AuthFailure::Unproven) => (
                format!("{server} did not prove that it knows the SASL password of user {user}"),
                "it may be an impostor, or let in clients whose SASL failed (allowSaslFailedClients) after a wrong \
                 password",
            ),
            Some(AuthFailure::Required) => (
                format!(
                    "{server} serves only clients that authenticate by SASL, as this one did not"
                ),
                "name a user with .sasl() (zkctl --sasl USER:PASSWORD)",
            ),
            _ => (
                format!(
                    "{server} refused the credentials of {}",
                    or_nobody(&self.credentials)
                ),
                "check the scheme; for digest the form is user:password",
            ),
        };
        let hint = hint.to_owned();
        Refusal { text, hint }
    }
}

fn name(credential: &Credential) -> String {
    let mut parts = credential.auth().split(|byte| *byte == b':');
    let user = parts.next().unwrap_or_default();
    match credential.scheme() {
        "digest" => format!("digest:{}", String::from_utf8_lossy(user)),
        scheme => scheme.to_owned(),
    }
}
