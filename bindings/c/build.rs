//! Gives the shared library its soname.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let on = |name: &str| std::env::var(name).unwrap_or_default();
    if on("CARGO_CFG_TARGET_OS") == "linux" {
        // Before 1.0 each minor version may break its users.
        let (major, minor) = (on("CARGO_PKG_VERSION_MAJOR"), on("CARGO_PKG_VERSION_MINOR"));
        let number = if major == "0" {
            format!("0.{minor}")
        } else {
            major
        };
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libzk_recipes.so.{number}");
        // The threads of the library outlive a dlclose.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
