//! The example that runs the whole loop, and what it says when the two sides differ.

use std::process::{Command, Output};

use segue_tests::binaries;

async fn run(options: &[&str]) -> (Output, String) {
    let mut command = Command::new(binaries::of_this_profile().full_loop());
    // The proxy beside it was just built: without cargo it takes that one.
    command.env("PATH", "/usr/bin:/bin");
    command.args(["--seconds", "2"]).args(options);
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.expect("the example does not panic");
    let output = output.expect("the example can be run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_well_when_proxy_and_shop_agree() {
    let (output, said) = run(&[]).await;
    assert!(said.contains("Proxy and shop agree on"), "{output:?}");
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_who_only_the_shop_has_and_fails() {
    let (output, said) = run(&["--stranger", "--patience", "2"]).await;
    assert!(said.contains("only the shop has 1: stranger"), "{output:?}");
    assert!(said.contains("Proxy and shop disagree."), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}
