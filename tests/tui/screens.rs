//! What the main states look like, at both sizes.

use flightdeck::words::Verdict;

use super::bench::Bench;

#[test]
fn look() {
    let mut b = Bench::new(120, 36);
    println!("{}", b.text());
    b = Bench::flying(120, 36);
    println!("{}", b.text());
    b.presses(&["\r", "\r"]);
    println!("{}", b.text());
    b.host.look("idp", Verdict::Bad, 0.0, "503");
    b.settle();
    b.resize(80, 24);
    println!("{}", b.text());
}
