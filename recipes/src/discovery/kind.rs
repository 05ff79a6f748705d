//! How long an instance stays registered.

/// How long an instance stays registered: what Curator calls its service type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum InstanceKind {
    /// As long as somebody keeps it; an ephemeral node named after its id.
    #[default]
    Dynamic,
    /// Until somebody unregisters it; cleaners may remove old ones.
    Static,
    /// Until somebody unregisters it.
    Permanent,
    /// As long as somebody keeps it; an ephemeral node named after its id and ten digits more, so that registrations of one
    /// id do not wait for each other.
    DynamicSequential,
}

impl InstanceKind {
    const ALL: [Self; 4] = [
        Self::Dynamic,
        Self::Static,
        Self::Permanent,
        Self::DynamicSequential,
    ];

    /// The name that is written, which is Curator's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dynamic => "DYNAMIC",
            Self::Static => "STATIC",
            Self::Permanent => "PERMANENT",
            Self::DynamicSequential => "DYNAMIC_SEQUENTIAL",
        }
    }

    /// Whether its registration outlives whoever made it.
    #[must_use]
    pub fn lasts(self) -> bool {
        matches!(self, Self::Static | Self::Permanent)
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
