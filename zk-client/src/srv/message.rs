//! Questions and answers as DNS messages.

use std::io;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};

use crate::transport::ServerAddr;

/// What a name server knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// These servers; none if the name exists and is no service.
    Servers(Vec<ServerAddr>),
    NoSuchName,
}

/// The question for the servers of a service.
pub(super) fn query(id: u16, name: &str) -> io::Result<Vec<u8>> {
    let wrong = |_| {
        let text = format!("{name:?} is no name that DNS can know");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    };
    let qname = Name::new(name).map_err(wrong)?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let question = Question::new(qname, TYPE::SRV.into(), CLASS::IN.into(), false);
    packet.questions.push(question);
    packet.build_bytes_vec().map_err(wrong)
}

/// Reads the answer to a question. `None` if it was cut short. `InvalidData` if it is no answer to that question.
///
/// All servers are taken, whatever their priority and weight: each of an ensemble is as good as the others.
pub(super) fn read(id: u16, name: &str, message: &[u8]) -> io::Result<Option<Answer>> {
    let strange = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let packet = Packet::parse(message).map_err(|_| strange("the answer is malformed"))?;
    let asked = packet.questions.first();
    let same = asked.is_some_and(|asked| asked.qname.to_string().eq_ignore_ascii_case(name));
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !same {
        return Err(strange("the answer is to another question"));
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Some(Answer::NoSuchName)),
        code => return Err(io::Error::other(format!("it refused: {code:?}"))),
    }
    let servers = packet
        .answers
        .iter()
        .filter_map(|record| match &record.rdata {
            RData::SRV(srv) => {
                let host = srv.target.to_string();
                // An empty target says that there is no such service.
                (!host.is_empty() && srv.port > 0).then(|| ServerAddr::new(host, srv.port))
            }
            _ => None,
        });
    Ok(Some(Answer::Servers(servers.collect())))
}
