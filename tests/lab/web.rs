//! What runs in the lab's containers: one static program without libraries.
//!
//! `serve` stays · `say LINE…` writes the lines and stays · `exit N` ends with N · `health` is the health check: it fails with the text of LAB_HEALTH.

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |n: usize| words.get(n).map(String::as_str).unwrap_or_default();
    match word(0) {
        "serve" => loop {
            std::thread::park();
        },
        "say" => {
            words[1..].iter().for_each(|line| println!("{line}"));
            loop {
                std::thread::park();
            }
        }
        "exit" => std::process::exit(word(1).parse().unwrap_or(2)),
        "health" => {
            if let Ok(text) = std::env::var("LAB_HEALTH") {
                println!("{text}");
                std::process::exit(1);
            }
        }
        other => {
            eprintln!("web: what is `{other}`?");
            std::process::exit(2);
        }
    }
}
