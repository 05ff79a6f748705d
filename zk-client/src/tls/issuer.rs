//! Whether a certificate names itself as its issuer. Only for the text of an error: trust is rustls's business.

/// False also for what is no certificate.
pub(super) fn is_self_issued(certificate: &[u8]) -> bool {
    names(certificate).is_some_and(|(issuer, subject)| issuer == subject)
}

/// The two names: SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, … }, … }.
fn names(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut fields, _) = element(outer)?;
    let (tag, _, rest) = element(fields)?;
    if tag == EXPLICIT_VERSION {
        fields = rest;
    }
    let (_, _, after_serial) = element(fields)?;
    let (_, _, after_algorithm) = element(after_serial)?;
    let (_, issuer, after_issuer) = element(after_algorithm)?;
    let (_, _, after_validity) = element(after_issuer)?;
    let (_, subject, _) = element(after_validity)?;
    Some((issuer, subject))
}

/// Tag, content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        let len = digits
            .iter()
            .fold(0, |len, digit| (len << 8) | usize::from(*digit));
        (len, rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

const EXPLICIT_VERSION: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut der = vec![tag, 0x81, u8::try_from(content.len()).unwrap()];
        der.extend_from_slice(content);
        der
    }

    fn certificate(version: bool, issuer: &[u8], subject: &[u8]) -> Vec<u8> {
        let mut fields = Vec::new();
        if version {
            fields.extend(tlv(EXPLICIT_VERSION, &[2, 1, 2]));
        }
        for field in [&b"\x07"[..], b"algorithm", issuer, b"validity", subject] {
            fields.extend(tlv(0x30, field));
        }
        tlv(0x30, &tlv(0x30, &fields))
    }

    #[test]
    fn equal_names_are_found_with_and_without_a_version() {
        for version in [true, false] {
            assert!(is_self_issued(&certificate(version, b"ca", b"ca")));
            assert!(!is_self_issued(&certificate(version, b"ca", b"zk1")));
        }
    }

    #[test]
    fn whatever_is_cut_or_hostile_is_no_certificate() {
        let whole = certificate(true, b"ca", b"ca");
        for end in 0..whole.len() {
            assert!(!is_self_issued(&whole[..end]), "{end}");
        }
        assert!(!is_self_issued(&[0x30, 0xff, 1, 2, 3]));
        assert!(!is_self_issued(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]));
    }
}
