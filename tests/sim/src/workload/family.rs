//! What all recipes' workloads have in common.

use async_trait::async_trait;

use super::Application;

/// What a process does with one recipe. It lives as long as the process has its client.
#[async_trait]
pub(super) trait Family: Send + Sync {
    /// One use.
    async fn work(&mut self, app: &mut Application);

    /// After everything was healed, what the process asks for it gets.
    ///
    /// # Errors
    ///
    /// What it did not get.
    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String>;
}
