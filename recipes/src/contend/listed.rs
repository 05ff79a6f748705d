//! Reading who stands in a directory.

use zk_client::{Error, ErrorKind};

/// One that is not there has nobody in it: whoever stood there went with his session, and the directory after him.
pub(crate) fn listed(list: Result<Vec<String>, Error>) -> Result<Vec<String>, Error> {
    match list {
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(Vec::new()),
        list => list,
    }
}
