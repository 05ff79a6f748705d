//! A local picture of a service's instances.

mod builder;
mod change;
mod changes;
mod down;
mod loading;
mod service_view;
mod shown;

pub use builder::ServiceViewBuilder;
pub use change::ServiceChange;
pub use changes::ServiceChanges;
pub use loading::ServiceLoading;
pub use service_view::ServiceView;
pub use shown::Instances;
