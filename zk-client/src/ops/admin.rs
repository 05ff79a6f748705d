//! What operators and tools ask for: who the client is, who the ensemble is, and who may fill it how far.

mod config;
mod ensemble_config;
mod quota;
mod quota_limits;
mod quota_place;
mod reconfig;
mod whoami;

pub use config::{Config, ConfigWatched};
pub use ensemble_config::{EnsembleConfig, Member, Role};
pub use quota::{DeleteQuota, GetQuota, ListQuotas, SetQuota};
pub use quota_limits::{Quota, QuotaLimits, QuotaUsage};
pub use reconfig::Reconfig;
pub use whoami::WhoAmI;
